"""Deciding hits: one officer dismisses or confirms, two release; a confirmed match stops what hangs on the party."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import Membership
from accounts.permissions import Act
from ledger.errors import InvalidInput, NotPermitted, Overtaken
from ledger.events import PartyMatched, publish
from ledger.services import record
from ledger.transitions import advance
from procurement.orders.services import stop_orders_naming
from procurement.parties.models import Party
from procurement.screening.effects import effect_of
from procurement.screening.keeping import settle
from procurement.screening.models import Hit, HitDecision, HitState
from procurement.screening.states import ACTION_OF, HIT_EDGES
from procurement.screening.subjects import filings_reaching, orders_reaching

MIN_REASON_LENGTH = 10


@transaction.atomic
def decide_hit(*, actor: Actor, hit_id: uuid.UUID, outcome: HitState, reason: str, evidence_sha256: str) -> HitDecision:
    """Say what a hit is. A false positive and a true match hold at once; a release waits for a second person.

    Args:
        evidence_sha256: the evidence the officer saw.

    Raises:
        NotPermitted: not an officer, or of the party's own organisation.
        Overtaken: the evidence has changed since it was seen.
        IllegalTransition: the hit's state does not allow it.
        InvalidInput: no reason worth the name.
    """
    actor.require(Act.DECIDE_HIT)
    hit = _locked_hit(hit_id)
    _require_other_side(actor, hit)
    reason = reason.strip()
    if len(reason) < MIN_REASON_LENGTH:
        raise InvalidInput(f"Give a reason of at least {MIN_REASON_LENGTH} characters.", field="reason")
    if hit.evidence_sha256 != evidence_sha256:
        raise Overtaken("This hit's evidence is not what you saw. Reload the page and look again.")
    target = HitState(advance(HIT_EDGES, hit.state, ACTION_OF[outcome]))
    if target is HitState.RELEASED:
        return _propose_release(actor, hit, reason)
    decision = _decision(actor, hit, target, reason, in_effect_at=timezone.now())
    _settle_hit(actor, hit, decision)
    return decision


@transaction.atomic
def countersign_release(*, actor: Actor, decision_id: uuid.UUID) -> HitDecision:
    """Release a true match as the second person; the party may go on.

    Raises:
        NotPermitted: not an officer, the proposer, or of the party's own organisation.
        Overtaken: somebody has decided it already.
    """
    actor.require(Act.DECIDE_HIT)
    hit_id = HitDecision.objects.values_list("hit_id", flat=True).get(pk=decision_id)
    hit = _locked_hit(hit_id)
    decision = HitDecision.objects.select_for_update().get(pk=decision_id)
    _require_other_side(actor, hit)
    if decision.decider_person_id == actor.person.pk:
        raise NotPermitted("You proposed this release: a second person has to countersign it.")
    if decision.in_effect_at is not None or hit.state != HitState.TRUE_MATCH:
        raise Overtaken(f"This release is no longer open: the hit is {hit.get_state_display().lower()} now.")
    decision.countersigner = actor.membership
    decision.countersigner_person = actor.person
    decision.countersigner_team = actor.team
    decision.in_effect_at = timezone.now()
    decision.save(update_fields=["countersigner", "countersigner_person", "countersigner_team", "in_effect_at"])
    _settle_hit(actor, hit, decision)
    return decision


def _locked_hit(hit_id: uuid.UUID) -> Hit:
    """The hit, locked after its party, so that every act locks in one order."""
    party_id = Hit.objects.values_list("party_id", flat=True).get(pk=hit_id)
    Party.objects.select_for_update().get(pk=party_id)
    return Hit.objects.select_for_update(of=("self",)).select_related("party", "entry").get(pk=hit_id)


def _require_other_side(actor: Actor, hit: Hit) -> None:
    """Nobody decides about their own organisation, or about whom a team of theirs orders for or lets in."""
    mine = Membership.objects.filter(person=actor.person)
    if mine.filter(team__organisation__party_id=hit.party_id).exists():
        raise NotPermitted("This hit is on your own organisation: an officer of another one decides it.")
    teams = list(mine.values_list("team_id", flat=True))
    reached = (orders_reaching(hit.party), filings_reaching(hit.party))
    if any(found.filter(team__in=teams).exists() for found in reached):
        raise NotPermitted("This hit is on a party of your own team's order or filing: another officer decides it.")


def _propose_release(actor: Actor, hit: Hit, reason: str) -> HitDecision:
    if hit.decisions.filter(outcome=HitState.RELEASED, in_effect_at=None).exists():
        raise Overtaken("A release of this match is proposed already: it waits for a second officer.")
    decision = _decision(actor, hit, HitState.RELEASED, reason, in_effect_at=None)
    record("hit.release_proposed", hit, actor=actor, facts={"evidence": hit.evidence_sha256})
    return decision


def _decision(actor: Actor, hit: Hit, outcome: HitState, reason: str, *, in_effect_at: datetime | None) -> HitDecision:
    return HitDecision.objects.create(
        hit=hit,
        outcome=outcome,
        reason=reason[:2000],
        evidence_sha256=hit.evidence_sha256,
        decider=actor.membership,
        decider_person=actor.person,
        decider_team=actor.team,
        in_effect_at=in_effect_at,
    )


def _settle_hit(actor: Actor, hit: Hit, decision: HitDecision) -> None:
    """Let a decision take effect: on the hit, its party, the ledger, and what hangs on the party."""
    hit.state = decision.outcome
    hit.save(update_fields=["state"])
    settle([hit.party])
    record(
        f"hit.{decision.outcome}",
        hit,
        actor=actor,
        facts={
            "decision": str(decision.pk),
            "evidence": hit.evidence_sha256,
            "entry": f"{hit.source_code}:{hit.entry_key}",
            "party": str(hit.party_id),
        },
    )
    if decision.outcome == HitState.TRUE_MATCH:
        effect = effect_of(hit.entry.list_authority, hit.entry.facts.get("declared_effect", ""))
        reason = f"{hit.party.name} is on list {hit.entry.list_authority}: {effect.words}"
        publish(PartyMatched(party_id=hit.party_id, stop_now=effect.stops_now, reason=reason))
        stop_orders_naming(actor=actor, party=hit.party, reason=reason)
