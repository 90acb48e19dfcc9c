"""The Consolidated Screening List as JSON: the official file, or a compact projection with tables of repeated texts.

Both are read as a stream. The official file is one object whose ``results`` are the entries, with full keys and
lists; the projection has short keys (n name, a alternatives, s source, ...) that point into its ``tables``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from procurement.screening.loaders.csl_rows import TITLE, CslRow, entry_of
from procurement.screening.loaders.json_stream import members
from procurement.screening.loaders.records import EntryRecord, KeySequence, ListDocument, ListFault, clean

_ARRAYS = frozenset({"results", "entries"})
_NEEDED = ("tables", "entryCount", "sourceGeneratedAt")
_SHAPE_FAULTS = (KeyError, IndexError, TypeError, ValueError, AttributeError)
_ADDRESS = ("address", "city", "state", "postal_code", "country")
_IDENTIFIER = ("type", "number", "country")


def read(path: Path) -> ListDocument:
    """The list in ``path``.

    Raises:
        ListFault: not JSON, or neither form.
    """
    first = next((key for key, _ in members(path, _ARRAYS) if key in _ARRAYS or key == "tables"), "")
    if first == "results":
        entries = _entries(path, "results", _official_row)
        return ListDocument("csl", TITLE, entries, files=(path,))
    return _projection(path)


def _projection(path: Path) -> ListDocument:
    """The projection's own facts may stand after its entries, so it is gone through once to have them."""
    head: dict[str, Any] = {key: value for key, value in members(path, _ARRAYS) if key not in _ARRAYS}
    missing = [key for key in _NEEDED if key not in head]
    if missing:
        raise ListFault("wrong_form", f"Not the list's JSON: no {', '.join(missing)}.")
    try:
        published = datetime.fromisoformat(head["sourceGeneratedAt"])
        count = int(head["entryCount"])
    except (ValueError, TypeError) as fault:
        raise ListFault("wrong_form", f"Not the list's JSON: {str(fault)[:120]}.") from fault
    tables = head["tables"]
    entries = _entries(path, "entries", lambda plain: _projected_row(plain, tables))
    return ListDocument("csl", TITLE, entries, published, count, files=(path,))


def _entries(path: Path, array: str, row_of: Callable[[Any], CslRow]) -> Iterator[EntryRecord]:
    keys = KeySequence()
    number = 0
    for key, plain in members(path, _ARRAYS):
        if key != array:
            continue
        number += 1
        where = f"Entry {number}"
        try:
            row = row_of(plain)
            entry = entry_of(row, keys, where)
        except _SHAPE_FAULTS as fault:
            raise ListFault("wrong_form", f"{where}: {type(fault).__name__} {str(fault)[:80]}") from fault
        yield entry


def _official_row(plain: dict[str, Any]) -> CslRow:
    addresses = [_joined(each, _ADDRESS) for each in plain.get("addresses") or ()]
    lands = [_text(each.get("country")) for each in plain.get("addresses") or ()]
    said = chain(_texts(plain, "nationalities"), _texts(plain, "citizenships"), (_text(plain.get("country")),))
    return CslRow(
        source=_text(plain["source"]),
        number=_text(plain.get("entity_number")),
        kind=_text(plain.get("type")),
        name=_text(plain["name"]),
        alternatives=_texts(plain, "alt_names"),
        places=(*lands, *said, _text(plain.get("vessel_flag"))),
        programmes=_texts(plain, "programs"),
        notice=_text(plain.get("federal_register_notice")),
        url=_text(plain.get("source_information_url") or plain.get("source_list_url")),
        licence_requirement=_text(plain.get("license_requirement")),
        licence_policy=_text(plain.get("license_policy")),
        remarks=_text(plain.get("remarks")),
        ends_on=_text(plain.get("end_date")),
        addresses=addresses,
        identifiers=[_joined(each, _IDENTIFIER) for each in plain.get("ids") or ()],
        born=_texts(plain, "dates_of_birth"),
    )


def _projected_row(plain: dict[str, Any], tables: dict[str, list[str]]) -> CslRow:
    return CslRow(
        source=_from(tables["sources"], plain["s"]),
        number=_text(plain.get("e")),
        kind=_text(plain.get("t")),
        name=_text(plain["n"]),
        alternatives=_texts(plain, "a"),
        places=_texts(plain, "c"),
        programmes=(_from(tables["programmes"], plain.get("pg")),),
        notice=_text(plain.get("fr")),
        url=_from(tables["urls"], plain.get("u")),
        licence_requirement=_from(tables["licenceRequirements"], plain.get("lr")),
        licence_policy=_from(tables["licencePolicies"], plain.get("lp")),
    )


def _from(table: list[str], index: int | None) -> str:
    """A text out of one of the document's tables; "" where the entry names none."""
    if index is None:
        return ""
    if isinstance(index, bool) or not isinstance(index, int) or index < 0:
        raise IndexError(f"no place {index!r} in a table")
    return _text(table[index])


def _text(value: Any) -> str:
    """A text or a number as text; anything else is not this list's form."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError(f"{type(value).__name__} where a text belongs")
    return clean(str(value))


def _texts(plain: dict[str, Any], key: str) -> tuple[str, ...]:
    """A list of texts, or one text, as texts."""
    value = plain.get(key)
    if value is None:
        return ()
    return tuple(map(_text, value)) if isinstance(value, list) else (_text(value),)


def _joined(plain: dict[str, Any], keys: tuple[str, ...]) -> str:
    return ", ".join(text for text in (_text(plain.get(key)) for key in keys) if text)
