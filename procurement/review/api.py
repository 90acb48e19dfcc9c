"""Casework over the API: the same acts as on the page, by the same rules.

Annotations are evaluated here, not postponed: `paginate` wraps a view, and the API's framework would then look a
postponed name such as `QueueName` up in its own module.
"""

import uuid
from datetime import date, datetime

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema
from ninja.pagination import LimitOffsetPagination, paginate

from accounts.api import caller
from procurement.review import queries, services
from procurement.review.models import Case, Decision
from procurement.review.queries import QueueName
from procurement.review.states import Outcome

router = Router()


class CaseOut(Schema):
    """Where a case stands."""

    id: uuid.UUID
    reference: str
    kind: str
    title: str
    state: str
    due_at: datetime
    closed_at: datetime | None


class TextIn(Schema):
    """Something said."""

    text: str = Field(min_length=1, max_length=8000)


class AdviceIn(Schema):
    """What the first officer proposes."""

    outcome: Outcome
    reason: str = Field(min_length=1, max_length=4000)
    granted_ms: int | None = Field(default=None, ge=1, le=10**15)
    valid_until: date | None = None


class DecisionOut(Schema):
    """Advice, or a decision once it is final."""

    id: uuid.UUID
    outcome: str
    reason: str
    granted_ms: int | None
    valid_until: date | None
    final_at: datetime | None


@router.get("", response=list[CaseOut])
@paginate(LimitOffsetPagination)
def list_cases(request: HttpRequest, queue: QueueName = QueueName.OPEN) -> QuerySet[Case]:
    """One queue: open, mine, countersign, waiting, closed."""
    return queries.in_queue(caller(request), queue)


@router.get("/{case_id}", response=CaseOut)
def get_case(request: HttpRequest, case_id: uuid.UUID) -> Case:
    """One case."""
    return _visible(request, case_id)


@router.post("/{case_id}/claim", response=CaseOut)
def claim_case(request: HttpRequest, case_id: uuid.UUID) -> Case:
    """Take the case."""
    _visible(request, case_id)
    return services.claim_case(actor=caller(request), case_id=case_id)


@router.post("/{case_id}/ask", response=CaseOut)
def ask_question(request: HttpRequest, case_id: uuid.UUID, said: TextIn) -> Case:
    """Ask the applicant; the clock stops."""
    _visible(request, case_id)
    services.ask_question(actor=caller(request), case_id=case_id, text=said.text)
    return _visible(request, case_id)


@router.post("/{case_id}/answer", response=CaseOut)
def answer_question(request: HttpRequest, case_id: uuid.UUID, said: TextIn) -> Case:
    """Answer the open question; the clock goes on."""
    _visible(request, case_id)
    services.answer_question(actor=caller(request), case_id=case_id, answer=said.text)
    return _visible(request, case_id)


@router.post("/{case_id}/advise", response=DecisionOut)
def advise(request: HttpRequest, case_id: uuid.UUID, said: AdviceIn) -> Decision:
    """Propose a decision."""
    _visible(request, case_id)
    advice = services.Advice(
        outcome=said.outcome, reason=said.reason, granted_ms=said.granted_ms, valid_until=said.valid_until
    )
    return services.advise(actor=caller(request), case_id=case_id, advice=advice)


@router.post("/{case_id}/return", response=CaseOut)
def return_advice(request: HttpRequest, case_id: uuid.UUID, said: TextIn) -> Case:
    """Send advice back."""
    _visible(request, case_id)
    return services.return_advice(actor=caller(request), case_id=case_id, reason=said.text)


@router.post("/{case_id}/countersign", response=DecisionOut)
def countersign(request: HttpRequest, case_id: uuid.UUID) -> Decision:
    """Sign as the second person."""
    _visible(request, case_id)
    return services.countersign(actor=caller(request), case_id=case_id)


def _visible(request: HttpRequest, case_id: uuid.UUID) -> Case:
    return get_object_or_404(queries.visible_to(caller(request)), pk=case_id)
