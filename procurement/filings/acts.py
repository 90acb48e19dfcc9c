"""What officers do to an approved filing: suspend it at once, or revoke and reinstate it by two."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.permissions import Act
from ledger import events
from ledger.errors import ComplianceRefusal, InvalidInput, NotPermitted, Overtaken
from ledger.services import record
from ledger.transitions import advance
from procurement.filings.models import Filing, FilingAct
from procurement.filings.services import approval_blockers, move
from procurement.filings.states import EDGES, NEEDS_TWO, FilingAction
from procurement.review.models import Decision
from procurement.review.states import Outcome
from procurement.two_persons import refuse_overtaken, said

_DONE: Final = {
    FilingAction.SUSPEND: "suspended", FilingAction.REINSTATE: "reinstated", FilingAction.REVOKE: "revoked",
}  # fmt: skip
_NOUN: Final = {FilingAction.REINSTATE: "reinstatement", FilingAction.REVOKE: "revocation"}


def suspend_filing(*, actor: Actor, filing: Filing, reason: str, stop_now: bool = False) -> FilingAct:
    """Suspend an approved filing: one officer is enough, what runs under it saves and stops, nothing starts.

    An officer of the applicant's side may suspend too, since it only stops. With ``stop_now`` nothing is saved.

    Raises:
        InvalidInput: no reason.
        IllegalTransition: the filing is not approved.
    """
    with transaction.atomic():
        actor.require(Act.REVIEW_CASE)
        locked = _lock(filing.pk)
        act = _new(actor, locked, FilingAction.SUSPEND, reason)
        act.is_immediate, act.in_effect_at = stop_now, timezone.now()
        _carry_out(actor, locked, act)
    return act


def propose_filing_act(*, actor: Actor, filing: Filing, action: FilingAction, reason: str) -> FilingAct:
    """Propose to revoke the approving decision, or to reinstate what was suspended; a second officer signs.

    Raises:
        NotPermitted: of the applicant's side.
        Overtaken: another proposal waits; the message says whose.
        ComplianceRefusal: a reinstatement while something stands in an approval's way; all reasons are listed.
    """
    with transaction.atomic():
        actor.require(Act.REVIEW_CASE)
        locked = _lock(filing.pk)
        _refuse_applicants_side(actor, locked)
        if action not in NEEDS_TWO:
            raise InvalidInput(f"To {action} a filing is no act that two persons sign.", field="action")
        advance(EDGES, locked.state, action)
        _refuse_blocked(locked, action)
        waiting = open_act(locked)
        if waiting is not None:
            raise Overtaken(
                f"{waiting.proposer_person.name} has proposed to {waiting.action} {locked.reference} already; "
                "that proposal is countersigned or withdrawn first."
            )
        act = _new(actor, locked, action, reason)
        act.save()
        record(f"filing.{_NOUN[action]}_proposed", locked, actor=actor, facts=_facts(act))
    return act


def countersign_filing_act(*, actor: Actor, act: FilingAct) -> FilingAct:
    """Sign a proposal as the second person; it takes effect in this transaction.

    Raises:
        NotPermitted: the same person proposed it, or the officer is of the applicant's side.
        Overtaken: it is in effect or withdrawn already.
    """
    with transaction.atomic():
        actor.require(Act.REVIEW_CASE)
        locked = _lock(act.filing_id)
        _refuse_applicants_side(actor, locked)
        current = _open(act.pk)
        _refuse_blocked(locked, FilingAction(current.action))
        current.sign(actor)
        _carry_out(actor, locked, current)
    return current


def withdraw_filing_act(*, actor: Actor, act: FilingAct, reason: str) -> FilingAct:
    """Take a proposal back, or turn it down; nothing changes on the filing."""
    with transaction.atomic():
        actor.require(Act.REVIEW_CASE)
        locked = _lock(act.filing_id)
        _refuse_applicants_side(actor, locked)
        current = _open(act.pk)
        current.withdrawn_at = timezone.now()
        current.save(update_fields=["withdrawn_at"])
        facts = {"act": str(current.pk), "reason": said(reason)}
        noun = _NOUN[FilingAction(current.action)]
        record(f"filing.{noun}_proposal_withdrawn", locked, actor=actor, facts=facts)
    return current


def open_act(filing: Filing) -> FilingAct | None:
    """The proposal that waits for a second person."""
    rows = filing.acts.filter(in_effect_at=None, withdrawn_at=None).select_related("proposer_person")
    return rows.first()


def _carry_out(actor: Actor, filing: Filing, act: FilingAct) -> None:
    """Let an act that is in effect move the filing, and tell what hangs on it."""
    action = FilingAction(act.action)
    move(filing, action)
    act.save()
    record(f"filing.{_DONE[action]}", filing, actor=actor, facts=_facts(act))
    reason = f"{filing.reference} was {_DONE[action]}: {act.reason}"
    if action == FilingAction.REVOKE:
        _revoke_decision(actor, filing, act)
        events.publish(events.FilingWithdrawn(filing_id=filing.pk, reason=reason))
    elif action == FilingAction.SUSPEND:
        events.publish(events.FilingSuspended(filing_id=filing.pk, reason=reason, stop_now=act.is_immediate))
    else:
        events.publish(events.FilingReinstated(filing_id=filing.pk))


def _revoke_decision(actor: Actor, filing: Filing, act: FilingAct) -> None:
    approved = Decision.objects.select_for_update().filter(
        case__filing=filing, outcome=Outcome.APPROVE, final_at__isnull=False, revoked_at=None
    )
    for decision in approved.order_by("pk"):
        decision.revoked_at = act.in_effect_at
        decision.save(update_fields=["revoked_at"])
        record("decision.revoked", decision, actor=actor, facts=_facts(act))


def _refuse_blocked(filing: Filing, action: FilingAction) -> None:
    if action == FilingAction.REINSTATE and (reasons := approval_blockers(filing)):
        raise ComplianceRefusal(f"{filing.reference} cannot be reinstated yet.", blockers=tuple(reasons))


def _refuse_applicants_side(actor: Actor, filing: Filing) -> None:
    if filing.applicant.person_id == actor.person.pk or actor.is_of(filing.team_id):
        raise NotPermitted("You are of the applicant's side on this filing; another officer has to act.")


def _lock(filing_id: uuid.UUID) -> Filing:
    return Filing.objects.select_for_update(of=("self",)).select_related("order", "applicant").get(pk=filing_id)


def _open(act_id: uuid.UUID) -> FilingAct:
    act = FilingAct.objects.select_for_update(of=("self",)).select_related("countersigner_person").get(pk=act_id)
    refuse_overtaken(act)
    return act


def _new(actor: Actor, filing: Filing, action: FilingAction, reason: str) -> FilingAct:
    return FilingAct(
        filing=filing, action=action, reason=said(reason), proposer=actor.membership, proposer_person=actor.person,
        proposer_team=actor.team,
    )  # fmt: skip


def _facts(act: FilingAct) -> dict[str, Any]:
    return {"act": str(act.pk), "action": act.action, "immediate": act.is_immediate, "reason": act.reason}
