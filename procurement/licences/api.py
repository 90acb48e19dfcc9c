"""Licences over the API: read, suspend, propose and countersign.

Annotations are evaluated here, not postponed: `paginate` wraps a view, and the API's framework would then look a
postponed name such as `LicenceState` up in its own module.
"""

import uuid
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema
from ninja.pagination import LimitOffsetPagination, paginate

from accounts.api import caller
from procurement.licences import acts, queries
from procurement.licences.models import LegalEffect, Licence, LicenceAct
from procurement.licences.states import LicenceAction, LicenceState

router = Router()


class LineOut(Schema):
    """A line with its balance, in units."""

    id: uuid.UUID
    number: int
    chip: str
    granted: int
    held: int
    drawn: int
    ship_until: date
    use_until: date | None

    @staticmethod
    def resolve_chip(line: Any) -> str:
        """The slug."""
        return str(line.chip.slug)


class LicenceOut(Schema):
    """What an authority granted."""

    id: uuid.UUID
    reference: str
    side: str
    authority: str
    number: str
    state: str
    valid_from: date
    lines: list[LineOut]

    @staticmethod
    def resolve_lines(licence: Licence) -> list[Any]:
        """The lines."""
        return list(licence.lines.select_related("chip"))


class SuspendIn(Schema):
    """Why, and with which legal effect."""

    reason: str = Field(min_length=1, max_length=2000)
    effect: LegalEffect = LegalEffect.DRAIN
    basis: str = Field(default="", max_length=500)


class ProposalIn(Schema):
    """An act that takes two officers."""

    action: LicenceAction
    reason: str = Field(min_length=1, max_length=2000)
    basis: str = Field(default="", max_length=500)


class ActOut(Schema):
    """A suspension, reinstatement or revocation, proposed or in effect."""

    id: uuid.UUID
    action: str
    effect: str
    is_in_effect: bool

    @staticmethod
    def resolve_is_in_effect(act: LicenceAct) -> bool:
        """Whether it has taken effect."""
        return act.in_effect_at is not None


@router.get("", response=list[LicenceOut])
@paginate(LimitOffsetPagination)
def list_licences(request: HttpRequest, state: LicenceState | None = None) -> QuerySet[Licence]:
    """The licences that one may see, newest first."""
    licences = queries.visible_to(caller(request)).order_by("-recorded_at")
    return licences.filter(state=state) if state else licences


@router.get("/{licence_id}", response=LicenceOut)
def get_licence(request: HttpRequest, licence_id: uuid.UUID) -> Licence:
    """One licence."""
    return get_object_or_404(queries.visible_to(caller(request)), pk=licence_id)


@router.post("/{licence_id}/suspend", response=ActOut)
def suspend_licence(request: HttpRequest, licence_id: uuid.UUID, said: SuspendIn) -> LicenceAct:
    """Suspend it; one officer where what hangs on it stops, two where existing use may go on."""
    actor = caller(request)
    licence = get_object_or_404(queries.visible_to(actor), pk=licence_id)
    return acts.suspend_licence(
        actor=actor, licence=licence, reason=said.reason, effect=said.effect, basis=said.basis
    )


@router.post("/{licence_id}/acts", response=ActOut)
def propose_act(request: HttpRequest, licence_id: uuid.UUID, said: ProposalIn) -> LicenceAct:
    """Propose what takes two officers."""
    actor = caller(request)
    licence = get_object_or_404(queries.visible_to(actor), pk=licence_id)
    proposal = acts.Proposal(action=said.action, reason=said.reason, basis=said.basis)
    return acts.propose_licence_act(actor=actor, licence=licence, proposal=proposal)


@router.post("/{licence_id}/acts/{act_id}/countersign", response=ActOut)
def countersign_act(request: HttpRequest, licence_id: uuid.UUID, act_id: uuid.UUID) -> LicenceAct:
    """Sign a proposal as the second officer."""
    actor = caller(request)
    licence = get_object_or_404(queries.visible_to(actor), pk=licence_id)
    act = get_object_or_404(licence.acts, pk=act_id)
    return acts.countersign_licence_act(actor=actor, act=act)
