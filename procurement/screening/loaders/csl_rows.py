"""One row of the Consolidated Screening List, in whichever form it came, as an entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from procurement.screening.loaders.countries import country_codes
from procurement.screening.loaders.csl_authorities import authority_code
from procurement.screening.loaders.records import (
    EntryRecord,
    KeySequence,
    ListFault,
    checked_names,
    clean,
    name_key,
    web_address,
)
from procurement.screening.matching.subjects import Name, NameKind, PartyKind

TITLE = "Consolidated Screening List (US)"
KINDS = {kind.value: kind for kind in PartyKind}


@dataclass(frozen=True)
class CslRow:
    """What every form of the list says of an entry; lists are split, nothing else is read yet."""

    source: str
    number: str
    kind: str
    name: str
    alternatives: Sequence[str] = ()
    places: Sequence[str] = ()
    programmes: Sequence[str] = ()
    notice: str = ""
    url: str = ""
    licence_requirement: str = ""
    licence_policy: str = ""
    remarks: str = ""
    ends_on: str = ""
    addresses: Sequence[str] = ()
    identifiers: Sequence[str] = ()
    born: Sequence[str] = ()


def entry_of(row: CslRow, keys: KeySequence, where: str) -> EntryRecord:
    """The entry of a row.

    Raises:
        ListFault: of a list that is not known, without a name, or with a date that is none.
    """
    authority = authority_code(row.source, where)
    alternatives = [Name(clean(text), NameKind.ALIAS) for text in row.alternatives]
    names = checked_names([Name(clean(row.name)), *alternatives], where)
    number = clean(row.number)
    return EntryRecord(
        key=keys.unique(f"{authority}:{number}" if number else name_key(authority, names[0].text)),
        authority=authority,
        names=names,
        kind=KINDS.get(row.kind.strip().lower(), PartyKind.UNKNOWN),
        countries=country_codes(tuple(row.places)),
        programmes=_texts(row.programmes),
        notice=clean(row.notice),
        url=web_address(row.url),
        licence_requirement=clean(row.licence_requirement),
        licence_policy=clean(row.licence_policy),
        remarks=clean(row.remarks),
        ends_on=_date(row.ends_on, where),
        addresses=_texts(row.addresses),
        identifiers=_texts(row.identifiers),
        born=_texts(row.born),
    )


def _texts(said: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in map(clean, said) if text))


def _date(text: str, where: str) -> date | None:
    """An ISO date, or nothing."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as fault:
        raise ListFault("broken_date", f"{where}: {text[:40]!r} is not a date.") from fault
