"""OFAC's legacy SDN.CSV (twelve columns, no header, ``-0-`` for nothing); ALT.CSV beside it gives aliases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from procurement.screening.loaders.csl_csv import KINDS
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
_NULL = "-0-"
_URL = "https://sanctionslist.ofac.treas.gov/Home/SdnList"
_ALIAS_KINDS = {"fka": NameKind.FORMER}


def read(path: Path) -> ListDocument:
    """The list in ``path``, with the aliases of an ``alt`` file beside it (``sdn`` becomes ``alt``)."""
    return ListDocument("ofac", "Specially Designated Nationals (OFAC legacy CSV)", _entries(path))


def _entries(path: Path) -> Iterator[EntryRecord]:
    aliases = _aliases(path.with_name(path.name.replace("sdn", "alt").replace("SDN", "ALT")), path)
    keys = KeySequence()
    for line, row in rows(path):
        if row == ["\x1a"]:
            continue
        fields = _fields(row, SDN_WIDTH, line)
        kind = KINDS.get(fields[2].lower(), PartyKind.ENTITY)
        yield EntryRecord(
            key=keys.unique(f"SDN:{fields[0]}"),
            authority="SDN",
            names=checked_names([Name(fields[1]), *aliases[fields[0]]], f"Line {line}"),
            kind=kind,
            programmes=split_list(fields[3]),
            url=_URL,
            remarks=fields[11],
        )


def _aliases(path: Path, main: Path) -> defaultdict[str, list[Name]]:
    """Aliases by entity number; none where the file is not there."""
    found: defaultdict[str, list[Name]] = defaultdict(list)
    if path == main or not path.exists():
        return found
    for line, row in rows(path):
        if row == ["\x1a"]:
            continue
        fields = _fields(row, ALT_WIDTH, line)
        kind = _ALIAS_KINDS.get(fields[2].lower(), NameKind.ALIAS)
        found[fields[0]].append(Name(fields[3], kind))
    return found


def _fields(row: list[str], width: int, line: int) -> list[str]:
    """A row of exactly ``width`` fields, nulls empty; the first must be the entity number."""
    if len(row) != width or not row[0].strip().isdigit():
        raise ListFault("wrong_width", f"Line {line}: not a row of {width} fields that begins with a number.")
    return ["" if field.strip() == _NULL else clean(field) for field in row]
