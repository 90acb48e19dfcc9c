"""All lists in force as one index, kept in the process until a list changes."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings

from procurement.screening.matching.index import CandidateIndex
from procurement.screening.matching.matcher import DEFAULT_THRESHOLD
from procurement.screening.matching.subjects import ListedParty, Name, NameKind, PartyKind
from procurement.screening.models import ListEntry, ListSnapshot

_KINDS = {kind.value: kind for kind in PartyKind}


@dataclass(frozen=True)
class Register:
    """The lists of one moment.

    Attributes:
        snapshots: what a screening run stores of them, so that it can be reproduced.
        entry_ids: the stored entry behind each listed party's key.
    """

    snapshot_ids: frozenset[uuid.UUID]
    snapshots: tuple[dict[str, str], ...]
    index: CandidateIndex
    entry_ids: dict[str, uuid.UUID]
    is_fictional_only: bool
    oldest_on: date | None

    def part(self, keys: set[str]) -> CandidateIndex:
        """An index of some listed parties alone that scores as the whole does."""
        parties = {named.party.key: named.party for named in self.index.names if named.party.key in keys}
        return CandidateIndex(parties.values(), weights_of=self.index)


_lock = threading.Lock()
_cached: Register | None = None


def current_register() -> Register:
    """The lists in force now; built once a process and list change (seconds for a whole list)."""
    global _cached
    snapshots = list(ListSnapshot.objects.filter(is_current=True).order_by("source_code"))
    wanted = frozenset(snapshot.pk for snapshot in snapshots)
    with _lock:
        if _cached is None or _cached.snapshot_ids != wanted:
            _cached = _built(snapshots)
        return _cached


def threshold() -> float:
    """The least score (0 to 1) of a hit: setting ``WRIT_SCREENING_THRESHOLD`` in thousandths."""
    thousandths: int | None = getattr(settings, "WRIT_SCREENING_THRESHOLD", None)
    return DEFAULT_THRESHOLD if thousandths is None else thousandths / 1000


def _built(snapshots: list[ListSnapshot]) -> Register:
    listed: list[ListedParty] = []
    entry_ids: dict[str, uuid.UUID] = {}
    for snapshot in snapshots:
        for entry in ListEntry.objects.filter(snapshot=snapshot).prefetch_related("names").iterator(2000):
            party = _listed(snapshot.source_code, entry)
            listed.append(party)
            entry_ids[party.key] = entry.pk
    return Register(
        snapshot_ids=frozenset(snapshot.pk for snapshot in snapshots),
        snapshots=tuple(described(snapshot) for snapshot in snapshots),
        index=CandidateIndex(listed),
        entry_ids=entry_ids,
        is_fictional_only=all(snapshot.is_fictional for snapshot in snapshots),
        oldest_on=min((snapshot.published_on for snapshot in snapshots), default=None),
    )


def _listed(source_code: str, entry: ListEntry) -> ListedParty:
    names = tuple(Name(row.name, NameKind(row.kind)) for row in entry.names.all())
    return ListedParty(
        key_of(source_code, entry.entry_key),
        entry.content_sha256,
        names,
        tuple(entry.countries),
        _KINDS.get(entry.kind, PartyKind.UNKNOWN),
    )


def key_of(source_code: str, entry_key: str) -> str:
    """The key of a listed party over all lists."""
    return f"{source_code}:{entry_key}"


def split_key(key: str) -> tuple[str, str]:
    """A listed party's key as (source code, entry key)."""
    source_code, _, entry_key = key.partition(":")
    return source_code, entry_key


def described(snapshot: ListSnapshot) -> dict[str, Any]:
    """What a run and the ledger say of a snapshot: plain JSON."""
    return {
        "source_code": snapshot.source_code,
        "title": snapshot.title,
        "published_on": snapshot.published_on.isoformat(),
        "sha256": snapshot.sha256,
        "is_fictional": snapshot.is_fictional,
    }
