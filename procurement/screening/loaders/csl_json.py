"""The Consolidated Screening List as a compact JSON projection: short keys, tables of repeated texts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from procurement.screening.loaders.countries import country_codes
from procurement.screening.loaders.csl_authorities import authority_code
from procurement.screening.loaders.csl_csv import KINDS
from procurement.screening.loaders.records import (
    EntryRecord,
    KeySequence,
    ListDocument,
    ListFault,
    checked_names,
    clean,
    name_key,
)
from procurement.screening.matching.subjects import Name, NameKind, PartyKind

MAX_BYTES = 64 * 1024 * 1024
_NEEDED = ("entries", "tables", "entryCount", "sourceGeneratedAt")


def read(path: Path) -> ListDocument:
    """The list in ``path``.

    Raises:
        ListFault: not JSON, not this form, or larger than 64 MiB.
    """
    if path.stat().st_size > MAX_BYTES:
        raise ListFault("too_large", f"The file is larger than {MAX_BYTES} bytes.")
    try:
        plain = json.loads(path.read_bytes())
        missing = [key for key in _NEEDED if key not in plain]
        if missing:
            raise ListFault("wrong_form", f"Not the list's JSON: no {', '.join(missing)}.")
        published = datetime.fromisoformat(plain["sourceGeneratedAt"])
        entries = _entries(plain["entries"], plain["tables"])
        count = int(plain["entryCount"])
    except (ValueError, TypeError, RecursionError) as fault:
        raise ListFault("broken_json", f"Not the list's JSON: {str(fault)[:200]}") from fault
    return ListDocument("csl", "Consolidated Screening List (US)", entries, published, count)


def _entries(entries: Any, tables: Any) -> Iterator[EntryRecord]:
    keys = KeySequence()
    for number, entry in enumerate(entries, start=1):
        where = f"Entry {number}"
        try:
            yield _entry(entry, tables, keys, where)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as fault:
            raise ListFault("wrong_form", f"{where}: {type(fault).__name__} {str(fault)[:80]}") from fault


def _entry(entry: dict[str, Any], tables: dict[str, list[str]], keys: KeySequence, where: str) -> EntryRecord:
    authority = authority_code(tables["sources"][entry["s"]], where)
    alternatives = [Name(clean(text), NameKind.ALIAS) for text in entry.get("a", [])]
    names = checked_names([Name(clean(entry["n"])), *alternatives], where)
    number = clean(entry.get("e"))
    return EntryRecord(
        key=keys.unique(f"{authority}:{number}" if number else name_key(authority, names[0].text)),
        authority=authority,
        names=names,
        kind=KINDS.get(str(entry.get("t", "")).lower(), PartyKind.UNKNOWN),
        countries=country_codes(tuple(entry.get("c", []))),
        programmes=tuple(filter(None, [_from(tables["programmes"], entry.get("pg"))])),
        notice=clean(entry.get("fr")),
        url=_from(tables["urls"], entry.get("u")),
        licence_requirement=_from(tables["licenceRequirements"], entry.get("lr")),
        licence_policy=_from(tables["licencePolicies"], entry.get("lp")),
    )


def _from(table: list[str], index: int | None) -> str:
    """A text out of one of the document's tables; "" where the entry names none."""
    return "" if index is None else clean(str(table[index]))
