"""A list into the tables as it is read: by COPY, batch by batch, nothing of it kept in memory."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path

from django.db import connection
from django.db.models import Model
from psycopg import sql

from ledger.ids import uuid7
from procurement.screening.addresses import address_key
from procurement.screening.loaders.records import EntryRecord, ListDocument, ListFault, checked
from procurement.screening.matching.normalise import MAX_NAME_LENGTH, normalise
from procurement.screening.models import ListAddress, ListEntry, ListName, ListSnapshot

BATCH = 1000
_ENTRY_COLUMNS = (
    "id", "snapshot_id", "entry_key", "list_authority", "name", "kind", "countries", "programmes", "url", "facts",
    "content_sha256",
)  # fmt: skip
_NAME_COLUMNS = ("entry_id", "name", "normalised", "kind")
_ADDRESS_COLUMNS = ("entry_id", "address", "key")


@dataclass(frozen=True)
class About:
    """What a snapshot says beside its entries."""

    source_code: str
    sha256: str
    published_on: date
    is_fictional: bool = False
    origin: str = ""


@dataclass(frozen=True)
class Difference:
    """How many entries, and which, a snapshot has against the one before.

    Attributes:
        names_before: names of the entries before; ``names_gone``: how many fewer there are now, 0 if there are more.
    """

    before: int
    added: int
    altered: int
    removed: int
    names_before: int
    names_gone: int

    @property
    def changed(self) -> int:
        """Entries added, altered or removed."""
        return self.added + self.altered + self.removed


def store(document: ListDocument, about: About) -> ListSnapshot:
    """Store every entry in one go through the list; a fault at any of them undoes all, with the caller's transaction.

    The snapshot's own row comes last, since it never changes and carries the counts: entries point to it already, and
    the database looks only at the end of the transaction whether what they point to is there.

    Raises:
        ListFault: from the list, which may be broken anywhere.
    """
    pk, entry_count, name_count = uuid7(), 0, 0
    entries = checked(document)
    while batch := list(islice(entries, BATCH)):
        _store_batch(pk, batch)
        entry_count += len(batch)
        name_count += sum(len(each.names) for each in batch)
    return ListSnapshot.objects.create(
        pk=pk, title=document.title, entry_count=entry_count, name_count=name_count, **vars(about)
    )


def sha256_of(files: tuple[Path, ...]) -> str:
    """Hash of a list's file, or of all of them where it has more than one.

    Raises:
        ListFault: a file is gone.
    """
    hashes = []
    for file in files:
        try:
            with file.open("rb") as opened:
                hashes.append(hashlib.file_digest(opened, "sha256").hexdigest())
        except OSError as fault:
            raise ListFault("no_such_file", f"{file.name} cannot be read: {fault.strerror}.") from fault
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()


COUNTS = """
SELECT count(*) FILTER (WHERE o.id IS NOT NULL), count(*) FILTER (WHERE o.id IS NULL),
       count(*) FILTER (WHERE o.content_sha256 <> n.content_sha256), count(*) FILTER (WHERE n.id IS NULL)
FROM (SELECT * FROM procurement_listentry WHERE snapshot_id = %s) o
FULL JOIN (SELECT * FROM procurement_listentry WHERE snapshot_id = %s) n USING (entry_key)
"""
CHANGED_KEYS = """
SELECT coalesce(o.entry_key, n.entry_key)
FROM (SELECT * FROM procurement_listentry WHERE snapshot_id = %s) o
FULL JOIN (SELECT * FROM procurement_listentry WHERE snapshot_id = %s) n USING (entry_key)
WHERE o.content_sha256 IS DISTINCT FROM n.content_sha256
"""


def difference(before: ListSnapshot | None, after: ListSnapshot) -> Difference:
    """How a snapshot differs from the one before, counted in the database."""
    if before is None:
        return Difference(0, after.entry_count, 0, 0, 0, 0)
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, [before.pk, after.pk])
        entries, added, altered, removed = cursor.fetchone()
    names_gone = max(0, before.name_count - after.name_count)
    return Difference(entries, added, altered, removed, before.name_count, names_gone)


def changed_keys(before: ListSnapshot, after: ListSnapshot) -> list[str]:
    """Keys of entries that were added, altered or removed."""
    with connection.cursor() as cursor:
        cursor.execute(CHANGED_KEYS, [before.pk, after.pk])
        return [key for (key,) in cursor.fetchall()]


def _store_batch(snapshot: uuid.UUID, batch: list[EntryRecord]) -> None:
    numbered = [(uuid7(), each) for each in batch]
    _copy(ListEntry, _ENTRY_COLUMNS, (_entry_row(snapshot, pk, each) for pk, each in numbered))
    _copy(ListName, _NAME_COLUMNS, (row for pk, each in numbered for row in _name_rows(pk, each)))
    _copy(ListAddress, _ADDRESS_COLUMNS, (row for pk, each in numbered for row in _address_rows(pk, each)))


def _copy(model: type[Model], columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    table, names = sql.Identifier(model._meta.db_table), sql.SQL(", ").join(map(sql.Identifier, columns))
    with connection.cursor() as cursor, cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(table, names)) as copying:
        for row in rows:
            copying.write_row(row)


def _entry_row(snapshot: uuid.UUID, pk: uuid.UUID, each: EntryRecord) -> tuple[object, ...]:
    return (
        pk,
        snapshot,
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


def _facts(each: EntryRecord) -> dict[str, object]:
    """What the list says of an entry beside names and countries."""
    later = {"addresses": each.addresses, "identifiers": each.identifiers, "born": each.born, "owners": each.owners}
    return {
        "notice": each.notice,
        "licence_requirement": each.licence_requirement,
        "licence_policy": each.licence_policy,
        "declared_effect": each.declared_effect,
        "reason": each.reason,
        "remarks": each.remarks,
        "ends_on": each.ends_on.isoformat() if each.ends_on else None,
        **{name: list(said) for name, said in later.items() if said},
    }


def _name_rows(pk: uuid.UUID, each: EntryRecord) -> Iterator[tuple[object, ...]]:
    for name in each.names:
        yield pk, name.text, " ".join(normalise(name.text).tokens)[:MAX_NAME_LENGTH], str(name.kind)


def _address_rows(pk: uuid.UUID, each: EntryRecord) -> Iterator[tuple[object, ...]]:
    for address in each.addresses:
        if key := address_key(address):
            yield pk, address[:500], key
