"""Determinations over the API: those of an order, and questions by hand (logged with person and purpose)."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from accounts.api import caller
from accounts.permissions import Act
from procurement.determinations import queries
from procurement.determinations.ad_hoc import read_question
from procurement.determinations.models import Determination
from procurement.determinations.services import determine_ad_hoc

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

    ask: dict[str, str] = Field(max_length=30)
    purpose: str = Field(min_length=3, max_length=300)


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
