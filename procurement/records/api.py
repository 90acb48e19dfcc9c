"""How long records are kept, and legal holds, over the API: the same services as the pages.

Annotations are evaluated here, not postponed: the API's framework looks names up in its own module otherwise.
"""

import uuid
from datetime import date, datetime
from typing import Any, Literal

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Field, Router, Schema

from accounts.api import caller
from accounts.permissions import Act
from procurement.licences.steps import REASON_LIMIT
from procurement.orders.states import OrderState
from procurement.records import queries, retention, services
from procurement.records.models import LegalHold
from procurement.records.queries import Kept

router = Router()
Kind = Literal["order", "filing", "case"]


class HoldOut(Schema):
    """A legal hold: on what, by which matter, and where it stands. ``lift_proposed`` holds as before."""

    id: uuid.UUID
    reference: str
    on: str
    matter: str
    is_agency_request: bool
    reason: str
    state: str
    placed_on: date
    lift_reason: str
    lifted_on: date | None
    placed_at: datetime

    @staticmethod
    def resolve_on(hold: LegalHold) -> str:
        """The reference of the order, filing or case."""
        return str(queries.kept_by(hold).row.reference)


class RecordsOut(Schema):
    """Until when the records are kept, and why: ``until`` is null where no end is in sight.

    ``holds`` is empty for those who do not see reviews; ``is_held`` tells them that one stands.
    """

    until: date | None
    is_held: bool
    reasons: list[str]
    unverified: list[str]
    holds: list[HoldOut]


class MatterIn(Schema):
    """What a hold rests on."""

    matter: str = Field(min_length=1, max_length=services.MATTER_LIMIT)
    reason: str = Field(min_length=1, max_length=REASON_LIMIT)
    is_agency_request: bool = False


class ReasonIn(Schema):
    """Why a hold is to be lifted, or is kept."""

    reason: str = Field(min_length=1, max_length=REASON_LIMIT)


@router.get("/{kind}/{subject_id}", response=RecordsOut)
def get_records(request: HttpRequest, kind: Kind, subject_id: uuid.UUID) -> dict[str, Any]:
    """Until when the records of an order, filing or case are kept, with its holds for those who see reviews."""
    actor = caller(request)
    kept = queries.find(actor, kind, subject_id)
    holds = list(queries.detailed(queries.holds_of(kept)))
    has_end = kept.order is not None and kept.order.state != OrderState.DRAFT
    found = retention.shown(kept.order, timezone.now().date(), actor) if kept.order and has_end else None
    return {
        "until": found["until"] if found else None,
        "is_held": any(each.lifted_on is None for each in holds),
        "reasons": [each["text"] for each in found["reasons"]] if found else [],
        "unverified": list(found["unverified"]) if found else [],
        "holds": holds if actor.may(Act.SEE_REVIEW) else [],
    }


@router.post("/{kind}/{subject_id}/holds", response={201: HoldOut})
def place_hold(request: HttpRequest, kind: Kind, subject_id: uuid.UUID, said: MatterIn) -> tuple[int, LegalHold]:
    """Hold the records from today; one officer is enough."""
    matter = services.Matter(said.matter, said.reason, said.is_agency_request)
    return 201, services.place_hold(actor=caller(request), kind=kind, subject_id=subject_id, matter=matter)


@router.post("/holds/{hold_id}/lift", response=HoldOut)
def propose_lift(request: HttpRequest, hold_id: uuid.UUID, said: ReasonIn) -> LegalHold:
    """Propose to lift a hold; it stands until another officer countersigns."""
    hold, _kept = _hold(request, hold_id)
    return services.propose_lift(actor=caller(request), hold=hold, reason=said.reason)


@router.post("/holds/{hold_id}/keep", response=HoldOut)
def keep_hold(request: HttpRequest, hold_id: uuid.UUID, said: ReasonIn) -> LegalHold:
    """Take the proposal back, or turn it down: the hold stands."""
    hold, _kept = _hold(request, hold_id)
    return services.keep_hold(actor=caller(request), hold=hold, reason=said.reason)


@router.post("/holds/{hold_id}/countersign", response=HoldOut)
def lift_hold(request: HttpRequest, hold_id: uuid.UUID) -> LegalHold:
    """Lift a hold as the second officer."""
    hold, _kept = _hold(request, hold_id)
    return services.lift_hold(actor=caller(request), hold=hold)


def _hold(request: HttpRequest, hold_id: uuid.UUID) -> tuple[LegalHold, Kept]:
    hold = get_object_or_404(queries.detailed(LegalHold.objects.all()), pk=hold_id)
    kept = queries.kept_by(hold)
    return hold, queries.find(caller(request), kept.kind, kept.row.pk)
