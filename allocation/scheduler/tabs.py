"""The pages of the schedule as tabs: those that an actor may see."""

from __future__ import annotations

from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor
from accounts.permissions import Act

_TABS: Final = (
    ("queue", _("Queue"), Act.SEE_OWN_WORK),
    ("capacity", _("Capacity"), Act.SEE_SCHEDULE),
    ("shares", _("Shares and quotas"), Act.SEE_SCHEDULE),
    ("bookings", _("Bookings"), Act.SEE_SCHEDULE),
    ("caps", _("Licence caps"), Act.SEE_SCHEDULE),
    ("what_if", _("What if"), Act.SEE_SCHEDULE),
    ("supply", _("Scarce supply"), Act.SEE_SCHEDULE),
    ("rules", _("Rules"), Act.SEE_SCHEDULE),
)


def tabs_for(actor: Actor, here: str) -> list[dict[str, Any]]:
    """The tabs, with the one where one is."""
    return [
        {"label": label, "url": reverse(f"schedule:{name}"), "is_here": name == here}
        for name, label, act in _TABS
        if actor.may(act)
    ]
