"""What officers do to a licence in force: suspend it at once, or propose and countersign an act that takes two."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.errors import InvalidInput, NotPermitted, Overtaken
from ledger.services import record
from ledger.transitions import advance
from procurement.licences import queries, steps
from procurement.licences.models import LegalEffect, Licence, LicenceAct
from procurement.licences.states import EDGES, NEEDS_TWO, LicenceAction
from procurement.licences.steps import SEVERITY, STOPS_USE


@dataclass(frozen=True)
class Proposal:
    """An act on a licence, with its reason; ``basis`` names the rule or letter it rests on."""

    action: LicenceAction
    reason: str
    effect: LegalEffect | None = None
    basis: str = ""


def suspend_licence(*, actor: Actor, licence: Licence, reason: str, effect: LegalEffect = LegalEffect.DRAIN,
                    basis: str = "") -> LicenceAct:  # fmt: skip
    """Suspend a licence. Where running jobs stop, one officer is enough and it holds at once.

    Letting existing use go on (no new shipments, or no new starts alone) takes a second person and the basis it
    rests on: then the act is only proposed.
    """
    proposal = Proposal(LicenceAction.SUSPEND, reason, effect, basis)
    if effect not in STOPS_USE:
        return propose_licence_act(actor=actor, licence=licence, proposal=proposal)
    with transaction.atomic():
        actor.require(Act.SUSPEND_LICENCE)
        locked = steps.lock(licence.pk)
        _refuse_milder(locked, effect)
        _turn_down_reinstatement(actor, locked)
        act = _new_act(actor, locked, proposal, in_effect_at=timezone.now())
        _carry_out(actor, locked, act)
    return act


def propose_licence_act(*, actor: Actor, licence: Licence, proposal: Proposal) -> LicenceAct:
    """Propose an act that takes two: reinstate, revoke, or suspend while existing use goes on.

    Raises:
        InvalidInput: an act that needs no second person, no reason, or no basis for letting use go on.
        Overtaken: another act waits already; the message says whose.
    """
    with transaction.atomic():
        actor.require(_act_for(proposal.action))
        locked = steps.lock(licence.pk)
        steps.refuse_applicants_side(actor, locked.order)
        _check_takes_two(proposal)
        advance(EDGES, locked.state, proposal.action)
        if proposal.action == LicenceAction.SUSPEND:
            _refuse_milder(locked, proposal.effect or LegalEffect.DRAIN)
        waiting = queries.open_act(locked)
        if waiting is not None:
            raise Overtaken(
                f"{waiting.proposer_person.name} has proposed to {waiting.action} {locked.reference} already; "
                "that act is countersigned or withdrawn first."
            )
        act = _new_act(actor, locked, proposal, in_effect_at=None)
        record(f"licence.{_noun(proposal.action)}_proposed", locked, actor=actor, facts=_act_facts(act))
    return act


def countersign_licence_act(*, actor: Actor, act: LicenceAct) -> LicenceAct:
    """Sign a proposed act as the second person; it takes effect in this transaction.

    Raises:
        NotPermitted: the same person proposed it, through whichever account or team.
        Overtaken: it is in effect or withdrawn already.
    """
    with transaction.atomic():
        actor.require(_act_for(LicenceAction(act.action)))
        locked = steps.lock(act.licence_id)
        steps.refuse_applicants_side(actor, locked.order)
        current = _open(act.pk)
        if current.proposer_person_id == actor.person.pk:
            raise NotPermitted("You proposed this act. A second person has to countersign it.")
        if current.action == LicenceAction.SUSPEND:
            _refuse_milder(locked, LegalEffect(current.effect))
        current.countersigner = actor.membership
        current.countersigner_person = actor.person
        current.countersigner_team = actor.team
        current.in_effect_at = timezone.now()
        current.save(update_fields=["countersigner", "countersigner_person", "countersigner_team", "in_effect_at"])
        _carry_out(actor, locked, current)
    return current


def withdraw_licence_act(*, actor: Actor, act: LicenceAct, reason: str) -> LicenceAct:
    """Take a proposed act back, or turn it down; nothing changes on the licence."""
    with transaction.atomic():
        actor.require(_act_for(LicenceAction(act.action)))
        locked = steps.lock(act.licence_id)
        steps.refuse_applicants_side(actor, locked.order)
        current = _open(act.pk)
        current.withdrawn_at = timezone.now()
        current.save(update_fields=["withdrawn_at"])
        facts = {"act": str(current.pk), "reason": steps.said(reason, "reason")}
        record(f"licence.{_noun(LicenceAction(current.action))}_proposal_withdrawn", locked, actor=actor, facts=facts)
    return current


def _turn_down_reinstatement(actor: Actor, licence: Licence) -> None:
    """A reinstatement that waits was proposed before what stops the licence now was known."""
    waiting = queries.open_act(licence)
    if waiting is not None and waiting.action == LicenceAction.REINSTATE:
        LicenceAct.objects.filter(pk=waiting.pk).update(withdrawn_at=timezone.now())
        facts = {"act": str(waiting.pk), "reason": "The licence was suspended with a stricter effect meanwhile."}
        record("licence.reinstatement_proposal_withdrawn", licence, actor=actor, facts=facts)


def _open(act_id: uuid.UUID) -> LicenceAct:
    act = LicenceAct.objects.select_for_update(of=("self",)).select_related("countersigner_person").get(pk=act_id)
    if act.withdrawn_at is not None:
        raise Overtaken("This act was withdrawn already.")
    if act.in_effect_at is not None:
        by = f" since {act.countersigner_person.name} countersigned it" if act.countersigner_person else ""
        raise Overtaken(f"This act is in effect already{by}.")
    return act


def _noun(action: LicenceAction) -> str:
    """The act as a thing, for the record: ``licence.suspension_proposed``."""
    nouns = {LicenceAction.SUSPEND: "suspension", LicenceAction.REVOKE: "revocation"}
    return nouns.get(action, "reinstatement")


def _act_for(action: LicenceAction) -> Act:
    return Act.SUSPEND_LICENCE if action == LicenceAction.SUSPEND else Act.REINSTATE_LICENCE


def _new_act(actor: Actor, licence: Licence, proposal: Proposal, in_effect_at: datetime | None) -> LicenceAct:
    return LicenceAct.objects.create(
        licence=licence,
        action=proposal.action,
        effect=_effect_of(licence, proposal),
        reason=steps.said(proposal.reason, "reason"),
        basis=proposal.basis.strip()[:500],
        proposer=actor.membership,
        proposer_person=actor.person,
        proposer_team=actor.team,
        in_effect_at=in_effect_at,
    )


def _effect_of(licence: Licence, proposal: Proposal) -> LegalEffect:
    """The effect an act has; a reinstatement carries the effect of the suspension that it lifts."""
    if proposal.action != LicenceAction.REINSTATE:
        return proposal.effect or LegalEffect.DRAIN
    lifted = queries.standing_act(licence)
    return LegalEffect(lifted.effect) if lifted else LegalEffect.DRAIN


def _refuse_milder(licence: Licence, effect: LegalEffect) -> None:
    """A licence that is suspended already is suspended again only to stop more than it stops now.

    Raises:
        Overtaken: the suspension that stands goes as far, or further.
    """
    standing = queries.standing_act(licence)
    if standing is not None and SEVERITY[effect] <= SEVERITY[LegalEffect(standing.effect)]:
        raise Overtaken(
            f"{licence.reference} is suspended already, with the effect {standing.effect.replace('_', ' ')}; "
            "only a stricter effect can be added. To let use go on again, reinstate it."
        )


def _check_takes_two(proposal: Proposal) -> None:
    effect = proposal.effect or LegalEffect.DRAIN
    if proposal.action == LicenceAction.SUSPEND:
        if effect in STOPS_USE:
            raise InvalidInput("A suspension that stops running jobs needs no second person: suspend at once.")
        if not proposal.basis.strip():
            raise InvalidInput("Name the basis on which existing use may go on.", field="basis")
    elif proposal.action not in NEEDS_TWO:
        raise InvalidInput(f"To {proposal.action} a licence is no act that two persons sign.", field="action")


def _carry_out(actor: Actor, licence: Licence, act: LicenceAct) -> None:
    """Let an act that is in effect move the licence, and tell whatever hangs on it."""
    action = LicenceAction(act.action)
    steps.move(licence, action)
    verb = {LicenceAction.SUSPEND: "suspended", LicenceAction.REINSTATE: "reinstated", LicenceAction.REVOKE: "revoked"}
    record(f"licence.{verb[action]}", licence, actor=actor, facts=_act_facts(act))
    effect = None if action == LicenceAction.REINSTATE else LegalEffect(act.effect)
    steps.publish(licence, action, effect, f"{licence.reference} was {verb[action]}: {act.reason}")


def _act_facts(act: LicenceAct) -> dict[str, Any]:
    return {"act": str(act.pk), "action": act.action, "effect": act.effect, "reason": act.reason, "basis": act.basis}
