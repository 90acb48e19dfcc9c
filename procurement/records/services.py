"""Every write of a legal hold, one officer places it and two lift it; and what is known of goods after their export."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.errors import InvalidInput, NotPermitted
from ledger.services import next_reference, record
from ledger.transitions import advance
from procurement.evidence.shares import REGIME
from procurement.licences.steps import said
from procurement.records.models import LegalHold
from procurement.records.queries import DIVERTED, Kept, find, kept_by
from procurement.records.states import EDGES, HoldAction
from procurement.regimes.registry import regime

MATTER_LIMIT: Final = 200


@dataclass(frozen=True)
class Matter:
    """What a hold rests on: proceedings, a letter, or an agency's own request for the records."""

    matter: str
    reason: str
    is_agency_request: bool = False


class DiversionKind(StrEnum):
    """What became known of goods after their export (15 CFR 762.6(a))."""

    REEXPORT = "reexport"
    TRANSSHIPMENT = "transshipment"
    DIVERSION = "diversion"


@dataclass(frozen=True)
class Known:
    """A reexport, transshipment or diversion that became known: its day, and how it is known."""

    kind: DiversionKind
    on: date
    reason: str


def place_hold(*, actor: Actor, kind: str, subject_id: uuid.UUID, matter: Matter) -> LegalHold:
    """Hold the records of an order, filing or case from today: nothing of them is destroyed until it is lifted.

    Raises:
        InvalidInput: no matter or no reason is given, or they are too long.
        Http404: no such thing, or the actor may not see it.
    """
    with transaction.atomic():
        actor.require(Act.KEEP_RECORDS)
        kept = find(actor, kind, subject_id)
        now = timezone.now()
        hold = LegalHold.objects.create(
            reference=next_reference("HLD"), **{kept.kind: kept.row},
            matter=said(matter.matter, "matter", MATTER_LIMIT), reason=said(matter.reason, "reason"),
            is_agency_request=matter.is_agency_request, placed_on=regime(REGIME).local_date(now),
            placer=actor.membership, placer_person=actor.person, placer_team=actor.team,
        )  # fmt: skip
        _record("hold.placed", hold, actor, hold.reason)
    return hold


def propose_lift(*, actor: Actor, hold: LegalHold, reason: str) -> LegalHold:
    """Propose to lift a hold. It stands until another officer countersigns.

    Raises:
        NotPermitted: one of the side whose records they are.
        IllegalTransition: it is lifted, or its lifting is proposed already.
    """
    with transaction.atomic():
        locked = _locked(actor, hold)
        locked.state = advance(EDGES, locked.state, HoldAction.PROPOSE_LIFT)
        locked.lift_reason = said(reason, "reason")
        locked.proposer, locked.proposer_person, locked.proposer_team = actor.membership, actor.person, actor.team
        locked.proposed_at = timezone.now()
        locked.save()
        _record("hold.lift_proposed", locked, actor, locked.lift_reason)
    return locked


def keep_hold(*, actor: Actor, hold: LegalHold, reason: str) -> LegalHold:
    """Take the proposal back, or turn it down: the hold stands as before."""
    with transaction.atomic():
        locked = _locked(actor, hold)
        locked.state = advance(EDGES, locked.state, HoldAction.KEEP)
        locked.proposer = locked.proposer_person = locked.proposer_team = locked.proposed_at = None
        locked.lift_reason = ""
        locked.save()
        _record("hold.kept", locked, actor, said(reason, "reason"))
    return locked


def lift_hold(*, actor: Actor, hold: LegalHold) -> LegalHold:
    """Lift a hold as the second officer: from today the rules' own years count again.

    Raises:
        NotPermitted: the person who proposed it, through whichever account or team, or one of the side concerned.
    """
    with transaction.atomic():
        locked = _locked(actor, hold)
        locked.state = advance(EDGES, locked.state, HoldAction.LIFT)
        if locked.proposer_person_id == actor.person.pk:
            raise NotPermitted("You proposed to lift this hold. A second person has to countersign.")
        locked.countersigner, locked.countersigner_person = actor.membership, actor.person
        locked.countersigner_team, locked.lifted_at = actor.team, timezone.now()
        locked.lifted_on = regime(REGIME).local_date(locked.lifted_at)
        locked.save()
        _record("hold.lifted", locked, actor, locked.lift_reason)
    return locked


def record_diversion(*, actor: Actor, kept: Kept, known: Known) -> None:
    """Put on record that a reexport, transshipment or diversion is known: years are counted from it, if it is later.

    Raises:
        InvalidInput: a day to come, no reason, or nothing that an order's records belong to.
        NotPermitted: the role may not.
    """
    with transaction.atomic():
        actor.require(Act.KEEP_RECORDS)
        if kept.order is None:
            raise InvalidInput("No order is tied to it whose records would be kept longer.", field="on")
        if known.on > regime(REGIME).local_date(timezone.now()):
            raise InvalidInput("This day is still to come.", field="on")
        facts = {"kind": str(known.kind), "on": known.on.isoformat(), "reason": said(known.reason, "reason")}
        record(DIVERTED, kept.order, actor=actor, facts=facts)


def _locked(actor: Actor, hold: LegalHold) -> LegalHold:
    actor.require(Act.KEEP_RECORDS)
    row = LegalHold.objects.select_for_update().get(pk=hold.pk)
    if actor.is_of(kept_by(row).team_id):
        raise NotPermitted("You are of the team whose records these are; another officer has to act.")
    return row


def _record(act: str, hold: LegalHold, actor: Actor, reason: str) -> None:
    kept = kept_by(hold)
    facts: dict[str, Any] = {
        "on": kept.kind,
        "reference": kept.row.reference,
        "matter": hold.matter,
        "is_agency_request": hold.is_agency_request,
        "reason": reason,
    }
    record(act, hold, actor=actor, facts=facts)
