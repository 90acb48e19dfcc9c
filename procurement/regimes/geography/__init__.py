"""Countries, and the EAR country groups on a day: a day without a held table is said to be so."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from procurement.regimes.dated import Book, LawFault, Sheet, exact_keys
from procurement.regimes.law_files import Reader, package_document

PACKAGE = "procurement.regimes.geography"
COUNTRIES = "geography/countries.yaml"
GROUPS = "geography/country_groups.yaml"
TABLE_NAME = "EAR country groups (supplement no. 1 to part 740)"


class UnknownCountry(ValueError):
    """Not a country that ISO 3166 has a code for."""

    code = "unknown_country"


@dataclass(frozen=True, slots=True)
class _Change:
    country: str
    effective: date
    ends: date | None
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class GroupTable:
    """The one table held, with the dated changes that cover earlier days."""

    as_of: date
    source: str
    groups: dict[str, frozenset[str]]
    changes: tuple[_Change, ...]
    counted_as: dict[str, str]

    def of(self, country: str, on: date) -> frozenset[str] | None:
        """The groups of a country on a day, or None where no table is held for that day."""
        country = self.counted_as.get(country, country)
        if on < self.as_of:
            return self._by_change(country, on)
        return frozenset(group for group, members in self.groups.items() if country in members)

    def _by_change(self, country: str, on: date) -> frozenset[str] | None:
        for change in self.changes:
            if change.country == country and change.effective <= on and (change.ends is None or on <= change.ends):
                return change.groups
        return None


@cache
def countries() -> dict[str, str]:
    """ISO code -> name, as the installation shows and reads them."""
    return read_names(package_document(PACKAGE, COUNTRIES))


def read_names(document: Mapping[str, Any]) -> dict[str, str]:
    """ISO code -> name, of a file of countries."""
    exact_keys(document, ("countries",), COUNTRIES)
    return {str(code): str(name) for code, name in document["countries"].items()}


def read_countries(sheet: Sheet) -> dict[str, str]:
    """ISO code -> name, of a rule set."""
    return read_names(sheet.data)


def country_name(code: str, book: Book | None = None) -> str:
    """The name for a code (the code itself where ISO does not know it): a rule set's own name in its answers."""
    names = countries() if book is None else book.read(COUNTRIES, read_countries)
    return names.get(code, code)


def country_code(text: str) -> str:
    """The ISO code for a code or a name as typed.

    Raises: UnknownCountry.
    """
    typed = text.strip()
    if typed.upper() in countries():
        return typed.upper()
    found = _by_name().get(typed.casefold())
    if found is None:
        raise UnknownCountry(f"{text!r} is not a country: give an ISO 3166 two-letter code such as US, CN, SG")
    return found


@cache
def _by_name() -> dict[str, str]:
    return {name.casefold(): code for code, name in countries().items()}


def group_table(book: Book) -> GroupTable:
    """The country-group table of a rule set."""
    return book.read(GROUPS, read_groups)


def read_groups(sheet: Sheet) -> GroupTable:
    """The country groups, read strictly. Raises: LawFault naming the file."""
    document = sheet.only("as_of", "source", "groups", "changes", "counted_as")
    groups = {str(name): frozenset(codes) for name, codes in document["groups"].items()}
    known = set(sheet.book.read(COUNTRIES, read_countries))
    if strange := frozenset().union(*groups.values()) - known:
        raise LawFault(f"{sheet.where}: not a country code: {', '.join(sorted(map(str, strange)))}")
    if not isinstance(document["as_of"], date):
        raise LawFault(f"{sheet.where}: as_of: {document['as_of']!r} is not a date")
    changes = tuple(_change(row, sheet.where) for row in document["changes"])
    return GroupTable(document["as_of"], document["source"], groups, changes, dict(document["counted_as"]))


READERS: tuple[tuple[str, Reader], ...] = ((COUNTRIES, read_countries), (GROUPS, read_groups))


def _change(row: dict[str, object], where: str) -> _Change:
    exact_keys(row, ("country", "effective", "groups", "source"), where, ("ends",))
    effective, ends, groups = row["effective"], row.get("ends"), row["groups"]
    if not isinstance(effective, date) or not (ends is None or isinstance(ends, date)) or not isinstance(groups, list):
        raise LawFault(f"{where}: a change of {row['country']} has a wrong date or list")
    return _Change(str(row["country"]), effective, ends, frozenset(groups))
