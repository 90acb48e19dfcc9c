"""Everybody matched again when a list changes: part by part, each part a short transaction, so that no page waits.

What is asked for stands in a row with the list itself; how far it is stands there too, so that it goes on after a stop
where it was. Two processes at it do no harm: each part is taken once, under the row's lock.
"""

from __future__ import annotations

import os
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from procurement.parties.models import Party, ScreeningState
from procurement.screening.findings import Sought, findings, same_places
from procurement.screening.keeping import Cause, Screened, keep
from procurement.screening.matching.matcher import Match, match
from procurement.screening.matching_pool import Found, Submit, Task, matching
from procurement.screening.models import Hit, ListSnapshot, Rescreening, ScreeningRun
from procurement.screening.register import Register, current_register, is_in_force, key_of, threshold
from procurement.screening.subjects import subject_of

PART = 2000
LEAST_FOR_PROCESSES = 5000
SILENT_AFTER = timedelta(minutes=2)
Progress = Callable[[int, int], None]


def quietly(_done: int, _total: int) -> None:
    """Progress that nobody watches."""


class _ListsChanged(Exception):
    """A list came while this went on: what is left is matched against the lists of now."""


@dataclass(frozen=True)
class _Part:
    """Some parties in the sequence of their ids, and what will be found of them."""

    parties: list[Party]
    after: uuid.UUID | None
    found: Callable[[], Found]


def ask(
    *, purpose: str, snapshot: ListSnapshot | None = None, changed_keys: list[str] | None = None, is_whole: bool = False
) -> uuid.UUID | None:
    """Put down that everyone who was ever screened is to be matched again, in the caller's transaction.

    Args:
        changed_keys: the listed parties that changed, such as ``csl:EL:12``.
        is_whole: against every entry, not the changed ones alone.

    Returns:
        What ``run`` takes, or ``None`` where nobody was ever screened.
    """
    count = screened_parties().count()
    if not count:
        return None
    row = Rescreening.objects.create(
        purpose=purpose[:300],
        snapshot=snapshot,
        changed_keys=changed_keys or [],
        is_whole=is_whole,
        party_count=count,
    )
    return row.pk


def screened_parties() -> QuerySet[Party]:
    """Every party that was ever screened, by id."""
    return Party.objects.filter(Exists(ScreeningRun.objects.filter(party=OuterRef("pk")))).order_by("pk")


def unfinished() -> QuerySet[Rescreening]:
    """What was asked for and is not done, in the sequence in which it was asked for."""
    return Rescreening.objects.filter(finished_at=None).order_by("asked_at", "pk")


def _left_alone() -> list[Rescreening]:
    """What nobody has worked on for two minutes."""
    since = timezone.now() - SILENT_AFTER
    return [row for row in unfinished() if (row.beat_at or row.asked_at) < since]


def is_waiting() -> bool:
    """Whether something is left that nobody works on."""
    return bool(_left_alone())


def resume() -> int:
    """Go on with what nobody has worked on for two minutes; returns how many parties were matched."""
    return sum(run(row.pk) for row in _left_alone())


def run(asked: uuid.UUID, progress: Progress = quietly) -> int:
    """Do what was asked for, and before it whatever was asked for earlier and is not done.

    Returns:
        How many parties were matched again by this one.
    """
    wanted = Rescreening.objects.get(pk=asked)
    for row in unfinished().filter(asked_at__lte=wanted.asked_at):
        while Rescreening.objects.get(pk=row.pk).finished_at is None:
            try:
                _work(row.pk, progress)
            except _ListsChanged:
                continue
    return Rescreening.objects.get(pk=asked).done_count


def _work(asked: uuid.UUID, progress: Progress) -> None:
    row, register = Rescreening.objects.get(pk=asked), current_register()
    keys = None if row.is_whole else frozenset(row.changed_keys)
    processes = _processes(row.party_count - row.done_count)
    with matching(Task(keys, threshold()), register.index, register.index_path, processes) as submit:
        for part in _ahead(row, submit):
            row = _apply(row, part, Cause(row.purpose, register, keys=keys))
            progress(row.done_count, row.party_count)
    _finish(row)


def _processes(parties: int) -> int:
    """How many processes match: as ``WRIT_SCREENING_PROCESSES`` says, else two where the machine has them."""
    if parties < LEAST_FOR_PROCESSES:
        return 1
    wanted: int = getattr(settings, "WRIT_SCREENING_PROCESSES", 0)
    return wanted or min(2, os.cpu_count() or 1)


def _ahead(row: Rescreening, submit: Submit) -> Iterator[_Part]:
    """Parts in their sequence; the next one is being matched while one is stored."""
    waiting: deque[_Part] = deque()
    after = row.reached
    while parties := _next(after):
        waiting.append(_Part(parties, after, submit([subject_of(party) for party in parties])))
        after = parties[-1].pk
        if len(waiting) > 1:
            yield waiting.popleft()
    yield from waiting


def _next(after: uuid.UUID | None) -> list[Party]:
    parties = screened_parties().prefetch_related("names")
    return list(parties.filter(pk__gt=after)[:PART] if after else parties[:PART])


def _apply(row: Rescreening, part: _Part, cause: Cause) -> Rescreening:
    """Store one part, unless somebody else has; the parties that it changes nothing for are not touched."""
    found = part.found()
    with transaction.atomic():
        current = Rescreening.objects.select_for_update().get(pk=row.pk)
        if not is_in_force(cause.register):
            raise _ListsChanged
        if current.reached != part.after:
            return current
        for screened, why in _screened(part.parties, found, cause):
            kept = keep(screened, why)
            current.new_hits += kept.new
            current.withdrawn_hits += kept.withdrawn
        current.done_count += len(part.parties)
        current.reached = part.parties[-1].pk
        current.beat_at = timezone.now()
        current.save(update_fields=["done_count", "new_hits", "withdrawn_hits", "reached", "beat_at"])
    return current


def _screened(parties: list[Party], found: Found, cause: Cause) -> list[tuple[list[Screened], Cause]]:
    """Of these parties, those that something may change for, locked, each with what was found of it."""
    touched = _touched(parties, found, cause)
    before = {party.pk: (at, party.version) for at, party in enumerate(parties)}
    locked = Party.objects.select_for_update(no_key=True).filter(pk__in=touched).order_by("pk")
    known: list[Sought] = []
    never: list[Sought] = []
    for party in locked.prefetch_related("names"):
        at, version = before[party.pk]
        if party.screening_state == ScreeningState.NOT_SCREENED:
            never.append(_sought(party, cause.register))
        elif party.version == version:
            known.append(Sought(party, subject_of(party), found.get(at, ())))
        else:
            known.append(_sought(party, cause.register, cause.keys))
    causes = ((known, cause), (never, replace(cause, keys=None)))
    return [(_with_findings(sought, why), why) for sought, why in causes if sought]


def _with_findings(sought: list[Sought], cause: Cause) -> list[Screened]:
    made = findings(sought, cause.register, cause.keys)
    return [Screened(each.party, those) for each, those in zip(sought, made, strict=True)]


def _sought(party: Party, register: Register, keys: frozenset[str] | None = None) -> Sought:
    """A party matched here and now: never matched before, or changed while it was matched elsewhere."""
    subject = subject_of(party)
    matches: tuple[Match, ...] = match(subject, register.index, threshold())
    return Sought(party, subject, tuple(each for each in matches if keys is None or each.listed.key in keys))


def _touched(parties: list[Party], found: Found, cause: Cause) -> set[uuid.UUID]:
    """Parties with something found, with a standing hit on a changed entry, or never matched against any list."""
    places = same_places(parties, cause.register, cause.keys)
    touched = {parties[at].pk for at in found}
    touched |= {party.pk for party in parties if party.address in places}
    touched |= {party.pk for party in parties if party.screening_state == ScreeningState.NOT_SCREENED}
    standing = Hit.objects.filter(party__in=[party.pk for party in parties], withdrawn_at=None)
    for party_id, source_code, entry_key in standing.values_list("party_id", "source_code", "entry_key"):
        if cause.keys is None or key_of(source_code, entry_key) in cause.keys:
            touched.add(party_id)
    return touched


def _finish(row: Rescreening) -> None:
    with transaction.atomic():
        current = Rescreening.objects.select_for_update().get(pk=row.pk)
        if current.finished_at is None and not _next(current.reached):
            current.finished_at = timezone.now()
            current.party_count = current.done_count
            current.save(update_fields=["finished_at", "party_count"])
