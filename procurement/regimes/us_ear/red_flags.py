"""The catalogue of red flags RF01 to RF45, by date: each informs those who decide, none decides by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from procurement.regimes.dated import Book, Confidence, Law, LawFault, RuleVersion, Sheet, Standing, exact_keys

FILE = "red_flags.yaml"
SOURCES = {
    "A": "supplement no. 3 to part 732",
    "B": "BIS guidance on diversion of 2025-05-13",
    "C": "BIS guidance of 2026-05-31",
    "E": "charged conduct, as reported",
    "L": "terms of licences",
}


@dataclass(frozen=True, slots=True)
class RedFlag:
    """One sign to look for on a day.

    Args:
        source: one or more of `SOURCES`, such as `A` or `B, C`.
        is_computed: Writ raises it from facts that it holds; the others are for a person to look for.
        rule: the rule version whose dates and citation it has.
        note: what a reader must know about it: that its rule is stayed or not enforced, or what was not read.
    """

    id: str
    text: str
    source: str
    citation: str
    is_computed: bool
    confidence: Confidence
    rule: str
    note: str


@dataclass(frozen=True, slots=True)
class FlagRow:
    """A row of the file, which has no dates of its own."""

    id: str
    rule: str
    source: str
    text: str
    is_computed: bool
    verify: str


def catalogue(on: date, *, book: Book) -> tuple[RedFlag, ...]:
    """The flags that stand on a day, in their order; empty for a rule set that holds no catalogue."""
    if not book.has(FILE):
        return ()
    law = book.at(on)
    rows = book.read(FILE, read_flags)
    return tuple(_flag(row, version) for row in rows.values() if (version := _version(row, law)) is not None)


def _version(row: FlagRow, law: Law) -> RuleVersion | None:
    return law.version(row.rule)


def _flag(row: FlagRow, version: RuleVersion) -> RedFlag:
    confidence = Confidence.MEMORY if row.verify else version.confidence
    verify = f"To be checked: {row.verify}." if row.verify else version.verify
    note = " ".join(part for part in (standing_note(version), verify) if part)
    citation = version.citation
    return RedFlag(row.id, row.text, row.source, citation, row.is_computed, confidence, version.id, note)


def standing_note(version: RuleVersion) -> str:
    """What is said beside a flag whose rule does not bind on the day."""
    if version.state is Standing.STAYED:
        return f"Its rule is stayed until {version.ends}; the flag is kept on."
    if version.state is Standing.CODIFIED_NOT_ENFORCED:
        return "Its rule is codified and not enforced."
    return ""


def read_flags(sheet: Sheet) -> Mapping[str, FlagRow]:
    """The rows by flag, strictly read. Raises: LawFault naming the file for a flag, rule or source not known."""
    rows = [_row(row, sheet) for row in sheet.only("flags")["flags"]]
    names = [row.id for row in rows]
    if names != sorted(set(names)):
        raise LawFault(f"{sheet.where}: the flags do not stand in order, each once")
    return {row.id: row for row in rows}


def _row(row: Mapping[str, Any], sheet: Sheet) -> FlagRow:
    exact_keys(row, ("id", "rule", "source", "text"), sheet.where, ("is_computed", "verify"))
    if strange := set(row["source"]) - set(SOURCES):
        raise LawFault(f"{sheet.where}: {row['id']}: no source is called {', '.join(sorted(map(str, strange)))}")
    if not any(version.rule == row["rule"] for version in sheet.book.versions):
        raise LawFault(f"{sheet.where}: {row['id']}: no rule is called {row['rule']}")
    sources = ", ".join(row["source"])
    return FlagRow(row["id"], row["rule"], sources, row["text"], bool(row.get("is_computed")), row.get("verify", ""))
