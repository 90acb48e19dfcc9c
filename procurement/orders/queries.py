"""What may be seen of demands and orders, with everything a page needs of them."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.db.models import Count, F, IntegerField, OuterRef, Prefetch, QuerySet, Subquery, Sum

from accounts.actors import Actor
from accounts.permissions import Act
from procurement.licences.models import Licence, LicenceLine
from procurement.orders.models import DemandAssessment, Order, OrderLine, ReceiptItem
from procurement.orders.states import OrderState
from procurement.review.models import Case
from procurement.review.states import CaseKind, CaseState

CLOSED_CASES: Final = (CaseState.CLOSED, CaseState.WITHDRAWN)


def visible_to(actor: Actor) -> QuerySet[Order]:
    """Applicants see their team's orders, staff all that were handed in, the liaison those that may ship."""
    if actor.may(Act.SEE_ALL_WORK):
        return Order.objects.exclude(state=OrderState.DRAFT)
    if actor.may(Act.SEE_LICENCES):
        return Order.objects.filter(state__in=[OrderState.APPROVED, OrderState.RECEIVED])
    return Order.objects.filter(team=actor.team)


def demands_visible_to(actor: Actor) -> QuerySet[DemandAssessment]:
    """Applicants see their team's demands, staff all of them."""
    demands = DemandAssessment.objects.select_related("chip", "team__organisation")
    return demands if actor.may(Act.SEE_ALL_WORK) else demands.filter(team=actor.team)


def listed(actor: Actor) -> QuerySet[Order]:
    """Orders for a list, with lines, units received and the open case; what is due first comes first."""
    received = ReceiptItem.objects.filter(receipt__order=OuterRef("pk")).order_by()
    review = Case.objects.filter(order=OuterRef("pk"), kind=CaseKind.ORDER).exclude(state__in=CLOSED_CASES)
    return (
        visible_to(actor)
        .select_related("team__organisation", "site", "demand")
        .prefetch_related("lines__chip")
        .annotate(
            due_at=Subquery(review.values("due_at")[:1]),
            units=Subquery(_sum_of_lines(), output_field=IntegerField()),
            received=Subquery(received.values("receipt__order").annotate(n=Count("pk")).values("n")),
        )
        .order_by(F("due_at").asc(nulls_last=True), "-created_at", "pk")
    )


def detailed(actor: Actor) -> QuerySet[Order]:
    """One order with everything its page shows."""
    items = ReceiptItem.objects.select_related("chip", "exporter_line__licence", "importer_line__licence")
    return (
        visible_to(actor)
        .select_related("team__organisation", "site__operator", "demand__chip", "applicant__person")
        .prefetch_related(
            "lines__chip",
            "lines__releases__holds",
            "parties__party",
            "determinations",
            Prefetch("receipts__items", queryset=items),
            Prefetch("licences", queryset=Licence.objects.order_by("side", "recorded_at")),
            Prefetch("licences__lines", queryset=LicenceLine.objects.select_related("chip", "site")),
        )
    )


def _sum_of_lines() -> QuerySet[OrderLine, Any]:
    lines = OrderLine.objects.filter(order=OuterRef("pk")).order_by().values("order")
    return lines.annotate(total=Sum("quantity")).values("total")


def open_cases_of(order: Order) -> QuerySet[Case]:
    """The order's own review where it is not closed; incidents and filings on the order are none of it."""
    return Case.objects.filter(order=order, kind=CaseKind.ORDER).exclude(state__in=CLOSED_CASES).order_by("pk")


def lock(order_id: uuid.UUID) -> Order:
    """An order with whom it concerns, locked until the transaction ends."""
    rows = Order.objects.select_for_update(of=("self",)).select_related(
        "demand", "site__operator", "team", "applicant__person", "applicant__team"
    )
    return rows.get(pk=order_id)


def lock_own(order_id: uuid.UUID, actor: Actor) -> Order:
    """The team's own order, locked; another team's does not exist for this actor."""
    actor.require(Act.PLACE_ORDER)
    locked = lock(order_id)
    if locked.team_id != actor.team.pk:
        raise Order.DoesNotExist
    return locked
