"""Reading filings."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet

from accounts.actors import Actor
from accounts.permissions import Act
from procurement.filings.models import Filing, RemoteUser
from procurement.orders.models import Order
from procurement.orders.states import OrderState


def visible_to(actor: Actor) -> QuerySet[Filing]:
    """Those who see all work see every filing; applicants those of their team."""
    filings = Filing.objects.select_related("order__site", "team__organisation", "chip").prefetch_related(
        Prefetch("remote_users", queryset=RemoteUser.objects.select_related("party")), "grants"
    )
    if actor.may(Act.SEE_ALL_WORK):
        return filings
    return filings.filter(team=actor.team)


def orders_to_file_on(actor: Actor) -> QuerySet[Order]:
    """The team's orders that a use case can be filed on: those handed in and not declined."""
    states = (OrderState.IN_REVIEW, OrderState.APPROVED, OrderState.RECEIVED)
    return Order.objects.filter(team=actor.team, state__in=states).order_by("-created_at")
