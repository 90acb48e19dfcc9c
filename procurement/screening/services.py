"""Screening parties, deciding hits, and searching by hand: every write but the loading of lists."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.errors import InvalidInput, NotPermitted, Overtaken
from ledger.events import PartyMatched, publish
from ledger.services import record
from ledger.transitions import advance
from procurement.filings.models import Filing
from procurement.orders.models import Order
from procurement.parties.models import Party, ScreeningState
from procurement.screening.effects import effect_of
from procurement.screening.matching.index import CandidateIndex
from procurement.screening.matching.matcher import Match, match
from procurement.screening.matching.subjects import Name, Subject
from procurement.screening.models import AdHocSearch, Hit, HitDecision, HitState, ListEntry, ScreeningRun
from procurement.screening.register import Register, current_register, split_key, threshold
from procurement.screening.shown import evidence_of, plain_hit
from procurement.screening.states import ACTION_OF, HIT_EDGES
from procurement.screening.subjects import parties_of_filing, parties_of_order, subject_of

UNUSUAL_SEARCHES_A_DAY = 50
MAX_SEARCH_LENGTH = 300
MIN_REASON_LENGTH = 10


@dataclass(frozen=True)
class SearchResult:
    """What an ad-hoc search found, and the lists it looked in."""

    name: str
    hits: tuple[dict[str, Any], ...]
    snapshots: tuple[dict[str, str], ...]


@transaction.atomic
def screen_party(*, actor: Actor | None, party: Party, purpose: str) -> ScreeningRun:
    """Match a party with all its names against every list in force; its open hits decide its state.

    Args:
        actor: who caused it; ``None`` for the system's own re-screening.
        purpose: why, in words, such as ``ORD-2026-00001 submitted``.
    """
    return _screen(actor, party, purpose, current_register())


@transaction.atomic
def screen_order(*, actor: Actor | None, order: Order) -> list[ScreeningRun]:
    """Screen every party of an order in every role, with their owners up the tree."""
    return _screen_all(actor, parties_of_order(order), f"Order {order.reference}")


@transaction.atomic
def screen_filing(*, actor: Actor | None, filing: Filing) -> list[ScreeningRun]:
    """Screen every remote user of a filing and the applicant's organisation, with their owners."""
    return _screen_all(actor, parties_of_filing(filing), f"Filing {filing.reference}")


@transaction.atomic
def rescreen_changed(*, actor: Actor | None, changed_keys: set[str], purpose: str) -> int:
    """Match every party that was ever screened against the entries that changed, and only those.

    Returns:
        How many parties were matched again.
    """
    register = current_register()
    part = register.part(changed_keys)
    parties = Party.objects.filter(screening_runs__isnull=False).distinct().order_by("pk")
    count = 0
    for party in parties:
        whole = party.screening_state == ScreeningState.NOT_SCREENED
        _screen(actor, party, purpose, register, None if whole else _Part(part, changed_keys))
        count += 1
    return count


@transaction.atomic
def search(*, actor: Actor | None, name: str, purpose: str, countries: tuple[str, ...] = ()) -> SearchResult:
    """Look a name up by hand; the search is logged with person and purpose, whatever it finds.

    Args:
        actor: who looks; ``None`` at the command line, where ``purpose`` names the account.

    Raises:
        InvalidInput: an empty or overlong name, or no purpose.
    """
    if actor is not None:
        actor.require(Act.SCREEN_AD_HOC)
    name, purpose = _checked_text(name, "name"), _checked_text(purpose, "purpose")
    register = current_register()
    matches = match(Subject("", (Name(name),), countries), register.index, threshold())
    row = AdHocSearch.objects.create(
        membership=actor.membership if actor else None, name=name, purpose=purpose, hit_count=len(matches)
    )
    record("search.made", row, actor=actor, facts={"hits": len(matches), "lists": len(register.snapshots)})
    _tell_unusual_volume(actor, row)
    entries = _entries(register, matches)
    return SearchResult(
        name, tuple(plain_hit(found, entries[found.listed.key]) for found in matches), register.snapshots
    )


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


@dataclass(frozen=True)
class _Part:
    """Some listed parties, which alone are looked at."""

    index: CandidateIndex
    keys: set[str]


def _screen_all(actor: Actor | None, parties: Iterable[Party], purpose: str) -> list[ScreeningRun]:
    register = current_register()
    return [_screen(actor, party, purpose, register) for party in parties]


def _screen(
    actor: Actor | None, party: Party, purpose: str, register: Register, part: _Part | None = None
) -> ScreeningRun:
    """Match, keep the hits, withdraw what is no longer seen, and settle the party's state."""
    locked = Party.objects.select_for_update().get(pk=party.pk)
    subject = subject_of(locked)
    matches = match(subject, part.index if part else register.index, threshold())
    run = ScreeningRun.objects.create(
        party=locked, snapshots=list(register.snapshots), purpose=purpose[:300], hit_count=len(matches)
    )
    new = _keep_hits(locked, subject, matches, register)
    withdrawn = _withdraw_unseen(locked, matches, part)
    if register.snapshots:
        _settle_party(locked)
    if part is None or new or withdrawn:
        facts = {"hits": len(matches), "new": new, "withdrawn": withdrawn, "state": locked.screening_state}
        record("party.screened", locked, actor=actor, facts={**facts, "run": str(run.pk)})
    party.screening_state = locked.screening_state
    return run


def _keep_hits(party: Party, subject: Subject, matches: tuple[Match, ...], register: Register) -> int:
    """Store hits on evidence not seen before, bring back those seen again; returns how many are new."""
    entries = _entries(register, matches)
    new = 0
    for found in matches:
        source_code, entry_key = split_key(found.listed.key)
        entry = entries[found.listed.key]
        effect = effect_of(entry.list_authority, entry.facts.get("declared_effect", ""))
        evidence = evidence_of(found, subject)
        hit, is_new = Hit.objects.get_or_create(
            party=party,
            source_code=source_code,
            entry_key=entry_key,
            evidence_sha256=found.evidence_sha256,
            defaults={"entry": entry, "score": evidence["score"], "evidence": evidence, "effect": effect.kind},
        )
        if hit.withdrawn_at is not None:
            hit.withdrawn_at = None
            hit.save(update_fields=["withdrawn_at"])
        new += is_new
    return new


def _withdraw_unseen(party: Party, matches: tuple[Match, ...], part: _Part | None) -> int:
    """Mark hits whose evidence is no longer seen; a decision on them stays on record."""
    seen = {(split_key(found.listed.key), found.evidence_sha256) for found in matches}
    count = 0
    for hit in party.hits.filter(withdrawn_at=None):
        in_scope = part is None or f"{hit.source_code}:{hit.entry_key}" in part.keys
        if in_scope and ((hit.source_code, hit.entry_key), hit.evidence_sha256) not in seen:
            hit.withdrawn_at = timezone.now()
            hit.save(update_fields=["withdrawn_at"])
            count += 1
    return count


def _settle_party(party: Party) -> None:
    """The party's state follows from its hits; a confirmed match stays one until two officers release it."""
    states = set(party.hits.filter(Q(withdrawn_at=None) | Q(state=HitState.TRUE_MATCH)).values_list("state", flat=True))
    if HitState.TRUE_MATCH in states:
        state = ScreeningState.MATCHED
    elif HitState.OPEN in states:
        state = ScreeningState.UNDECIDED
    else:
        state = ScreeningState.CLEAR
    if party.screening_state != state:
        party.screening_state = state
        party.save(update_fields=["screening_state"])


def _entries(register: Register, matches: tuple[Match, ...]) -> dict[str, ListEntry]:
    """The stored entries behind matches, by the listed party's key."""
    ids = {register.entry_ids[found.listed.key]: found.listed.key for found in matches}
    return {ids[entry.pk]: entry for entry in ListEntry.objects.filter(pk__in=ids).select_related("snapshot")}


def _locked_hit(hit_id: uuid.UUID) -> Hit:
    """The hit, locked after its party, so that every act locks in one order."""
    party_id = Hit.objects.values_list("party_id", flat=True).get(pk=hit_id)
    Party.objects.select_for_update().get(pk=party_id)
    return Hit.objects.select_for_update(of=("self",)).select_related("party", "entry").get(pk=hit_id)


def _require_other_side(actor: Actor, hit: Hit) -> None:
    """Nobody decides about their own organisation."""
    if actor.team.organisation.party_id == hit.party_id:
        raise NotPermitted("This hit is on your own organisation: an officer of another one decides it.")


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
    _settle_party(hit.party)
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


def _checked_text(text: str, field: str) -> str:
    """A typed line of 2 to 300 characters."""
    plain = " ".join(text.replace("\x00", "").split())
    if not 2 <= len(plain) <= MAX_SEARCH_LENGTH:
        raise InvalidInput(f"The {field} needs 2 to {MAX_SEARCH_LENGTH} characters.", field=field)
    return plain


def _tell_unusual_volume(actor: Actor | None, row: AdHocSearch) -> None:
    """Put on record when one person's searches of a day become unusually many."""
    if actor is None:
        return
    since = datetime.now(UTC) - timedelta(days=1)
    count = AdHocSearch.objects.filter(membership__person=actor.person, searched_at__gt=since).count()
    if count == UNUSUAL_SEARCHES_A_DAY:
        record("search.unusual_volume", row, actor=actor, facts={"searches_in_a_day": count})
