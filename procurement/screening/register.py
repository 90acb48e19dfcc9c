"""All lists in force as one index, kept in the process until a list changes, and in a file between processes."""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings

from procurement.screening.matching.index import CandidateIndex
from procurement.screening.matching.index_file import IndexFileBroken, fingerprint, load, save
from procurement.screening.matching.matcher import DEFAULT_THRESHOLD
from procurement.screening.matching.subjects import ListedParty, Name, NameKind, PartyKind
from procurement.screening.models import ListEntry, ListSnapshot

KEPT_FILES = 4
LEAST_NAMES_FOR_A_FILE = 2000
_KINDS = {kind.value: kind for kind in PartyKind}
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Register:
    """The lists of one moment.

    Attributes:
        snapshots: what a screening run stores of them, so that it can be reproduced.
        index_path: the file that holds the index, for other processes; ``None`` for a small one that has none.
    """

    snapshot_ids: frozenset[uuid.UUID]
    snapshots: tuple[dict[str, str], ...]
    index: CandidateIndex
    is_fictional_only: bool
    oldest_on: date | None
    index_path: Path | None = None

    def part(self, keys: set[str]) -> CandidateIndex:
        """An index of some listed parties alone that scores as the whole does."""
        return CandidateIndex(self.index.parties_of(keys), weights_of=self.index)

    def entries(self, keys: set[str]) -> dict[str, ListEntry]:
        """The stored entries behind listed parties, by their key."""
        found = ListEntry.objects.filter(
            snapshot__in=self.snapshot_ids, entry_key__in=[split_key(key)[1] for key in keys]
        ).select_related("snapshot")
        by_key = {key_of(entry.snapshot.source_code, entry.entry_key): entry for entry in found}
        return {key: by_key[key] for key in keys}


_lock = threading.Lock()
_cached: Register | None = None


def current_register() -> Register:
    """The lists in force now: from the process, else from the file, else built (seconds for a whole list)."""
    global _cached
    snapshots = list(ListSnapshot.objects.filter(is_current=True).order_by("source_code"))
    wanted = frozenset(snapshot.pk for snapshot in snapshots)
    with _lock:
        if _cached is None or _cached.snapshot_ids != wanted:
            _cached = _register(snapshots, _index(snapshots))
        return _cached


def is_in_force(register: Register) -> bool:
    """Whether the lists of a register are still those of now."""
    now = ListSnapshot.objects.filter(is_current=True).values_list("pk", flat=True)
    return register.snapshot_ids == frozenset(now)


def threshold() -> float:
    """The least score (0 to 1) of a hit: setting ``WRIT_SCREENING_THRESHOLD`` in thousandths."""
    thousandths: int | None = getattr(settings, "WRIT_SCREENING_THRESHOLD", None)
    return DEFAULT_THRESHOLD if thousandths is None else thousandths / 1000


def _register(snapshots: list[ListSnapshot], index: CandidateIndex) -> Register:
    return Register(
        snapshot_ids=frozenset(snapshot.pk for snapshot in snapshots),
        snapshots=tuple(described(snapshot) for snapshot in snapshots),
        index=index,
        is_fictional_only=all(snapshot.is_fictional for snapshot in snapshots),
        oldest_on=min((snapshot.published_on for snapshot in snapshots), default=None),
        index_path=path if (path := _path(snapshots)).is_file() else None,
    )


def _index(snapshots: list[ListSnapshot]) -> CandidateIndex:
    """The index of these snapshots; a large one is kept in a file, which only its own code and content can read."""
    if sum(snapshot.name_count for snapshot in snapshots) < LEAST_NAMES_FOR_A_FILE:
        return CandidateIndex(_listed(snapshots))
    path = _path(snapshots)
    try:
        return CandidateIndex(arrays=load(path))
    except (OSError, IndexFileBroken) as fault:
        _log.info("screening.index_built", file=path.name, because=str(fault))
    index = CandidateIndex(_listed(snapshots))
    try:
        save(index.arrays, path)
        _forget_older(path)
    except OSError as fault:
        _log.warning("screening.index_not_kept", file=path.name, because=str(fault))
    return index


def _path(snapshots: list[ListSnapshot]) -> Path:
    seen = "\n".join([fingerprint(), *(f"{snapshot.pk} {snapshot.sha256}" for snapshot in snapshots)])
    return Path(settings.WRIT_STATE) / "screening" / f"{hashlib.sha256(seen.encode()).hexdigest()}.index"


def _forget_older(path: Path) -> None:
    """Keep the newest few files; one in use by another process stays readable to it."""
    files = sorted(path.parent.glob("*.index"), key=lambda file: file.stat().st_mtime, reverse=True)
    for old in files[KEPT_FILES:]:
        old.unlink(missing_ok=True)


def _listed(snapshots: list[ListSnapshot]) -> Iterator[ListedParty]:
    for snapshot in snapshots:
        for entry in ListEntry.objects.filter(snapshot=snapshot).prefetch_related("names").iterator(2000):
            yield _party(snapshot.source_code, entry)


def _party(source_code: str, entry: ListEntry) -> ListedParty:
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
