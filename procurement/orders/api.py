"""Demands and orders over the API.

Annotations are evaluated here, not postponed: `paginate` wraps a view, and the API's framework would then look a
postponed name such as `OrderState` up in its own module.
"""

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Field, Router, Schema, Status
from ninja.pagination import LimitOffsetPagination, paginate

from accounts.api import caller
from procurement.catalog.models import ChipModel
from procurement.licences.both_sides import Allowed, allowed
from procurement.orders import drafts, queries, services
from procurement.orders.models import DemandAssessment, EndUse, Order, PartyRole
from procurement.orders.states import OrderState
from procurement.parties.queries import parties_visible_to, sites_visible_to

router = Router()


class LineIn(Schema):
    """Units of one chip model."""

    chip: str = Field(max_length=60, description="slug of a chip model, such as h200-sxm")
    quantity: int = Field(ge=1, le=100_000)
    unit_price: Decimal | None = Field(default=None, ge=0, max_digits=14, decimal_places=2)
    currency: str = Field(default="", pattern="^([A-Z]{3})?$")


class PartyIn(Schema):
    """A registered party in one role."""

    party: uuid.UUID
    role: PartyRole


class DemandIn(Schema):
    """What is needed over a period, and for what."""

    chip: str = Field(max_length=60)
    quantity: int = Field(ge=1, le=100_000)
    needed_from: date
    needed_until: date
    purpose: str = Field(min_length=1, max_length=4000)


class OrderIn(Schema):
    """An order of accelerators for a named site."""

    demand: DemandIn
    site: uuid.UUID
    end_use: EndUse
    use_case: str = Field(max_length=4000)
    domestic_alternatives: str = Field(default="", max_length=4000)
    ship_from_country: str = Field(default="US", pattern="^[A-Z]{2}$")
    via_country: str = Field(default="", pattern="^([A-Z]{2})?$")
    is_server: bool = False
    has_encryption: bool | None = None
    lines: list[LineIn] = Field(min_length=1, max_length=20)
    parties: list[PartyIn] = Field(max_length=50)


class LineOut(Schema):
    """Units of one chip model."""

    chip: str
    quantity: int

    @staticmethod
    def resolve_chip(line: Any) -> str:
        """The slug."""
        return str(line.chip.slug)


class OrderOut(Schema):
    """An order as its team sees it."""

    id: uuid.UUID
    reference: str
    state: str
    end_use: str
    submitted_at: datetime | None
    lines: list[LineOut]
    url: str

    @staticmethod
    def resolve_url(order: Order) -> str:
        """Its page."""
        return f"/orders/{order.pk}/"

    @staticmethod
    def resolve_lines(order: Order) -> list[Any]:
        """The lines."""
        return list(order.lines.select_related("chip"))


@router.get("", response=list[OrderOut])
@paginate(LimitOffsetPagination)
def list_orders(request: HttpRequest, state: OrderState | None = None) -> QuerySet[Order]:
    """The orders that one may see, newest first."""
    orders = queries.visible_to(caller(request)).order_by("-created_at")
    return orders.filter(state=state) if state else orders


@router.get("/{order_id}", response=OrderOut)
def get_order(request: HttpRequest, order_id: uuid.UUID) -> Order:
    """One order."""
    return get_object_or_404(queries.visible_to(caller(request)), pk=order_id)


@router.post("", response={201: OrderOut})
def create_order(request: HttpRequest, said: OrderIn) -> Status[Order]:
    """State the demand and save a draft order: both or neither."""
    actor = caller(request)
    with transaction.atomic():
        demand = drafts.state_demand(actor=actor, demand=_demand(said.demand))
        order = drafts.create_order(actor=actor, facts=_facts(request, said, demand))
    return Status(201, order)


class AllowedOut(Schema):
    """What both sides allow of one order line today; see `procurement.licences.both_sides`."""

    chip: str
    ordered: int
    to_ship: int
    held: int
    received: int
    in_use: int
    end_uses: list[str]
    sites: list[str]
    end_users: list[str]
    ship_until: date | None
    use_until: date | None
    scarce: list[str]
    reasons: list[str]


@router.get("/{order_id}/both-sides", response=list[AllowedOut])
def both_sides(request: HttpRequest, order_id: uuid.UUID) -> list[Allowed]:
    """What the live licences of all authorities allow together, line by line."""
    order = get_object_or_404(queries.visible_to(caller(request)).select_related("site"), pk=order_id)
    return allowed(order, timezone.now().date())


@router.post("/{order_id}/submit", response=OrderOut)
def submit_order(request: HttpRequest, order_id: uuid.UUID) -> Order:
    """Hand a draft in."""
    actor = caller(request)
    order = get_object_or_404(queries.visible_to(actor), pk=order_id)
    return services.submit_order(actor=actor, order=order)


@router.post("/{order_id}/withdraw", response=OrderOut)
def withdraw_order(request: HttpRequest, order_id: uuid.UUID) -> Order:
    """Take an order back."""
    actor = caller(request)
    order = get_object_or_404(queries.visible_to(actor), pk=order_id)
    return services.withdraw_order(actor=actor, order=order)


def _demand(said: DemandIn) -> drafts.Demand:
    chip = get_object_or_404(ChipModel, slug=said.chip)
    return drafts.Demand(
        chip=chip,
        quantity=said.quantity,
        needed_from=said.needed_from,
        needed_until=said.needed_until,
        purpose=said.purpose,
    )


def _facts(request: HttpRequest, said: OrderIn, demand: DemandAssessment) -> drafts.OrderFacts:
    actor = caller(request)
    parties = parties_visible_to(actor)
    plain = said.dict(exclude={"demand", "site", "lines", "parties"})
    return drafts.OrderFacts(
        demand=demand,
        site=get_object_or_404(sites_visible_to(actor), pk=said.site),
        lines=[_line(line) for line in said.lines],
        parties=[
            drafts.Named(party=get_object_or_404(parties, pk=named.party), role=named.role) for named in said.parties
        ],
        **plain,
    )


def _line(said: LineIn) -> drafts.Line:
    chip = get_object_or_404(ChipModel, slug=said.chip)
    return drafts.Line(chip=chip, quantity=said.quantity, unit_price=said.unit_price, currency=said.currency)
