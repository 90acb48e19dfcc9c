"""Acts on an order that is written: hand in, decide, stop, withdraw. Drafts, shipments and resuming stand beside."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.documents import Upload, store_document
from ledger.errors import ComplianceRefusal, InvalidInput
from ledger.models import Attachment
from ledger.services import record
from ledger.transitions import advance
from procurement.determinations import services as determinations
from procurement.orders import blockers
from procurement.orders.models import Order
from procurement.orders.queries import lock, lock_own, open_cases_of
from procurement.orders.states import EDGES, OrderAction, OrderState
from procurement.parties.models import Party
from procurement.review import services as review
from procurement.review.models import Decision
from procurement.review.states import CaseKind, Outcome
from procurement.screening import services as screening
from procurement.screening.subjects import orders_reaching

REASON_LIMIT: Final = 4_000
COUNTED: Final = (OrderState.IN_REVIEW, OrderState.APPROVED)


def attach_document(*, actor: Actor, order: Order, upload: Upload, title: str) -> Attachment:
    """Add a document to an order that is not yet decided."""
    with transaction.atomic():
        locked = lock_own(order.pk, actor)
        if locked.state not in (OrderState.DRAFT, OrderState.IN_REVIEW):
            raise ComplianceRefusal(f"{locked.reference} is {locked.state}; it takes no further documents.")
        return store_document(actor=actor, subject=locked, upload=upload, title=title)


def submit_order(*, actor: Actor, order: Order) -> Order:
    """Hand a draft in: it is determined under each regime it concerns, its parties are screened, a case is opened.

    Whatever screening finds, or found before, it is in review: the team hears nothing of it, and a match stops it where
    the officers would approve it.

    Raises:
        ComplianceRefusal: with everything that is missing.
    """
    with transaction.atomic():
        locked = lock_own(order.pk, actor)
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
        review.open_case(actor=actor, matter=matter_of(locked), applicant=locked.applicant)
    return locked


def withdraw_order(*, actor: Actor, order: Order, reason: str = "") -> Order:
    """Take an order back before it is decided; its case is closed with it."""
    with transaction.atomic():
        # The case before the order, as everywhere: a countersignature locks in the same sequence.
        cases = list(open_cases_of(order).select_for_update(of=("self",)))
        locked = lock_own(order.pk, actor)
        locked.state = advance(EDGES, locked.state, OrderAction.WITHDRAW)
        locked.save(update_fields=["state"])
        record("order.withdrawn", locked, actor=actor, facts={"reason": reason.strip()[:REASON_LIMIT]})
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
        locked = lock(order.pk)
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


def apply_order_decision(*, actor: Actor, order: Order, decision: Decision) -> None:
    """Carry out a countersigned decision; called by review in its transaction.

    Raises:
        ComplianceRefusal: an approval while a lane, a party or a stop forbids it.
    """
    with transaction.atomic():
        locked = lock(order.pk)
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


def matter_of(order: Order) -> review.Matter:
    """What a case on the order is about."""
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
