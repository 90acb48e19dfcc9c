"""Every act on a use-case filing: draft, submit, withdraw, decide, revoke."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.actors import Actor
from accounts.permissions import Act
from ledger import events
from ledger.errors import ComplianceRefusal, InvalidInput
from ledger.services import next_reference, record
from ledger.transitions import advance
from procurement.catalog.models import ChipModel
from procurement.filings.models import Filing, RemoteUser
from procurement.filings.states import EDGES, FilingAction, FilingState
from procurement.orders.models import EndUse, Order
from procurement.orders.states import OrderState
from procurement.parties.models import Party, ScreeningState
from procurement.review import services as review
from procurement.review.models import Decision
from procurement.review.states import CaseKind, CaseState, Outcome
from procurement.screening import services as screening
from procurement.screening.health import standing_blockers
from procurement.screening.ownership import ownership_blockers
from procurement.screening.subjects import parties_of_filing, parties_of_order, roots_of_filing

LIVE_ORDER = (OrderState.APPROVED, OrderState.RECEIVED)


@dataclass(frozen=True)
class UseCase:
    """What a team wants to run: model and compute estimate, period, and how many devices at once."""

    title: str
    end_use: EndUse
    description: str
    model_name: str
    model_parameters: int
    max_devices: int
    requested_ms: int
    starts_on: date
    ends_on: date
    training_tokens: int | None = None


def create_filing(*, actor: Actor, order: Order, chip: ChipModel, use_case: UseCase) -> Filing:
    """Save a draft filing on the devices of one of the team's orders."""
    with transaction.atomic():
        actor.require(Act.FILE_USE_CASE)
        if order.team_id != actor.team.pk:
            raise InvalidInput("The order belongs to another team.", field="order")
        if not order.lines.filter(chip=chip).exists():
            raise InvalidInput(f"{order.reference} orders no {chip.name}.", field="chip")
        _check(use_case)
        filing = Filing.objects.create(
            reference=next_reference("FIL"),
            order=order,
            team=actor.team,
            applicant=actor.membership,
            chip=chip,
            **vars(use_case),
        )
        record("filing.drafted", filing, actor=actor, facts={"order": order.reference})
    return filing


def update_filing(*, actor: Actor, filing_id: uuid.UUID, use_case: UseCase) -> Filing:
    """Change a draft."""
    with transaction.atomic():
        filing = _own_draft(filing_id, actor)
        _check(use_case)
        for name, value in vars(use_case).items():
            setattr(filing, name, value)
        filing.save(update_fields=list(vars(use_case)))
        record("filing.changed", filing, actor=actor)
    return filing


def name_remote_user(*, actor: Actor, filing_id: uuid.UUID, party: Party, purpose: str) -> RemoteUser:
    """Name somebody who will reach the devices from elsewhere; they are screened like every party."""
    with transaction.atomic():
        filing = _own_draft(filing_id, actor)
        user, _ = RemoteUser.objects.update_or_create(
            filing=filing, party=party, defaults={"purpose": purpose.strip()[:300]}
        )
        record("filing.remote_user_named", filing, actor=actor, facts={"party": str(party.pk)})
    return user


def remove_remote_user(*, actor: Actor, filing_id: uuid.UUID, remote_user_id: int) -> None:
    """Take a remote user off a draft."""
    with transaction.atomic():
        filing = _own_draft(filing_id, actor)
        user = filing.remote_users.get(pk=remote_user_id)
        record("filing.remote_user_removed", filing, actor=actor, facts={"party": str(user.party_id)})
        user.delete()


def submit_filing(*, actor: Actor, filing_id: uuid.UUID) -> Filing:
    """Hand a draft in: its remote users are screened, a case is opened and its clock runs.

    Raises:
        ComplianceRefusal: with everything that is missing.
    """
    with transaction.atomic():
        filing = _own_draft(filing_id, actor)
        missing = submission_blockers(filing)
        if missing:
            raise ComplianceRefusal(f"{filing.reference} cannot be handed in yet.", blockers=tuple(missing))
        filing.state = advance(EDGES, filing.state, FilingAction.SUBMIT)
        filing.submitted_at = timezone.now()
        filing.save(update_fields=["state", "submitted_at"])
        record("filing.submitted", filing, actor=actor, facts=_facts(filing))
        screening.screen_filing(actor=actor, filing=filing)
        review.open_case(actor=actor, matter=_matter(filing), applicant=filing.applicant)
    return filing


def withdraw_filing(*, actor: Actor, filing_id: uuid.UUID, reason: str = "") -> Filing:
    """Take a filing back before it is decided."""
    with transaction.atomic():
        filing = Filing.objects.select_for_update().get(pk=filing_id, team=actor.team)
        actor.require(Act.FILE_USE_CASE)
        filing.state = advance(EDGES, filing.state, FilingAction.WITHDRAW)
        filing.save(update_fields=["state"])
        for case in filing.cases.exclude(state__in=[CaseState.CLOSED, CaseState.WITHDRAWN]):
            review.withdraw_case(actor=actor, case=case, reason=reason)
        record("filing.withdrawn", filing, actor=actor, facts={"reason": reason})
    return filing


def apply_filing_decision(*, actor: Actor, filing: Filing, decision: Decision) -> None:
    """Carry out a countersigned decision; on approval allocation opens the grant in this transaction."""
    locked = Filing.objects.select_for_update().get(pk=filing.pk)
    approved = decision.outcome == Outcome.APPROVE
    if approved and (reasons := approval_blockers(locked)):
        raise ComplianceRefusal(f"{locked.reference} cannot be approved now.", blockers=tuple(reasons))
    action = FilingAction.APPROVE if approved else FilingAction.DECLINE
    locked.state = advance(EDGES, locked.state, action)
    locked.save(update_fields=["state"])
    verb = "approved" if approved else "declined"
    record(f"filing.{verb}", locked, actor=actor, facts={"decision": str(decision.pk)})
    events.publish(
        events.FilingDecided(
            filing_id=locked.pk,
            approved=approved,
            granted_ms=decision.granted_ms or 0,
            decision_id=decision.pk,
        )
    )


def move(filing: Filing, action: FilingAction) -> None:
    """Take a locked filing along an edge of its table, for ``acts``.

    Raises:
        IllegalTransition: its state has no such edge.
    """
    filing.state = advance(EDGES, filing.state, action)
    filing.save(update_fields=["state"])


def submission_blockers(filing: Filing) -> list[str]:
    """Everything that is missing before a filing can be handed in."""
    blockers = []
    if filing.order.state not in LIVE_ORDER:
        blockers.append(f"The order {filing.order.reference} is not approved yet.")
    if filing.ends_on < timezone.now().date():
        blockers.append("The period has already ended; choose a later last day.")
    return blockers


def approval_blockers(filing: Filing) -> list[str]:
    """Everything that stands in the way of an approval now; whoever was screened for it or its order is clear."""
    blockers = []
    if filing.order.state not in LIVE_ORDER:
        blockers.append(f"The order {filing.order.reference} is {filing.order.get_state_display().lower()}.")
    screened = Q(pk__in=parties_of_filing(filing).values("pk")) | Q(pk__in=parties_of_order(filing.order).values("pk"))
    unclear = Party.objects.filter(screened).exclude(screening_state=ScreeningState.CLEAR).order_by("name", "pk")
    blockers += [f"Screening of {party.name} is {party.get_screening_state_display().lower()}." for party in unclear]
    blockers += ownership_blockers(list(roots_of_filing(filing)), timezone.now().date())
    blockers += [each.reason for each in standing_blockers()]
    return blockers


def _own_draft(filing_id: uuid.UUID, actor: Actor) -> Filing:
    filing = (
        Filing.objects.select_for_update(of=("self",))
        .select_related("order", "applicant__person")
        .get(pk=filing_id, team=actor.team)
    )
    actor.require(Act.FILE_USE_CASE)
    if filing.state != FilingState.DRAFT:
        raise ComplianceRefusal(f"{filing.reference} was handed in and can no longer be changed.")
    return filing


def _check(use_case: UseCase) -> None:
    for name in ("title", "description", "model_name"):
        if not getattr(use_case, name).strip():
            raise InvalidInput(f"Please fill in the {name.replace('_', ' ')}.", field=name)
    for name in ("model_parameters", "max_devices", "requested_ms"):
        if getattr(use_case, name) <= 0:
            raise InvalidInput(f"The {name.replace('_', ' ')} is above zero.", field=name)
    if use_case.ends_on < use_case.starts_on:
        raise InvalidInput("The last day comes after the first.", field="ends_on")


def _matter(filing: Filing) -> review.Matter:
    return review.Matter(
        kind=CaseKind.FILING,
        title=f"{filing.title} ({filing.team})",
        summary=filing.description,
        order=filing.order,
        filing=filing,
    )


def _facts(filing: Filing) -> dict[str, Any]:
    return {
        "order": filing.order.reference,
        "chip": filing.chip.slug,
        "end_use": filing.end_use,
        "max_devices": filing.max_devices,
        "requested_ms": filing.requested_ms,
        "starts_on": filing.starts_on.isoformat(),
        "ends_on": filing.ends_on.isoformat(),
        "remote_users": [str(pk) for pk in filing.remote_users.values_list("party_id", flat=True)],
    }
