"""What is wrong with the screening lists, for those who see to it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from accounts.actors import Actor
from accounts.permissions import Act
from allocation.chain.pages import page
from allocation.today.shown import Row, Section
from procurement.screening.health import list_alerts

SHOWN = 8


def lists_to_see_to(actor: Actor) -> Section:
    """Lists that were refused, could not be had, or are too old to rely on."""
    alerts = list_alerts() if actor.may(Act.LOAD_LIST) else []
    rows = tuple(
        Row(each.words, page("screening:lists"), each.source_code, at=each.delivery.came_at if each.delivery else None)
        for each in alerts[:SHOWN]
    )
    title = gettext_lazy("Screening lists to see to")
    return Section("lists", title, "list-check", len(alerts), rows, page("screening:lists"), tone="bad")
