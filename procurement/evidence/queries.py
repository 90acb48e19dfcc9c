"""What may be seen of evidence."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.actors import Actor
from accounts.permissions import Act
from procurement.evidence.models import Evidence
from procurement.orders import queries as orders


def visible_to(actor: Actor) -> QuerySet[Evidence]:
    """Who reviews sees all of it; each side sees what it filed itself, not the other's papers."""
    rows = Evidence.objects.select_related("order", "line__chip", "filer_person", "filer_team", "decider_person")
    if actor.may(Act.SEE_REVIEW):
        return rows
    return rows.filter(filer_team=actor.team, order__in=orders.visible_to(actor))


def on_visible_orders(actor: Actor) -> QuerySet[Evidence]:
    """Every piece on an order that one may see, for acts, which decide for themselves who may do them."""
    return Evidence.objects.select_related("order").filter(order__in=orders.visible_to(actor))
