"""What a team writes before it hands an order in: the demand it states, and the draft of the order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db import transaction

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.errors import ComplianceRefusal, InvalidInput
from ledger.services import next_reference, record
from procurement.catalog.models import ChipModel
from procurement.orders.models import DemandAssessment, EndUse, Order, OrderLine, OrderParty, PartyRole
from procurement.orders.queries import demands_visible_to, lock_own
from procurement.orders.states import OrderState
from procurement.parties.models import Party, Site
from procurement.parties.queries import parties_visible_to, sites_visible_to
from procurement.regimes.geography import countries

QUANTITY_LIMIT: Final = 100_000
TEXT_LIMIT: Final = 4_000


@dataclass(frozen=True)
class Demand:
    """What a team needs over a period, and for what."""

    chip: ChipModel
    quantity: int
    needed_from: date
    needed_until: date
    purpose: str


@dataclass(frozen=True)
class Line:
    """So many units of a chip model, at a price where one is agreed."""

    chip: ChipModel
    quantity: int
    unit_price: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True)
class Named:
    """A party in a role of the order."""

    party: Party
    role: PartyRole


@dataclass(frozen=True)
class OrderFacts:
    """What an order says, as far as it is written; a draft may leave texts, lines and parties out."""

    demand: DemandAssessment
    site: Site
    end_use: EndUse
    use_case: str = ""
    domestic_alternatives: str = ""
    ship_from_country: str = "US"
    via_country: str = ""
    is_server: bool = False
    has_encryption: bool | None = None
    lines: Sequence[Line] = ()
    parties: Sequence[Named] = ()


def state_demand(*, actor: Actor, demand: Demand) -> DemandAssessment:
    """State what the team needs: the first link of every chain.

    Raises:
        InvalidInput: no quantity, no purpose, or a period that ends before it starts.
    """
    with transaction.atomic():
        actor.require(Act.STATE_DEMAND)
        _check_quantity(demand.quantity, "quantity")
        if demand.needed_until <= demand.needed_from:
            raise InvalidInput("The period ends after it starts.", field="needed_until")
        if not demand.purpose.strip():
            raise InvalidInput("Say what the devices are needed for.", field="purpose")
        _check_text(demand.purpose, "purpose")
        stated = DemandAssessment.objects.create(
            reference=next_reference("DEM"), team=actor.team, stated_by=actor.membership, **vars(demand)
        )
        facts = {"chip": demand.chip.slug, "quantity": demand.quantity, "until": str(demand.needed_until)}
        record("demand.stated", stated, actor=actor, facts=facts)
    return stated


def create_order(*, actor: Actor, facts: OrderFacts) -> Order:
    """Save a draft order; what is left out is asked for before it is handed in.

    Raises:
        InvalidInput: something that was typed does not fit, or a demand, site or party that the team does not see.
    """
    with transaction.atomic():
        actor.require(Act.PLACE_ORDER)
        _check(actor, facts)
        order = Order.objects.create(
            reference=next_reference("ORD"), team=actor.team, applicant=actor.membership, **_own_fields(facts)
        )
        _write_lines(order, facts.lines)
        _write_parties(order, facts.parties)
        record("order.drafted", order, actor=actor, facts={"demand": facts.demand.reference})
    return order


def update_order(*, actor: Actor, order: Order, changes: Mapping[str, Any]) -> Order:
    """Save what was typed into a draft: any of the fields of ``OrderFacts``, the others stay.

    Raises:
        ComplianceRefusal: it was handed in and can no longer be changed.
        InvalidInput: as for ``create_order``.
    """
    with transaction.atomic():
        locked = lock_own(order.pk, actor)
        if locked.state != OrderState.DRAFT:
            raise ComplianceRefusal(f"{locked.reference} was handed in and can no longer be changed.")
        facts = OrderFacts(**{**_present(locked), **changes})
        _check(actor, facts)
        changed = _changed(locked, facts, changes)
        own = [name for name in changed if name not in ("lines", "parties")]
        for name in own:
            setattr(locked, name, getattr(facts, name))
        if own:
            locked.save(update_fields=own)
        if "lines" in changed:
            _write_lines(locked, facts.lines)
        if "parties" in changed:
            _write_parties(locked, facts.parties)
        if changed:
            record("order.changed", locked, actor=actor, facts={"fields": changed})
    return locked


def _own_fields(facts: OrderFacts) -> dict[str, Any]:
    return {name: value for name, value in vars(facts).items() if name not in ("lines", "parties")}


def _present(order: Order) -> dict[str, Any]:
    names = [name for name in OrderFacts.__dataclass_fields__ if name not in ("lines", "parties")]
    return {name: getattr(order, name) for name in names}


def _changed(order: Order, facts: OrderFacts, names: Iterable[str]) -> list[str]:
    """Which of the fields that were sent differ from what is stored: saving the same twice is no act."""
    stored: dict[str, Any] = {
        **_present(order),
        "lines": [Line(each.chip, each.quantity, each.unit_price, each.currency) for each in order.lines.all()],
        "parties": [Named(each.party, PartyRole(each.role)) for each in order.parties.all()],
    }
    return sorted(name for name in names if _comparable(stored[name]) != _comparable(getattr(facts, name)))


def _comparable(value: Any) -> Any:
    return list(value) if isinstance(value, (list, tuple)) else value


def _check(actor: Actor, facts: OrderFacts) -> None:
    if not demands_visible_to(actor).filter(pk=facts.demand.pk).exists():
        raise InvalidInput("Choose a demand that your team stated.", field="demand")
    if not sites_visible_to(actor).filter(pk=facts.site.pk).exists():
        raise InvalidInput("Choose a site of the list, or register it first.", field="site")
    for name in ("use_case", "domestic_alternatives"):
        _check_text(getattr(facts, name), name)
    for name, code in (("ship_from_country", facts.ship_from_country), ("via_country", facts.via_country)):
        if code and code not in countries():
            raise InvalidInput(f"{code} is not a country code of ISO 3166, such as US.", field=name)
    _check_lines(facts.lines)
    _check_parties(actor, facts.parties)


def _check_lines(lines: Sequence[Line]) -> None:
    chips = [line.chip.pk for line in lines]
    if len(chips) != len(set(chips)):
        raise InvalidInput("Each chip model stands on one line: add the quantities up.", field="lines")
    for line in lines:
        _check_quantity(line.quantity, "lines")
        if line.unit_price is not None and line.unit_price < 0:
            raise InvalidInput("A price is not negative.", field="lines")
        if line.unit_price is not None and not line.currency:
            raise InvalidInput("A price needs its currency, such as USD.", field="lines")


def _check_parties(actor: Actor, parties: Sequence[Named]) -> None:
    wanted = {each.party.pk for each in parties}
    if parties_visible_to(actor).filter(pk__in=wanted).count() != len(wanted):
        raise InvalidInput("Choose parties of the list, or register them first.", field="parties")


def _check_quantity(quantity: int, field: str) -> None:
    if not 0 < quantity <= QUANTITY_LIMIT:
        raise InvalidInput(f"A quantity lies between 1 and {QUANTITY_LIMIT:,}.", field=field)


def _check_text(text: str, field: str) -> None:
    if len(text) > TEXT_LIMIT:
        words = field.replace("_", " ")
        raise InvalidInput(f"The {words} is {len(text)} characters long; the limit is {TEXT_LIMIT}.", field=field)


def _write_lines(order: Order, lines: Sequence[Line]) -> None:
    order.lines.all().delete()
    OrderLine.objects.bulk_create(OrderLine(order=order, **vars(line)) for line in lines)


def _write_parties(order: Order, parties: Sequence[Named]) -> None:
    order.parties.all().delete()
    OrderParty.objects.bulk_create(OrderParty(order=order, **vars(each)) for each in dict.fromkeys(parties))
