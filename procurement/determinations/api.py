"""Determinations over the API: those of an order, and questions by hand (logged with person and purpose)."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema

from accounts.api import caller
from accounts.permissions import Act
from ledger.errors import InvalidInput
from procurement.determinations import comparing, queries
from procurement.determinations.ad_hoc import read_question
from procurement.determinations.models import Determination
from procurement.determinations.names import NAMES
from procurement.determinations.services import determine_ad_hoc
from procurement.regimes.dated import LawFault
from procurement.regimes.plain import FactsRefused

router = Router()


class DeterminationOut(Schema):
    """What one regime said of an order on a day; ``result`` is the stored result, to the byte."""

    id: uuid.UUID
    regime: str
    on: date
    lane: str
    review_policy: str
    result: dict[str, Any]
    rule_versions: Any
    rule_set_sha256: str
    made_at: datetime


class QuestionIn(Schema):
    """A question by hand; ``ask`` takes the names of ``manage.py determine``'s options (chip, to, from, on, ...)."""

    ask: dict[str, str] = Field(max_length=len(NAMES))
    purpose: str = Field(min_length=3, max_length=300)


class ComparisonIn(QuestionIn):
    """A question by hand for two days: ``ask`` names the one (``on``), ``against`` the other."""

    against: date


@router.get("/of-order/{order_id}", response=list[DeterminationOut])
def of_order(request: HttpRequest, order_id: uuid.UUID) -> list[Determination]:
    """The determinations of an order that stand."""
    return queries.current_of_order(caller(request), order_id)


@router.post("", response=dict[str, Any])
def determine(request: HttpRequest, said: QuestionIn) -> dict[str, Any]:
    """Determine a transaction without an order; who asked and why is kept on record."""
    actor = caller(request)
    actor.require(Act.DETERMINE_AD_HOC)
    ((_row, answer),) = determine_ad_hoc(actor=actor, asked=[read_question(dict(said.ask))], purpose=said.purpose)
    return answer.to_json()


@router.get("/of-order/{order_id}/compare", response=list[dict[str, Any]])
def compare_order(
    request: HttpRequest, order_id: uuid.UUID, on: date | None = None, against: date | None = None
) -> list[dict[str, Any]]:
    """The determinations of an order that stand, on two days: both answers of each regime, and what differs.

    ``on`` is the day they were made for and ``against`` today (UTC), unless told.
    """
    rows = queries.current_of_order(caller(request), order_id)
    today = timezone.now().date()
    days = comparing.Days(on or max((row.on for row in rows), default=today), against or today)
    try:
        return [each.to_json() for each in comparing.of_order(rows, days)]
    except (LawFault, FactsRefused) as fault:
        raise InvalidInput(f"These days cannot be answered: {fault}.", field="on") from fault


@router.post("/compare", response=dict[str, Any])
def compare(request: HttpRequest, said: ComparisonIn) -> dict[str, Any]:
    """A question by hand on two days, both kept on record: both answers, and what differs."""
    actor = caller(request)
    actor.require(Act.DETERMINE_AD_HOC)
    pair = comparing.both_days(read_question(dict(said.ask)), said.against)
    (_one, first), (_other, second) = determine_ad_hoc(actor=actor, asked=pair, purpose=said.purpose)
    return comparing.published_pair(first, second)
