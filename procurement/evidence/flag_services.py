"""Answers of officers to red flags: each is a new row with person and time, and none decides anything."""

from __future__ import annotations

from django.db import transaction

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.errors import ComplianceRefusal, InvalidInput, NotPermitted
from ledger.services import record
from procurement.evidence.models import FlagAnswer, RedFlagAnswer
from procurement.evidence.red_flags import FlagOfOrder, FlagState, flags_of
from procurement.orders.models import Order
from procurement.orders.states import OrderState

REASON_LIMIT = 1_000


def answer_flag(*, actor: Actor, order: Order, code: str, answer: FlagAnswer, reason: str = "") -> RedFlagAnswer:
    """Answer one red flag of an order: not seen, resolved with the reason, or it stands.

    Raises:
        InvalidInput: no such flag on the order's day, no reason where one is needed, or "not seen" of a flag
            that was seen.
    """
    with transaction.atomic():
        locked = _locked(actor, order)
        found = next((each for each in flags_of(locked) if each.flag.id == code), None)
        if found is None:
            raise InvalidInput(f"No red flag of the order's day is called {code}.", field="code")
        said = _said(found, answer, reason)
        row = _write(actor, locked, code, answer, said)
        facts = {"order": locked.reference, "code": code, "answer": str(answer), "reason": said}
        record("red_flag.answered", row, actor=actor, facts=facts)
    return row


def answer_rest_not_seen(*, actor: Actor, order: Order) -> list[RedFlagAnswer]:
    """Say of every flag that nobody answered, raised or computed that it was looked for and not seen."""
    with transaction.atomic():
        locked = _locked(actor, order)
        rest = [each.flag.id for each in flags_of(locked) if each.state is FlagState.UNANSWERED]
        if not rest:
            raise InvalidInput("Every flag is answered, or was seen and needs an answer of its own.")
        rows = [_write(actor, locked, code, FlagAnswer.NOT_SEEN, "") for code in rest]
        facts = {"order": locked.reference, "codes": rest, "answer": str(FlagAnswer.NOT_SEEN)}
        record("red_flag.answered", rows[-1], actor=actor, facts=facts)
    return rows


def _locked(actor: Actor, order: Order) -> Order:
    actor.require(Act.REVIEW_CASE)
    locked = Order.objects.select_for_update(of=("self",)).select_related("team").get(pk=order.pk)
    if actor.is_of(locked.team_id):
        raise NotPermitted("You are of the applicant's side on this order; another officer answers its red flags.")
    if locked.state == OrderState.DRAFT:
        raise ComplianceRefusal(f"{locked.reference} is not handed in yet.")
    return locked


def _said(found: FlagOfOrder, answer: FlagAnswer, reason: str) -> str:
    said = reason.strip()
    if len(said) > REASON_LIMIT:
        raise InvalidInput(f"At most {REASON_LIMIT} characters.", field="reason")
    if answer is not FlagAnswer.NOT_SEEN and not said:
        raise InvalidInput("Say why: what was asked, and what was found.", field="reason")
    if answer is FlagAnswer.NOT_SEEN and (found.seen or found.raised):
        raise InvalidInput("It was seen. Resolve it with the reason, or let it stand.", field="answer")
    return said


def _write(actor: Actor, order: Order, code: str, answer: FlagAnswer, said: str) -> RedFlagAnswer:
    return RedFlagAnswer.objects.create(
        order=order, code=code, answer=answer, reason=said,
        answerer=actor.membership, answerer_person=actor.person, answerer_team=actor.team,
    )  # fmt: skip
