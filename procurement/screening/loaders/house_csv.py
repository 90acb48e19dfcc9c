"""The operator's own list: ``name,aliases,country,kind,effect,reason``; aliases are split at semicolons."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from procurement.screening.effects import HOUSE, HOUSE_KINDS
from procurement.screening.loaders.countries import country_codes
from procurement.screening.loaders.csl_rows import KINDS
from procurement.screening.loaders.csv_rows import records
from procurement.screening.loaders.records import (
    EntryRecord,
    KeySequence,
    ListDocument,
    ListFault,
    checked_names,
    clean,
    name_key,
    split_list,
)
from procurement.screening.matching.subjects import Name, NameKind

COLUMNS = ("name", "aliases", "country", "kind", "effect", "reason")


def read(path: Path) -> ListDocument:
    """The house list in ``path``; its rows are read as they are asked for."""
    return ListDocument("house", "House list", _entries(path), files=(path,))


def _entries(path: Path) -> Iterator[EntryRecord]:
    keys = KeySequence()
    for line, row in records(path, COLUMNS):
        where = f"Line {line}"
        aliases = [Name(text, NameKind.ALIAS) for text in split_list(row["aliases"])]
        names = checked_names([Name(clean(row["name"])), *aliases], where)
        yield EntryRecord(
            key=keys.unique(name_key(HOUSE, names[0].text)),
            authority=HOUSE,
            names=names,
            kind=KINDS[_one_of(row["kind"], tuple(KINDS), f"{where}, kind")],
            countries=_countries(row["country"], where),
            declared_effect=_one_of(row["effect"], tuple(map(str, HOUSE_KINDS)), f"{where}, effect"),
            reason=clean(row["reason"]),
        )


def _one_of(text: str, allowed: tuple[str, ...], where: str) -> str:
    """A word out of a closed set."""
    word = text.strip().lower()
    if word not in allowed:
        raise ListFault("unknown_word", f"{where}: {text[:40]!r} is not one of {', '.join(allowed)}.")
    return word


def _countries(text: str, where: str) -> tuple[str, ...]:
    """Codes or names of countries; one we cannot read is a fault, since we wrote the list ourselves."""
    said = split_list(text)
    codes = country_codes(said)
    if len(codes) < len(set(said)):
        raise ListFault("unknown_country", f"{where}: no such country in {text[:60]!r}.")
    return codes
