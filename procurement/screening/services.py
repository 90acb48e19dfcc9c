"""Screening parties and searching by hand; ``list_services`` loads lists, ``decision_services`` decides hits."""

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
from ledger.errors import ComplianceRefusal, InvalidInput
from ledger.services import record
from procurement.filings.models import Filing
from procurement.orders.models import Order
from procurement.parties.models import Party, ScreeningState
from procurement.screening.effects import effect_of
from procurement.screening.matching.index import CandidateIndex
from procurement.screening.matching.matcher import Match, match
from procurement.screening.matching.subjects import Name, Subject
from procurement.screening.models import AdHocSearch, Hit, HitState, ScreeningRun
from procurement.screening.register import Register, current_register, split_key, threshold
from procurement.screening.shown import evidence_of, plain_hit
from procurement.screening.subjects import parties_of_filing, parties_of_order, subject_of

UNUSUAL_SEARCHES_A_DAY = 50
MAX_SEARCH_LENGTH = 300


@dataclass(frozen=True)
class SearchResult:
    """What an ad-hoc search found, and the lists it looked in."""

    search_id: uuid.UUID
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

    Where most entries changed, everything is matched: that is the quicker way to the same result.

    Returns:
        How many parties were matched again.
    """
    parties = list(Party.objects.filter(screening_runs__isnull=False).distinct().order_by("pk"))
    if not parties:
        return 0
    register = current_register()
    is_small = len(changed_keys) * 2 < register.index.party_count
    part = _Part(register.part(changed_keys), changed_keys) if is_small else None
    for party in parties:
        is_first = party.screening_state == ScreeningState.NOT_SCREENED
        _screen(actor, party, purpose, register, None if is_first else part)
    return len(parties)


@transaction.atomic
def search(*, actor: Actor | None, name: str, purpose: str, countries: tuple[str, ...] = ()) -> SearchResult:
    """Look a name up by hand; the search is logged with person and purpose, whatever it finds.

    Args:
        actor: who looks; ``None`` at the command line, where ``purpose`` names the account.

    Raises:
        InvalidInput: an empty or overlong name, or no purpose.
        ComplianceRefusal: no list is loaded.
    """
    if actor is not None:
        actor.require(Act.SCREEN_AD_HOC)
    name, purpose = _checked_text(name, "name"), _checked_text(purpose, "purpose")
    register = current_register()
    if not register.snapshots:
        raise ComplianceRefusal("No screening list is loaded, so nothing can be said of a name. Load one first.")
    hits = _look_up(name, countries, register)
    row = AdHocSearch.objects.create(
        membership=actor.membership if actor else None, name=name, purpose=purpose, hit_count=len(hits)
    )
    record("search.made", row, actor=actor, facts={"hits": len(hits), "lists": len(register.snapshots)})
    _tell_unusual_volume(actor, row)
    return SearchResult(row.pk, name, hits, register.snapshots)


def repeat_search(row: AdHocSearch) -> SearchResult:
    """What a logged search finds in the lists of now, for showing it again."""
    register = current_register()
    return SearchResult(row.pk, row.name, _look_up(row.name, (), register), register.snapshots)


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
        settle_party(locked)
    if part is None or new or withdrawn:
        facts = {"hits": len(matches), "new": new, "withdrawn": withdrawn, "state": locked.screening_state}
        record("party.screened", locked, actor=actor, facts={**facts, "run": str(run.pk)})
    party.screening_state = locked.screening_state
    return run


def _keep_hits(party: Party, subject: Subject, matches: tuple[Match, ...], register: Register) -> int:
    """Store hits on evidence not seen before, bring back those seen again; returns how many are new."""
    entries = register.entries({found.listed.key for found in matches})
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


def settle_party(party: Party) -> None:
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


def _look_up(name: str, countries: tuple[str, ...], register: Register) -> tuple[dict[str, Any], ...]:
    matches = match(Subject("", (Name(name),), countries), register.index, threshold())
    entries = register.entries({found.listed.key for found in matches})
    return tuple(plain_hit(found, entries[found.listed.key]) for found in matches)


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
