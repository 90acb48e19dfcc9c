"""Every act on a case: claim, ask, answer, advise, return, countersign."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import Membership
from accounts.permissions import Act
from ledger.errors import ComplianceRefusal, InvalidInput, NotPermitted, Overtaken
from ledger.services import next_reference, record
from ledger.transitions import advance
from procurement.filings.models import Filing
from procurement.licences.models import Condition, ConditionKind
from procurement.orders.models import Order
from procurement.review import outcomes
from procurement.review.models import Case, Decision, Flag, Question
from procurement.review.states import EDGES, CaseAction, CaseKind, CaseState, Outcome

DUE_IN: Final = {
    CaseKind.ORDER: timedelta(days=10),
    CaseKind.FILING: timedelta(days=7),
    CaseKind.INCIDENT: timedelta(days=3),
}


@dataclass(frozen=True)
class ProposedCondition:
    """A proviso that an officer attaches to a decision."""

    kind: ConditionKind
    text: str
    parameter: dict[str, Any] = field(default_factory=dict)
    is_machine_checked: bool = False


@dataclass(frozen=True)
class Advice:
    """What the first officer proposes: outcome and reason, and for a filing the GPU time and its end."""

    outcome: Outcome
    reason: str
    granted_ms: int | None = None
    valid_until: date | None = None
    conditions: tuple[ProposedCondition, ...] = ()


@dataclass(frozen=True)
class Matter:
    """What a new case is about."""

    kind: CaseKind
    title: str
    summary: str = ""
    order: Order | None = None
    filing: Filing | None = None
    incident_ref: str = ""


def open_case(*, actor: Actor | None, matter: Matter, applicant: Membership | None) -> Case:
    """Open a case with its clock running; ``actor`` is ``None`` where the system opens it (an incident)."""
    with transaction.atomic():
        case = Case.objects.create(
            reference=next_reference("CASE"),
            kind=matter.kind,
            title=matter.title[:300],
            summary=matter.summary[:4000],
            order=matter.order,
            filing=matter.filing,
            incident_ref=matter.incident_ref,
            applicant=applicant,
            applicant_person=applicant.person if applicant else None,
            applicant_team=applicant.team if applicant else None,
            due_at=timezone.now() + DUE_IN[matter.kind],
        )
        record("case.opened", case, actor=actor, facts={"kind": matter.kind, "title": case.title})
    return case


def claim_case(*, actor: Actor, case_id: uuid.UUID) -> Case:
    """Take a case as one's own work.

    Raises:
        Overtaken: somebody else holds it; the message says who.
        NotPermitted: the officer is of the applicant's side.
    """
    with transaction.atomic():
        case = _locked(case_id)
        actor.require(Act.REVIEW_CASE)
        _refuse_applicants_side(case, actor)
        if case.state == CaseState.CLAIMED and case.assignee and case.assignee.pk != actor.membership.pk:
            raise Overtaken(f"{case.assignee.person.name} has claimed {case.reference} already.")
        case.state = advance(EDGES, case.state, CaseAction.CLAIM)
        case.assignee = actor.membership
        case.save(update_fields=["state", "assignee"])
        record("case.claimed", case, actor=actor)
    return case


def release_case(*, actor: Actor, case_id: uuid.UUID) -> Case:
    """Put one's case back into the queue."""
    with transaction.atomic():
        case = _own(case_id, actor)
        case.state = advance(EDGES, case.state, CaseAction.RELEASE)
        case.assignee = None
        case.save(update_fields=["state", "assignee"])
        record("case.released", case, actor=actor)
    return case


def ask_question(*, actor: Actor, case_id: uuid.UUID, text: str) -> Question:
    """Ask the applicant; the clock stands still until the answer."""
    with transaction.atomic():
        case = _own(case_id, actor)
        if case.applicant is None:
            raise InvalidInput("An incident has no applicant to ask. Note what you found in your advice.")
        case.state = advance(EDGES, case.state, CaseAction.ASK)
        case.clock_stopped_at = timezone.now()
        case.save(update_fields=["state", "clock_stopped_at"])
        question = Question.objects.create(
            case=case, asked_by=actor.membership, text=_said(text, "text", "question", 4000)
        )
        record("case.question_asked", case, actor=actor, facts={"question": str(question.pk)})
    return question


def answer_question(*, actor: Actor, case_id: uuid.UUID, answer: str) -> Question:
    """Answer the open question; the clock goes on from where it stopped."""
    with transaction.atomic():
        case = _locked(case_id)
        actor.require(Act.ANSWER_QUESTION)
        if case.applicant_team_id != actor.team.pk:
            raise NotPermitted("Only the applicant's team can answer.")
        case.state = advance(EDGES, case.state, CaseAction.ANSWER)
        now = timezone.now()
        stopped_at = case.clock_stopped_at or now
        case.due_at += now - stopped_at
        case.clock_stopped_at = None
        case.save(update_fields=["state", "due_at", "clock_stopped_at"])
        question = case.questions.select_for_update().get(answered_at=None)
        question.answer = _said(answer, "answer", "answer", 8000)
        question.answered_by = actor.membership
        question.answered_at = now
        question.save(update_fields=["answer", "answered_by", "answered_at"])
        record("case.question_answered", case, actor=actor, facts={"question": str(question.pk)})
    return question


def raise_flag(*, actor: Actor | None, case: Case, code: str, evidence: str) -> Flag:
    """Tick a red flag of the catalogue, with its evidence; a computed one has no actor. Flags decide nothing."""
    with transaction.atomic():
        case = _locked(case.pk)
        if actor:
            actor.require(Act.REVIEW_CASE)
            _refuse_applicants_side(case, actor)
        if case.state in (CaseState.CLOSED, CaseState.WITHDRAWN):
            raise Overtaken(f"{case.reference} is closed; a flag belongs to an open case.")
        flag, made = Flag.objects.get_or_create(
            case=case,
            code=code,
            defaults={
                "is_computed": actor is None,
                "evidence": _said(evidence, "evidence", "evidence", 1000),
                "raised_by": actor.membership if actor else None,
            },
        )
        if made:
            record("case.flag_raised", case, actor=actor, facts={"code": code, "computed": actor is None})
    return flag


def advise(*, actor: Actor, case_id: uuid.UUID, advice: Advice) -> Decision:
    """Propose a decision. It takes effect only when a second officer countersigns.

    Raises:
        ComplianceRefusal: an approval while something blocks it; all reasons are listed.
    """
    with transaction.atomic():
        case = _own(case_id, actor)
        _refuse_applicants_side(case, actor)
        case.state = advance(EDGES, case.state, CaseAction.ADVISE)
        _check_advice(case, advice)
        decision = Decision.objects.create(
            case=case,
            outcome=advice.outcome,
            reason=_said(advice.reason, "reason", "reason", 4000),
            granted_ms=advice.granted_ms,
            valid_until=advice.valid_until,
            applicant_person_id=case.applicant_person_id,
            applicant_team_id=case.applicant_team_id,
            decider=actor.membership,
            decider_person=actor.person,
            decider_team=actor.team,
        )
        _attach_conditions(decision, advice.conditions)
        case.save(update_fields=["state"])
        record("case.advised", case, actor=actor, facts=_decision_facts(decision))
    return decision


def return_advice(*, actor: Actor, case_id: uuid.UUID, reason: str) -> Case:
    """Send advice back to its author, with the reason."""
    with transaction.atomic():
        case = _locked(case_id)
        actor.require(Act.REVIEW_CASE)
        _refuse_applicants_side(case, actor)
        case.state = advance(EDGES, case.state, CaseAction.RETURN)
        decision = standing_decision(case)
        decision.returned_at = timezone.now()
        decision.returned_reason = _said(reason, "reason", "reason", 1000)
        decision.save(update_fields=["returned_at", "returned_reason"])
        case.save(update_fields=["state"])
        record("case.advice_returned", case, actor=actor, facts={"reason": decision.returned_reason})
    return case


def countersign(*, actor: Actor, case_id: uuid.UUID) -> Decision:
    """Sign the advice as the second person; the decision is final and takes effect in this transaction.

    Raises:
        NotPermitted: the same person advised, or the officer is of the applicant's side.
        ComplianceRefusal: something blocks the approval now.
    """
    with transaction.atomic():
        case = _locked(case_id)
        actor.require(Act.REVIEW_CASE)
        _refuse_applicants_side(case, actor)
        case.state = advance(EDGES, case.state, CaseAction.COUNTERSIGN)
        decision = standing_decision(case)
        if decision.decider_person_id == actor.person.pk:
            raise NotPermitted("You advised on this case. A second person has to countersign.")
        decision.countersigner = actor.membership
        decision.countersigner_person = actor.person
        decision.countersigner_team = actor.team
        decision.final_at = timezone.now()
        decision.save(update_fields=["countersigner", "countersigner_person", "countersigner_team", "final_at"])
        case.closed_at = decision.final_at
        case.save(update_fields=["state", "closed_at"])
        record("case.decided", case, actor=actor, facts=_decision_facts(decision))
        outcomes.apply(actor=actor, decision=decision)
    return decision


def withdraw_case(*, actor: Actor, case: Case, reason: str) -> None:
    """Close a case because its order or filing was withdrawn; called inside that act's transaction."""
    locked = _locked(case.pk)
    locked.state = advance(EDGES, locked.state, CaseAction.WITHDRAW)
    locked.closed_at = timezone.now()
    locked.save(update_fields=["state", "closed_at"])
    record("case.withdrawn", locked, actor=actor, facts={"reason": reason})


def standing_decision(case: Case) -> Decision:
    """The advice or decision that stands on a case."""
    return case.decisions.select_for_update(of=("self",)).get(returned_at=None)


def _locked(case_id: uuid.UUID) -> Case:
    return Case.objects.select_for_update(of=("self",)).select_related("assignee__person", "applicant").get(pk=case_id)


def _own(case_id: uuid.UUID, actor: Actor) -> Case:
    case = _locked(case_id)
    actor.require(Act.REVIEW_CASE)
    if case.assignee_id != actor.membership.pk:
        holder = case.assignee.person.name if case.assignee else "nobody"
        raise Overtaken(f"{case.reference} is held by {holder}. Claim it first.")
    return case


def is_applicants_side(case: Case, actor: Actor) -> bool:
    """Whether the person is the applicant, or of the applicant's team by any membership they have or had."""
    return case.applicant_person_id == actor.person.pk or actor.is_of(case.applicant_team_id)


def _refuse_applicants_side(case: Case, actor: Actor) -> None:
    if is_applicants_side(case, actor):
        raise NotPermitted("You are of the applicant's side on this case; another officer has to act.")


def _check_advice(case: Case, advice: Advice) -> None:
    if advice.outcome != Outcome.APPROVE:
        return
    blockers = outcomes.blockers(case)
    if blockers:
        raise ComplianceRefusal(f"{case.reference} cannot be approved yet.", blockers=tuple(blockers))
    if case.kind == CaseKind.FILING:
        _check_grant(case, advice)


def _check_grant(case: Case, advice: Advice) -> None:
    filing = case.filing
    if filing is None or advice.granted_ms is None or advice.valid_until is None:
        raise InvalidInput("An approved filing needs its GPU time and its last day.", field="granted_ms")
    if not 0 < advice.granted_ms <= filing.requested_ms:
        raise InvalidInput("The GPU time is above zero and at most what the filing asks for.", field="granted_ms")
    if not filing.starts_on <= advice.valid_until <= filing.ends_on:
        raise InvalidInput("The last day lies within the filing's period.", field="valid_until")


def _attach_conditions(decision: Decision, conditions: Sequence[ProposedCondition]) -> None:
    for condition in conditions:
        Condition.objects.create(
            decision=decision,
            kind=condition.kind,
            parameter=condition.parameter,
            text=_said(condition.text, "conditions", "condition", 1000),
            is_machine_checked=condition.is_machine_checked,
        )


def _decision_facts(decision: Decision) -> dict[str, Any]:
    return {
        "decision": str(decision.pk),
        "outcome": decision.outcome,
        "granted_ms": decision.granted_ms,
        "valid_until": decision.valid_until.isoformat() if decision.valid_until else None,
        "reason": decision.reason,
    }


def _said(text: str, name: str, words: str, limit: int) -> str:
    said = text.strip()
    if not said:
        raise InvalidInput(f"Please write the {words}.", field=name)
    if len(said) > limit:
        raise InvalidInput(f"The {words} is {len(said)} characters long; the limit is {limit}.", field=name)
    return said
