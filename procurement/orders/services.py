"""Every act on demands and orders: state, draft, hand in, decide, stop, withdraw. Shipments are in ``shipments``."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.documents import Upload, store_document
from ledger.errors import ComplianceRefusal, InvalidInput
from ledger.models import Attachment
from ledger.services import next_reference, record
from ledger.transitions import advance
from procurement.catalog.models import ChipModel
from procurement.determinations import services as determinations
from procurement.orders import blockers
from procurement.orders.models import DemandAssessment, EndUse, Order, OrderLine, OrderParty, PartyRole
from procurement.orders.queries import demands_visible_to, open_cases_of
from procurement.orders.shipments import record_receipt, release_shipment
from procurement.orders.states import EDGES, OrderAction, OrderState
from procurement.parties.models import Party, ScreeningState, Site
from procurement.parties.queries import parties_visible_to, sites_visible_to
from procurement.regimes.geography import countries
from procurement.review import services as review
from procurement.review.models import Decision
from procurement.review.states import CaseKind, Outcome
from procurement.screening import services as screening
from procurement.screening.subjects import orders_reaching, parties_of_order

__all__ = [
    "Demand",
    "Line",
    "Named",
    "OrderFacts",
    "apply_order_decision",
    "approval_blockers",
    "attach_document",
    "create_order",
    "record_receipt",
    "release_shipment",
    "resume_order",
    "state_demand",
    "stop_order",
    "stop_orders_naming",
    "submit_order",
    "update_order",
    "withdraw_order",
]
QUANTITY_LIMIT: Final = 100_000
TEXT_LIMIT: Final = 4_000
COUNTED = (OrderState.IN_REVIEW, OrderState.APPROVED)


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
        locked = _own(order.pk, actor)
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


def attach_document(*, actor: Actor, order: Order, upload: Upload, title: str) -> Attachment:
    """Add a document to an order that is not yet decided."""
    with transaction.atomic():
        locked = _own(order.pk, actor)
        if locked.state not in (OrderState.DRAFT, OrderState.IN_REVIEW):
            raise ComplianceRefusal(f"{locked.reference} is {locked.state}; it takes no further documents.")
        return store_document(actor=actor, subject=locked, upload=upload, title=title)


def submit_order(*, actor: Actor, order: Order) -> Order:
    """Hand a draft in: it is determined under both regimes, its parties are screened, and a case is opened.

    Raises:
        ComplianceRefusal: with everything that is missing.
    """
    with transaction.atomic():
        locked = _own(order.pk, actor)
        state = advance(EDGES, locked.state, OrderAction.SUBMIT)
        missing = blockers.submission_blockers(locked)
        if missing:
            raise ComplianceRefusal(
                f"{locked.reference} cannot be handed in yet.", blockers=tuple(each.text for each in missing)
            )
        locked.state = state
        locked.submitted_at = timezone.now()
        locked.save(update_fields=["state", "submitted_at"])
        record("order.submitted", locked, actor=actor, facts=_ledger_facts(locked))
        screening.screen_order(actor=actor, order=locked)
        determinations.determine_order(actor=actor, order=locked)
        review.open_case(actor=actor, matter=_matter(locked), applicant=locked.applicant)
        _stop_if_matched(locked)
    return locked


def _stop_if_matched(order: Order) -> None:
    """An order with a party matched before is stopped as it comes in; nobody has to match it again."""
    if parties_of_order(order).filter(screening_state=ScreeningState.MATCHED).exists():
        order.state = advance(EDGES, order.state, OrderAction.STOP)
        order.save(update_fields=["state"])
        record("order.stopped", order, facts={"reason": "A party of the order is a confirmed match on a list."})


def withdraw_order(*, actor: Actor, order: Order, reason: str = "") -> Order:
    """Take an order back before it is decided; its case is closed with it."""
    with transaction.atomic():
        # The case before the order, as everywhere: a countersignature locks in the same sequence.
        cases = list(open_cases_of(order).select_for_update(of=("self",)))
        locked = _own(order.pk, actor)
        locked.state = advance(EDGES, locked.state, OrderAction.WITHDRAW)
        locked.save(update_fields=["state"])
        record("order.withdrawn", locked, actor=actor, facts={"reason": reason.strip()[:TEXT_LIMIT]})
        for case in cases:
            review.withdraw_case(actor=actor, case=case, reason=reason)
    return locked


def stop_order(*, actor: Actor, order: Order, reason: str) -> Order:
    """Stop an order because of a confirmed match; it can be declined, withdrawn, or go on after a release.

    Raises:
        InvalidInput: no reason.
    """
    with transaction.atomic():
        actor.require(Act.DECIDE_HIT)
        locked = _locked(order.pk)
        if not reason.strip():
            raise InvalidInput("Say why the order is stopped.", field="reason")
        locked.state = advance(EDGES, locked.state, OrderAction.STOP)
        locked.save(update_fields=["state"])
        record("order.stopped", locked, actor=actor, facts={"reason": reason.strip()})
    return locked


def stop_orders_naming(*, actor: Actor, party: Party, reason: str) -> list[Order]:
    """Stop every order in review or approved that a matched party was screened for, as an owner too."""
    orders = orders_reaching(party).filter(state__in=COUNTED).order_by("pk")
    with transaction.atomic():
        return [stop_order(actor=actor, order=order, reason=reason) for order in orders]


def resume_order(*, actor: Actor, order: Order, reason: str) -> Order:
    """Put a stopped order back into review once no party of it is matched.

    Raises:
        ComplianceRefusal: a party is still matched.
    """
    with transaction.atomic():
        actor.require(Act.DECIDE_HIT)
        locked = _locked(order.pk)
        matched = parties_of_order(locked).filter(screening_state=ScreeningState.MATCHED)
        names = [f"{party.name} is matched to a list entry." for party in matched]
        if names:
            raise ComplianceRefusal(f"{locked.reference} stays stopped.", blockers=tuple(names))
        locked.state = advance(EDGES, locked.state, OrderAction.RESUME)
        locked.save(update_fields=["state"])
        record("order.resumed", locked, actor=actor, facts={"reason": reason.strip()})
        if not open_cases_of(locked).exists():
            review.open_case(actor=actor, matter=_matter(locked), applicant=locked.applicant)
    return locked


def apply_order_decision(*, actor: Actor, order: Order, decision: Decision) -> None:
    """Carry out a countersigned decision; called by review in its transaction.

    Raises:
        ComplianceRefusal: an approval while a lane, a party or a stop forbids it.
    """
    with transaction.atomic():
        locked = _locked(order.pk)
        approved = decision.outcome == Outcome.APPROVE
        if approved and (reasons := approval_blockers(locked)):
            raise ComplianceRefusal(f"{locked.reference} cannot be approved now.", blockers=tuple(reasons))
        action = OrderAction.APPROVE if approved else OrderAction.DECLINE
        locked.state = advance(EDGES, locked.state, action)
        locked.save(update_fields=["state"])
        verb = "approved" if approved else "declined"
        record(f"order.{verb}", locked, actor=actor, facts={"decision": str(decision.pk)})


def approval_blockers(order: Order) -> list[str]:
    """Everything that stands in the way of an approval now, in words."""
    return [each.text for each in blockers.review_blockers(order)]


def _locked(order_id: uuid.UUID) -> Order:
    rows = Order.objects.select_for_update(of=("self",)).select_related(
        "demand", "site__operator", "team", "applicant__person", "applicant__team"
    )
    return rows.get(pk=order_id)


def _own(order_id: uuid.UUID, actor: Actor) -> Order:
    """The team's own order, locked; another team's does not exist for this actor."""
    actor.require(Act.PLACE_ORDER)
    locked = _locked(order_id)
    if locked.team_id != actor.team.pk:
        raise Order.DoesNotExist
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


def _matter(order: Order) -> review.Matter:
    units = ", ".join(f"{line.quantity} x {line.chip.name}" for line in order.lines.select_related("chip"))
    return review.Matter(
        kind=CaseKind.ORDER,
        title=f"{units} for {order.site.name}",
        summary=order.use_case,
        order=order,
    )


def _ledger_facts(order: Order) -> dict[str, Any]:
    return {
        "demand": order.demand.reference,
        "site": str(order.site_id),
        "end_use": order.end_use,
        "lines": [{"chip": each.chip.slug, "quantity": each.quantity} for each in order.lines.select_related("chip")],
        "parties": [{"party": str(each.party_id), "role": each.role} for each in order.parties.all()],
    }
