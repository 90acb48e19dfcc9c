"""OFAC's legacy SDN.CSV (twelve columns, no header, ``-0-`` for nothing); ALT.CSV beside it gives aliases, ADD.CSV
addresses. The files beside are kept on disk while the list is read, so that memory stays bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from procurement.screening.loaders.beside import Beside
from procurement.screening.loaders.countries import country_codes
from procurement.screening.loaders.csl_rows import KINDS
from procurement.screening.loaders.csv_rows import rows
from procurement.screening.loaders.records import (
    EntryRecord,
    KeySequence,
    ListDocument,
    ListFault,
    checked_names,
    clean,
    split_list,
)
from procurement.screening.matching.subjects import Name, NameKind, PartyKind

SDN_WIDTH = 12
ALT_WIDTH = 5
ADD_WIDTH = 6
_NULL = "-0-"
_END_OF_FILE = ["\x1a"]
_URL = "https://sanctionslist.ofac.treas.gov/Home/SdnList"
_FORMER = "fka"
_ALIAS, _ADDRESS, _COUNTRY = "alias", "address", "country"


def read(path: Path) -> ListDocument:
    """The list in ``path``, with the files beside it (``sdn`` in its name becomes ``alt`` and ``add``)."""
    beside = [found for found in (_named(path, "alt"), _named(path, "add")) if found is not None]
    title = "Specially Designated Nationals (OFAC legacy CSV)"
    return ListDocument("ofac", title, _entries(path), files=(path, *beside))


def _named(path: Path, word: str) -> Path | None:
    """The file beside whose name has ``word`` for ``sdn``; ``None`` where there is none."""
    other = path.with_name(path.name.replace("sdn", word).replace("SDN", word.upper()))
    return other if other != path and other.is_file() else None


def _entries(path: Path) -> Iterator[EntryRecord]:
    keys = KeySequence()
    with closing(_told_beside(path)) as beside:
        for line, row in _rows(path, SDN_WIDTH):
            yield _entry(row, beside, keys, line)


def _entry(row: list[str], beside: Beside, keys: KeySequence, line: int) -> EntryRecord:
    number = row[0]
    aliases = [_alias(told) for told in beside.of(_ALIAS, number)]
    return EntryRecord(
        key=keys.unique(f"SDN:{number}"),
        authority="SDN",
        names=checked_names([Name(row[1]), *aliases], f"Line {line}"),
        kind=KINDS.get(row[2].lower(), PartyKind.ENTITY),
        countries=country_codes(tuple(beside.of(_COUNTRY, number))),
        programmes=split_list(row[3]),
        url=_URL,
        remarks=row[11],
        addresses=tuple(dict.fromkeys(beside.of(_ADDRESS, number))),
    )


def _alias(told: str) -> Name:
    kind, _, text = told.partition(" ")
    return Name(text, NameKind.FORMER if kind == _FORMER else NameKind.ALIAS)


def _told_beside(path: Path) -> Beside:
    """Aliases, addresses and countries by entity number."""
    beside = Beside()
    for other, told in ((_named(path, "alt"), _told_names), (_named(path, "add"), _told_addresses)):
        if other is not None:
            beside.keep(told(other))
    return beside


def _told_names(path: Path) -> Iterator[tuple[str, str, str]]:
    for _, row in _rows(path, ALT_WIDTH):
        yield _ALIAS, row[0], f"{row[2].lower() or 'aka'} {row[3]}"


def _told_addresses(path: Path) -> Iterator[tuple[str, str, str]]:
    for _, row in _rows(path, ADD_WIDTH):
        if address := ", ".join(filter(None, row[2:5])):
            yield _ADDRESS, row[0], address
        if row[4]:
            yield _COUNTRY, row[0], row[4]


def _rows(path: Path, width: int) -> Iterator[tuple[int, list[str]]]:
    """Rows of exactly ``width`` fields, nulls empty; the first must be the entity number."""
    for line, row in rows(path):
        if row == _END_OF_FILE:
            continue
        if len(row) != width or not (row[0].strip().isascii() and row[0].strip().isdigit()):
            message = f"{path.name}, line {line}: not a row of {width} fields that begins with a number."
            raise ListFault("wrong_width", message)
        yield line, ["" if field.strip() == _NULL else clean(field) for field in row]
