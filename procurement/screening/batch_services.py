"""Many names looked up at once: handed in with a purpose, done part by part, its result to be had as a file."""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.errors import ComplianceRefusal, InvalidInput
from ledger.services import record
from procurement.screening.batch import BatchLine, read_batch
from procurement.screening.matching.matcher import match
from procurement.screening.matching.subjects import Name, Subject
from procurement.screening.models import BatchScreening, BatchScreeningLine
from procurement.screening.register import Register, current_register, threshold
from procurement.screening.services import checked_text, tell_unusual_volume
from procurement.screening.shown import plain_hit

MAX_LINES = 20_000
MAX_NAME = 300
PART = 100
SILENT_AFTER = timedelta(minutes=2)


def ask_batch(*, actor: Actor, file_name: str, content: bytes, purpose: str) -> BatchScreening:
    """Take in a file of names (CSV or JSON lines) to look up; who asked and why is logged with every name.

    Raises:
        InvalidInput: not UTF-8, no names, more than 20,000 lines, or no purpose.
        ComplianceRefusal: no list is loaded.
    """
    actor.require(Act.SCREEN_AD_HOC)
    said = checked_text(purpose, "purpose")
    lines = _lines(content)
    register = current_register()
    if not register.snapshots:
        raise ComplianceRefusal("No screening list is loaded, so nothing can be said of a name. Load one first.")
    with transaction.atomic():
        batch = BatchScreening.objects.create(
            membership=actor.membership,
            file_name=file_name.replace("\x00", "")[:200] or "names.csv",
            purpose=said,
            line_count=len(lines),
            snapshots=list(register.snapshots),
        )
        BatchScreeningLine.objects.bulk_create((_row(batch, line) for line in lines), batch_size=2000)
        record("search.batch_asked", batch, actor=actor, facts={"lines": len(lines)})
        tell_unusual_volume(actor, batch, added=len(lines))
    return batch


def _lines(content: bytes) -> list[BatchLine]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise InvalidInput(f"The file is not UTF-8 text (byte {fault.start}).", field="file") from fault
    found = []
    for line in read_batch(io.StringIO(text, newline="")):
        found.append(line)
        if len(found) > MAX_LINES:
            raise InvalidInput(f"More than {MAX_LINES:,} lines: hand the file in by parts.", field="file")
    if not any(not line.fault for line in found):
        reason = found[0].fault if found else "it is empty"
        raise InvalidInput(f"The file holds no name that can be looked up: {reason}.", field="file")
    return found


def _row(batch: BatchScreening, line: BatchLine) -> BatchScreeningLine:
    name = " ".join(line.name.replace("\x00", "").split())
    fault = line.fault or (f"a name of more than {MAX_NAME} characters" if len(name) > MAX_NAME else "")
    return BatchScreeningLine(
        batch=batch,
        number=line.number,
        name=name[:MAX_NAME],
        country=next(iter(line.countries), "")[:2],
        ref=line.ref.replace("\x00", "")[:200],
        fault=fault[:300],
        hits=[] if fault else None,
    )


def is_waiting() -> bool:
    """Whether a batch waits that nobody has worked on for a while."""
    since = timezone.now() - SILENT_AFTER
    return BatchScreening.objects.filter(Q(beat_at=None) | Q(beat_at__lt=since), finished_at=None).exists()


def is_new() -> bool:
    """Whether a batch waits that nobody has begun."""
    return BatchScreening.objects.filter(beat_at=None, finished_at=None).exists()


def run_all() -> int:
    """Do every batch that is not finished, the oldest first; returns how many."""
    waiting = list(BatchScreening.objects.filter(finished_at=None).order_by("asked_at").values_list("pk", flat=True))
    for pk in waiting:
        run_batch(pk)
    return len(waiting)


def run_batch(pk: uuid.UUID) -> None:
    """Look up what is left of a batch, part by part, so that its page shows how far it is."""
    while _do_part(pk):
        continue


def _do_part(pk: uuid.UUID) -> bool:
    """One part in one transaction; false once nothing is left."""
    register = current_register()
    with transaction.atomic():
        batch = BatchScreening.objects.select_for_update().get(pk=pk)
        left = list(batch.lines.filter(hits__isnull=True)[:PART])
        batch.beat_at = timezone.now()
        if left:
            _look_up(left, register)
            batch.save(update_fields=["beat_at"])
            return True
        if batch.finished_at is None:
            batch.finished_at = batch.beat_at
            batch.save(update_fields=["beat_at", "finished_at"])
            found = batch.lines.exclude(hits=[]).count()
            record("search.batch_done", batch, facts={"lines": batch.line_count, "with_hits": found})
    return False


def _look_up(lines: Sequence[BatchScreeningLine], register: Register) -> None:
    found = [match(_subject(line), register.index, threshold()) for line in lines]
    entries = register.entries({hit.listed.key for hits in found for hit in hits})
    for line, hits in zip(lines, found, strict=True):
        line.hits = [_kept(plain_hit(hit, entries[hit.listed.key])) for hit in hits]
    BatchScreeningLine.objects.bulk_update(lines, ["hits"])


def _kept(hit: dict[str, Any]) -> dict[str, Any]:
    """Of a hit, what the result file tells."""
    wanted = ("entry", "list", "name", "matched_name", "score", "effect", "countries", "url")
    return {key: hit[key] for key in wanted}


def _subject(line: BatchScreeningLine) -> Subject:
    return Subject("", (Name(line.name),), (line.country,) if line.country else ())
