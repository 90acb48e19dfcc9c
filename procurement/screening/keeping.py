"""What screening found is kept: hits on new evidence, those seen again, those no longer seen, and the party's state."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from accounts.actors import Actor
from ledger.services import record
from procurement.parties.models import Party, ScreeningState
from procurement.screening.findings import Finding
from procurement.screening.models import Hit, HitState, ScreeningRun
from procurement.screening.register import Register, key_of, split_key

Seen = tuple[str, str]


@dataclass(frozen=True)
class Screened:
    """A party, locked by the caller, and what was found of it."""

    party: Party
    found: tuple[Finding, ...]


@dataclass(frozen=True)
class Cause:
    """Why and against what was screened.

    Attributes:
        keys: the listed parties that alone were looked at; ``None``: all of them.
    """

    purpose: str
    register: Register
    actor: Actor | None = None
    keys: frozenset[str] | None = None


@dataclass
class Kept:
    """What came of it: the run of each party, and how many hits are new or withdrawn."""

    runs: list[ScreeningRun]
    new: int = 0
    withdrawn: int = 0


def keep(screened: Sequence[Screened], cause: Cause) -> Kept:
    """Store what was found of these parties, in bulk; the same evidence is never stored twice."""
    known = _known([each.party.pk for each in screened])
    fresh: list[Hit] = []
    again: list[uuid.UUID] = []
    gone: list[uuid.UUID] = []
    changes: dict[uuid.UUID, tuple[int, int]] = {}
    for each in screened:
        made, back, unseen = _changes(each, known[each.party.pk], cause.keys)
        changes[each.party.pk] = (len(made), len(unseen))
        fresh += made
        again += [hit.pk for hit in back]
        gone += [hit.pk for hit in unseen]
    Hit.objects.bulk_create(fresh, batch_size=500)
    Hit.objects.filter(pk__in=again).update(withdrawn_at=None)
    Hit.objects.filter(pk__in=gone).update(withdrawn_at=timezone.now())
    if cause.register.snapshots:
        settle([each.party for each in screened])
    runs = _runs(screened, cause)
    for each, run in zip(screened, runs, strict=True):
        _tell(each, run, changes[each.party.pk], cause)
    return Kept(runs, len(fresh), len(gone))


def settle(parties: Iterable[Party]) -> None:
    """The state of each follows from its hits; a confirmed match stays one until two officers release it."""
    by_key = {party.pk: party for party in parties}
    states: dict[uuid.UUID, set[str]] = defaultdict(set)
    standing = Hit.objects.filter(Q(withdrawn_at=None) | Q(state=HitState.TRUE_MATCH), party__in=by_key)
    for party_id, state in standing.values_list("party_id", "state"):
        states[party_id].add(state)
    changed = defaultdict(list)
    for pk, party in by_key.items():
        state = state_after(states[pk])
        if party.screening_state != state:
            party.screening_state = state
            changed[state].append(pk)
    for state, keys in changed.items():
        Party.objects.filter(pk__in=keys).update(screening_state=state)


def state_after(states: set[str]) -> ScreeningState:
    """The state of a party whose standing hits are in these states."""
    if HitState.TRUE_MATCH in states:
        return ScreeningState.MATCHED
    return ScreeningState.UNDECIDED if HitState.OPEN in states else ScreeningState.CLEAR


def _known(parties: list[uuid.UUID]) -> dict[uuid.UUID, dict[Seen, Hit]]:
    """Every hit there ever was on these parties, by what was seen."""
    known: dict[uuid.UUID, dict[Seen, Hit]] = defaultdict(dict)
    light = Hit.objects.only("pk", "party_id", "source_code", "entry_key", "evidence_sha256", "withdrawn_at")
    for hit in light.filter(party__in=parties):
        known[hit.party_id][key_of(hit.source_code, hit.entry_key), hit.evidence_sha256] = hit
    return known


def _changes(
    each: Screened, known: dict[Seen, Hit], keys: frozenset[str] | None
) -> tuple[list[Hit], list[Hit], list[Hit]]:
    """Hits on evidence not seen before, those seen again, and those no longer seen, whose decisions stay on record."""
    seen: set[Seen] = {(found.key, found.sha256) for found in each.found}
    made = [_hit(each.party, found) for found in each.found if (found.key, found.sha256) not in known]
    back = [hit for mark, hit in known.items() if mark in seen and hit.withdrawn_at is not None]
    unseen = [
        hit
        for mark, hit in known.items()
        if mark not in seen and hit.withdrawn_at is None and (keys is None or mark[0] in keys)
    ]
    return made, back, unseen


def _hit(party: Party, found: Finding) -> Hit:
    source_code, entry_key = split_key(found.key)
    return Hit(
        party=party,
        entry=found.entry,
        source_code=source_code,
        entry_key=entry_key,
        score=found.score,
        evidence=found.evidence,
        evidence_sha256=found.sha256,
        effect=found.effect,
    )


def _runs(screened: Sequence[Screened], cause: Cause) -> list[ScreeningRun]:
    snapshots, purpose = list(cause.register.snapshots), cause.purpose[:300]
    return ScreeningRun.objects.bulk_create(
        [
            ScreeningRun(party=each.party, snapshots=snapshots, purpose=purpose, hit_count=len(each.found))
            for each in screened
        ],
        batch_size=500,
    )


def _tell(each: Screened, run: ScreeningRun, changes: tuple[int, int], cause: Cause) -> None:
    new, withdrawn = changes
    if cause.keys is None or new or withdrawn:
        facts = {"hits": len(each.found), "new": new, "withdrawn": withdrawn, "state": each.party.screening_state}
        record("party.screened", each.party, actor=cause.actor, facts={**facts, "run": str(run.pk)})
