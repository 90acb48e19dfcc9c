"""Loading a list: whole or not at all; the old one stays in force until the new one stands."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path

from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone
from psycopg import sql

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.errors import ComplianceRefusal, InvalidInput
from ledger.ids import uuid7
from ledger.services import record
from procurement.screening.loaders.formats import open_list
from procurement.screening.loaders.records import (
    EntryRecord,
    ListDocument,
    ListFault,
    check_drop,
    checked,
    clean,
)
from procurement.screening.matching.normalise import MAX_NAME_LENGTH, normalise
from procurement.screening.models import ListEntry, ListName, ListSnapshot
from procurement.screening.register import described, key_of
from procurement.screening.services import rescreen_changed

BATCH = 1000
MAX_URL = 500
DROP_CODE = "suspiciously_smaller"


class ListRefused(InvalidInput):
    """A list file that cannot be taken; the one in force stays."""

    code = "list_refused"


class ListTooSmall(ComplianceRefusal):
    """A list that lost suspiciously many entries; the one in force stays."""

    code = "list_suspiciously_smaller"


@dataclass(frozen=True)
class LoadedList:
    """What a load did.

    Attributes:
        is_new: false where this very file was in force already.
        changed: how many entries were added, changed or removed against the list before.
        rescreened: how many parties were matched again against them.
    """

    snapshot: ListSnapshot
    is_new: bool
    changed: int
    rescreened: int


def load_list(
    *,
    actor: Actor | None,
    file: Path,
    source_code: str = "",
    is_fictional: bool = False,
    published_on: date | None = None,
    is_drop_confirmed: bool = False,
) -> LoadedList:
    """Read a list, put it in force in place of the one before, and screen everyone again on what changed.

    Args:
        actor: who loads it; ``None`` at the command line or for the scheduled task.
        source_code: under which source it replaces a list; by its form (csl, un, ofac, house) if empty.
        is_fictional: it was invented for a demo, and every page says so.
        published_on: its date, where the file does not say; today otherwise.
        is_drop_confirmed: take it although more than 5 % of the entries are gone.

    Raises:
        ListRefused: broken, truncated or of no known form.
        ListTooSmall: more than 5 % of the entries are gone.
    """
    if actor is not None:
        actor.require(Act.LOAD_LIST)
    try:
        document = open_list(file)
        return _load(actor, file, document, source_code, is_fictional, published_on, is_drop_confirmed)
    except ListFault as fault:
        _tell_refusal(actor, source_code or "unknown", fault)
        kind = ListTooSmall if fault.code == DROP_CODE else ListRefused
        raise kind(f"{file.name} is refused: {fault.message}") from fault


@transaction.atomic
def _load(
    actor: Actor | None,
    file: Path,
    document: ListDocument,
    source_code: str,
    is_fictional: bool,
    published_on: date | None,
    is_drop_confirmed: bool,
) -> LoadedList:
    source = (source_code or document.source_code).strip().lower()
    sha256 = _sha256(file)
    before = ListSnapshot.objects.select_for_update().filter(source_code=source, is_current=True).first()
    if before is not None and before.sha256 == sha256:
        return LoadedList(before, False, 0, 0)
    known = _known(before)
    snapshot = _replace(before, source, sha256)
    if snapshot is None:
        said_on = published_on or (document.published_at.date() if document.published_at else None)
        snapshot = _stored(
            document, source, sha256, is_fictional=is_fictional, published_on=said_on or timezone.now().date()
        )
    if not is_drop_confirmed:
        check_drop(len(known), snapshot.entry_count)
    changed = _changed(known, _known(snapshot))
    facts = {**described(snapshot), "entries": snapshot.entry_count, "changed": len(changed)}
    record("list.loaded", snapshot, actor=actor, facts={**facts, "drop_confirmed": is_drop_confirmed})
    keys = {key_of(source, key) for key in changed}
    purpose = f"List changed: {snapshot.title} of {snapshot.published_on}"
    rescreened = rescreen_changed(actor=None, changed_keys=keys, purpose=purpose) if keys else 0
    return LoadedList(snapshot, True, len(changed), rescreened)


def _replace(before: ListSnapshot | None, source: str, sha256: str) -> ListSnapshot | None:
    """Take the list in force out of force; the same file loaded long ago comes back as it was."""
    if before is not None:
        before.is_current = False
        before.save(update_fields=["is_current"])
    again = ListSnapshot.objects.filter(source_code=source, sha256=sha256).first()
    if again is not None:
        again.is_current = True
        again.save(update_fields=["is_current"])
    return again


def _stored(
    document: ListDocument, source: str, sha256: str, *, is_fictional: bool, published_on: date
) -> ListSnapshot:
    """Store every entry, in batches; a fault at any of them undoes all.

    The counts are part of the snapshot, which never changes, so the list is read to its end first.
    """
    entries = list(checked(document))
    snapshot = ListSnapshot.objects.create(
        source_code=source,
        title=document.title,
        is_fictional=is_fictional,
        published_on=published_on,
        sha256=sha256,
        entry_count=len(entries),
        name_count=sum(len(each.names) for each in entries),
    )
    remaining = iter(entries)
    while batch := list(islice(remaining, BATCH)):
        _store_batch(snapshot, batch)
    return snapshot


_ENTRY_COLUMNS = (
    "id", "snapshot_id", "entry_key", "list_authority", "name", "kind", "countries", "programmes", "url", "facts",
    "content_sha256",
)  # fmt: skip
_NAME_COLUMNS = ("entry_id", "name", "normalised", "kind")


def _store_batch(snapshot: ListSnapshot, batch: list[EntryRecord]) -> None:
    """Entries and names by COPY: a whole list has tens of thousands of each."""
    numbered = [(uuid7(), each) for each in batch]
    _copy(ListEntry, _ENTRY_COLUMNS, (_entry_row(snapshot, pk, each) for pk, each in numbered))
    _copy(ListName, _NAME_COLUMNS, (row for pk, each in numbered for row in _name_rows(pk, each)))


def _copy(model: type[Model], columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    table, names = sql.Identifier(model._meta.db_table), sql.SQL(", ").join(map(sql.Identifier, columns))
    with connection.cursor() as cursor, cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(table, names)) as copying:
        for row in rows:
            copying.write_row(row)


def _entry_row(snapshot: ListSnapshot, pk: uuid.UUID, each: EntryRecord) -> tuple[object, ...]:
    if len(each.url) > MAX_URL:
        raise ListFault("url_too_long", f"Entry {each.key}: an address of more than {MAX_URL} characters.")
    return (
        pk,
        snapshot.pk,
        each.key,
        each.authority,
        each.names[0].text,
        str(each.kind),
        json.dumps(each.countries),
        json.dumps(each.programmes),
        each.url,
        json.dumps(_facts(each)),
        each.content_sha256,
    )


def _facts(each: EntryRecord) -> dict[str, str | None]:
    """What the list says of an entry beside names and countries."""
    return {
        "notice": each.notice,
        "licence_requirement": each.licence_requirement,
        "licence_policy": each.licence_policy,
        "declared_effect": each.declared_effect,
        "reason": each.reason,
        "remarks": each.remarks,
        "ends_on": each.ends_on.isoformat() if each.ends_on else None,
    }


def _name_rows(pk: uuid.UUID, each: EntryRecord) -> Iterator[tuple[object, ...]]:
    for name in each.names:
        yield pk, name.text, " ".join(normalise(name.text).tokens)[:MAX_NAME_LENGTH], str(name.kind)


def _known(snapshot: ListSnapshot | None) -> dict[str, str]:
    """Entry keys and content hashes of a snapshot."""
    if snapshot is None:
        return {}
    return dict(ListEntry.objects.filter(snapshot=snapshot).values_list("entry_key", "content_sha256"))


def _changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """Keys of entries that were added, changed or removed."""
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@transaction.atomic
def _tell_refusal(actor: Actor | None, source: str, fault: ListFault) -> None:
    """The refusal goes on record, outside the load's transaction, which is undone."""
    subject = ListSnapshot.objects.filter(source_code=source, is_current=True).first()
    facts = {"code": fault.code, "reason": clean(fault.message)[:500], "source_code": source}
    record("list.refused", subject or ListSnapshot(source_code=source), actor=actor, facts=facts)
