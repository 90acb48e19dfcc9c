"""Reading cases: the queue, one case with all that an officer needs, and what an applicant may see."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from django.db.models import Q, QuerySet

from accounts.actors import Actor
from accounts.permissions import Act
from procurement.review.models import Case, Decision, Question
from procurement.review.states import CaseState

LIVE: Final = (CaseState.OPEN, CaseState.CLAIMED, CaseState.WAITING, CaseState.ADVISED)


class QueueName(StrEnum):
    """What the tabs of the queue are called."""

    OPEN = "open"
    MINE = "mine"
    COUNTERSIGN = "countersign"
    WAITING = "waiting"
    CLOSED = "closed"


def visible_to(actor: Actor) -> QuerySet[Case]:
    """Officers and auditors see every case; applicants those of their team."""
    cases = Case.objects.select_related("order", "filing", "applicant_team__organisation", "assignee__person")
    if actor.may(Act.SEE_REVIEW):
        return cases
    return cases.filter(applicant_team=actor.team)


@dataclass(frozen=True)
class Queue:
    """One tab of the queue."""

    name: str
    label: str
    count: int = 0


def in_queue(actor: Actor, name: str) -> QuerySet[Case]:
    """The cases of one tab, due first; an unknown name is the open ones."""
    return visible_to(actor).filter(_condition(actor, name)).order_by("due_at", "pk")


def counts(actor: Actor, names: list[str]) -> dict[str, int]:
    """How many cases each tab holds."""
    return {name: in_queue(actor, name).count() for name in names}


def _condition(actor: Actor, name: str) -> Q:
    mine = Q(assignee=actor.membership)
    match name:
        case QueueName.MINE:
            return mine & Q(state__in=[CaseState.CLAIMED, CaseState.ADVISED, CaseState.WAITING])
        case QueueName.COUNTERSIGN:
            advised_by_me = Q(decisions__returned_at=None, decisions__decider_person=actor.person)
            return Q(state=CaseState.ADVISED) & ~advised_by_me
        case QueueName.WAITING:
            return Q(state=CaseState.WAITING)
        case QueueName.CLOSED:
            return Q(state__in=[CaseState.CLOSED, CaseState.WITHDRAWN])
        case _:
            return Q(state__in=LIVE)


def standing(case: Case) -> Decision | None:
    """The advice or decision that stands."""
    return case.decisions.filter(returned_at=None).select_related("decider_person", "countersigner_person").first()


def open_question(case: Case) -> Question | None:
    """The question that the applicant has not answered yet."""
    return case.questions.filter(answered_at=None).first()


def subjects_of(case: Case) -> list[tuple[str, Any]]:
    """What belongs to the case's time line: (model name, primary key) of each."""
    subjects: list[tuple[str, Any]] = [("case", case.pk)]
    if case.order_id:
        subjects.append(("order", case.order_id))
    if case.filing_id:
        subjects.append(("filing", case.filing_id))
    return subjects
