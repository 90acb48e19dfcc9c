"""What Writ itself has on record of an order's customer and its site: the facts that the computed red flags look at."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import Q, Sum

from procurement.catalog.models import ChipModel
from procurement.catalog.queries import computed
from procurement.determinations.rules import present
from procurement.filings.models import RemoteUser
from procurement.filings.states import FilingState
from procurement.licences.models import Condition, LicenceLine, Side
from procurement.licences.states import LicenceState
from procurement.orders.models import Order, OrderLine, PartyRole
from procurement.orders.states import OrderState
from procurement.parties.models import Ownership
from procurement.regimes import facts as regime

SPLIT_WINDOW: Final = timedelta(days=90)
CONTROL_PERCENT: Final = 50
LOWEST_TIER: Final = "3A090.a.2.tpp"
PLACED: Final = (OrderState.IN_REVIEW, OrderState.STOPPED, OrderState.APPROVED, OrderState.RECEIVED)
NAMED: Final = (FilingState.IN_REVIEW, FilingState.APPROVED)


def history_of(order: Order, line: OrderLine, today: date) -> regime.HistoryFacts:
    """The customer's orders in Writ: what it bought elsewhere before is not known here, and not guessed."""
    customers = end_users_and_affiliates(order, today)
    if not customers:
        return regime.HistoryFacts()
    units, cap = _under_cap(order, line, customers)
    return regime.HistoryFacts(
        first_advanced_order=_first_advanced(order, customers, today),
        units_under_cap=units,
        cap_units=cap,
        orders_in_90_days=_orders_since(order, customers, today - SPLIT_WINDOW),
        overdue=tuple(_overdue(customers, today)),
    )


def site_of(order: Order, lines: Sequence[OrderLine]) -> regime.SiteFacts:
    """Power of the site against what all chips of the order draw at most; None where a chip's power is not held.

    Simplification: chips alone, without hosts and cooling, so that the need comes out too low rather than too high.
    """
    draws = [line.chip.tdp_w for line in lines]
    watts = sum(line.quantity * (line.chip.tdp_w or 0) for line in lines)
    return regime.SiteFacts(
        power_kw=None if order.site.power_kw is None else Decimal(order.site.power_kw),
        needed_kw=None if not draws or None in draws else Decimal(watts) / 1000,
    )


def remote_users_of(order: Order) -> tuple[regime.RemoteUserFacts, ...]:
    """Everybody whom the order's filings, handed in and not declined, name as a remote user."""
    users = RemoteUser.objects.filter(filing__order=order, filing__state__in=NAMED).select_related("party")
    found = {user.party_id: user.party for user in users.order_by("party__name", "pk")}
    return tuple(regime.RemoteUserFacts(party.name, party.hq_country or None) for party in found.values())


def end_users_and_affiliates(order: Order, on: date) -> set[uuid.UUID]:
    """The order's end users, who holds half of them or more (or an unknown share), and whom those hold in turn."""
    roots = {row.party_id for row in order.parties.all() if row.role == PartyRole.END_USER}
    above = _reached(roots, on, "owned", "owner")
    return _reached(above, on, "owner", "owned")


def _reached(roots: Collection[uuid.UUID], on: date, near: str, far: str) -> set[uuid.UUID]:
    in_force = Ownership.objects.filter(
        Q(starts_on=None) | Q(starts_on__lte=on),
        Q(ends_on=None) | Q(ends_on__gt=on),
        Q(share_percent=None) | Q(share_percent__gte=CONTROL_PERCENT),
    )
    known = set(roots)
    edge = known
    while edge:
        edge = set(in_force.filter(**{f"{near}__in": edge}).values_list(far, flat=True)) - known
        known |= edge
    return known


def _orders_of(order: Order, customers: Collection[uuid.UUID]) -> Iterable[Order]:
    """Orders of the customer that were handed in and stand, this one among them whatever its state."""
    of_customers = Q(parties__party__in=customers, parties__role=PartyRole.END_USER, state__in=PLACED)
    return Order.objects.filter(of_customers | Q(pk=order.pk)).distinct().prefetch_related("lines__chip__figures")


def _first_advanced(order: Order, customers: Collection[uuid.UUID], today: date) -> date | None:
    tier = present().book("us_ear").at(today).value(LOWEST_TIER)
    if tier is None:
        return None
    days = [
        _day(each, today)
        for each in _orders_of(order, customers)
        if any(_reaches(line.chip, tier) for line in each.lines.all())
    ]
    return min(days, default=None)


def _reaches(chip: ChipModel, tier: Decimal) -> bool:
    """Whether a chip may be of 3A090: at or above the lowest TPP that the entry names.

    Simplification: density and market are left out, so that a chip counts rather than not.
    """
    tpp = computed(chip).tpp
    return tpp is not None and tpp >= tier


def _orders_since(order: Order, customers: Collection[uuid.UUID], since: date) -> int:
    return sum(1 for each in _orders_of(order, customers) if _day(each, since) >= since)


def _day(order: Order, today: date) -> date:
    return order.submitted_at.date() if order.submitted_at else today


def _under_cap(order: Order, line: OrderLine, customers: Collection[uuid.UUID]) -> tuple[int | None, int | None]:
    """The customer's units of this chip on every order, against what its live export licences grant of it in all.

    None where no export licence is live, and where this order alone draws on it: an order that meets what was granted
    for it is no sign.
    """
    lines = LicenceLine.objects.filter(
        licence__side=Side.EXPORTER, licence__state=LicenceState.ACTIVE, chip=line.chip, end_user__in=customers
    )
    granted = lines.aggregate(units=Sum("granted"))["units"]
    ordered = [
        (each.pk, sum(part.quantity for part in each.lines.all() if part.chip_id == line.chip_id))
        for each in _orders_of(order, customers)
    ]
    sharing = [pk for pk, units in ordered if units]
    if granted is None or len(sharing) < 2:
        return None, None
    return sum(units for _pk, units in ordered), int(granted)


def _overdue(customers: Collection[uuid.UUID], today: date) -> Iterable[str]:
    """Attestations of licence conditions that have run out on live licences for the customer."""
    conditions = Condition.objects.filter(
        licence__state=LicenceState.ACTIVE, licence__lines__end_user__in=customers, is_machine_checked=False,
        attested_until__lt=today,
    )  # fmt: skip
    for each in conditions.select_related("licence").distinct().order_by("licence__reference", "pk"):
        if each.licence and each.attested_until:
            kind = each.kind.replace("_", " ")
            yield f"{kind} of {each.licence.reference}, attested until {each.attested_until.isoformat()}"
