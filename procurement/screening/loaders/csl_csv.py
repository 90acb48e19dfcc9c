"""The Consolidated Screening List as the official CSV of 28 columns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from procurement.screening.loaders.csl_rows import TITLE, CslRow, entry_of
from procurement.screening.loaders.csv_rows import records
from procurement.screening.loaders.records import EntryRecord, KeySequence, ListDocument, split_list

COLUMNS = (
    "source", "entity_number", "type", "programs", "name", "title", "addresses", "federal_register_notice",
    "start_date", "end_date", "standard_order", "license_requirement", "license_policy", "call_sign",
    "vessel_type", "gross_tonnage", "gross_registered_tonnage", "vessel_flag", "vessel_owner", "remarks",
    "source_list_url", "alt_names", "citizenships", "dates_of_birth", "nationalities", "places_of_birth",
    "source_information_url", "ids",
)  # fmt: skip


def read(path: Path) -> ListDocument:
    """The list in ``path``; its rows are read as they are asked for."""
    return ListDocument("csl", TITLE, _entries(path), files=(path,))


def _entries(path: Path) -> Iterator[EntryRecord]:
    keys = KeySequence()
    for line, row in records(path, COLUMNS):
        yield entry_of(_row(row), keys, f"Line {line}")


def _row(row: dict[str, str]) -> CslRow:
    addresses = split_list(row["addresses"])
    said = split_list(row["nationalities"]) + split_list(row["citizenships"]) + split_list(row["vessel_flag"])
    return CslRow(
        source=row["source"],
        number=row["entity_number"],
        kind=row["type"],
        name=row["name"],
        alternatives=split_list(row["alt_names"]),
        # An address ends with its country.
        places=(*(address.rsplit(",", 1)[-1].strip() for address in addresses), *said),
        programmes=split_list(row["programs"]),
        notice=row["federal_register_notice"],
        url=row["source_information_url"] or row["source_list_url"],
        licence_requirement=row["license_requirement"],
        licence_policy=row["license_policy"],
        remarks=row["remarks"],
        ends_on=row["end_date"],
        addresses=addresses,
        identifiers=split_list(row["ids"]),
        born=split_list(row["dates_of_birth"]),
    )
