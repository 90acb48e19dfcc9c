"""The Consolidated Screening List as the official CSV of 28 columns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from procurement.screening.loaders.countries import country_codes
from procurement.screening.loaders.csl_authorities import authority_code
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
from procurement.screening.matching.subjects import Name, NameKind, PartyKind

COLUMNS = (
    "source", "entity_number", "type", "programs", "name", "title", "addresses", "federal_register_notice",
    "start_date", "end_date", "standard_order", "license_requirement", "license_policy", "call_sign",
    "vessel_type", "gross_tonnage", "gross_registered_tonnage", "vessel_flag", "vessel_owner", "remarks",
    "source_list_url", "alt_names", "citizenships", "dates_of_birth", "nationalities", "places_of_birth",
    "source_information_url", "ids",
)  # fmt: skip
KINDS = {kind.value: kind for kind in PartyKind}


def read(path: Path) -> ListDocument:
    """The list in ``path``; its rows are read as they are asked for."""
    return ListDocument("csl", "Consolidated Screening List (US)", _entries(path))


def _entries(path: Path) -> Iterator[EntryRecord]:
    keys = KeySequence()
    for line, row in records(path, COLUMNS):
        where = f"Line {line}"
        authority = authority_code(row["source"], where)
        alternatives = [Name(text, NameKind.ALIAS) for text in split_list(row["alt_names"])]
        names = checked_names([Name(clean(row["name"])), *alternatives], where)
        number = clean(row["entity_number"])
        yield EntryRecord(
            key=keys.unique(f"{authority}:{number}" if number else name_key(authority, names[0].text)),
            authority=authority,
            names=names,
            kind=KINDS.get(row["type"].strip().lower(), PartyKind.UNKNOWN),
            countries=_countries(row),
            programmes=split_list(row["programs"]),
            notice=clean(row["federal_register_notice"]),
            url=clean(row["source_information_url"] or row["source_list_url"]),
            licence_requirement=clean(row["license_requirement"]),
            licence_policy=clean(row["license_policy"]),
            remarks=clean(row["remarks"]),
            ends_on=_date(row["end_date"], where),
        )


def _countries(row: dict[str, str]) -> tuple[str, ...]:
    """Countries of the addresses (their last part), nationalities, citizenships and the flag."""
    from_addresses = tuple(address.rsplit(",", 1)[-1].strip() for address in split_list(row["addresses"]))
    said = split_list(row["nationalities"]) + split_list(row["citizenships"]) + split_list(row["vessel_flag"])
    return country_codes(from_addresses + said)


def _date(text: str, where: str) -> date | None:
    """An ISO date, or nothing."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as fault:
        raise ListFault("broken_date", f"{where}: {text[:40]!r} is not a date.") from fault
