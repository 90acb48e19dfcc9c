"""Which chips a report is about, and which classes of buyer: both are data beside the reports."""

from collections.abc import Mapping
from dataclasses import dataclass

from procurement.regimes.dated import LawFault, RuleVersion, Sheet, exact_keys
from procurement.regimes.facts import BuyerClass, ItemFacts
from procurement.regimes.notes import Notebook


@dataclass(frozen=True, slots=True)
class Subject:
    """The chips that a report names, by slug or the head of one, and those that only resemble them.

    Args:
        holds: whether the report by itself holds the chips that it names, whoever buys them.
    """

    rule: str
    chips: tuple[str, ...]
    siblings: tuple[str, ...]
    holds: bool

    def names(self, item: ItemFacts) -> bool:
        """Whether the report is about the item itself."""
        return any(item.chip == chip or item.chip.startswith(f"{chip}-") for chip in self.chips)

    def resembles(self, item: ItemFacts) -> bool:
        """Whether the item is another chip of the same family."""
        return not self.names(item) and item.chip in self.siblings


def read_subjects(sheet: Sheet) -> tuple[Subject, ...]:
    """The subjects of the reports. Raises: LawFault for a report that the book does not have."""
    known = {version.rule for version in sheet.book.versions}
    return tuple(_subject(rule, row, known, sheet) for rule, row in sheet.only("subjects")["subjects"].items())


def _subject(rule: str, row: Mapping[str, object], known: set[str], sheet: Sheet) -> Subject:
    where = f"{sheet.where}: {rule}"
    exact_keys(row, ("chips", "siblings", "holds"), where)
    chips, siblings, holds = row["chips"], row["siblings"], row["holds"]
    if rule not in known:
        raise LawFault(f"{where}: the book has no such report")
    if not isinstance(chips, list) or not isinstance(siblings, list) or not isinstance(holds, bool):
        raise LawFault(f"{where}: chips and siblings are lists, holds is true or false")
    return Subject(rule, tuple(map(str, chips)), tuple(map(str, siblings)), holds)


def read_classes(sheet: Sheet) -> dict[str, frozenset[BuyerClass]]:
    """Version of the report on shut-out buyers -> the classes that it names.

    Raises: LawFault for a class that nobody knows, or a version that has none.
    """
    try:
        found = {str(v): frozenset(map(BuyerClass, row)) for v, row in sheet.only("classes")["classes"].items()}
    except ValueError as fault:
        raise LawFault(f"{sheet.where}: {fault}") from fault
    if lacking := {v.version for v in sheet.book.versions if v.rule == "report.state-sector"} - set(found):
        raise LawFault(f"{sheet.where}: no classes for {', '.join(sorted(lacking))}")
    return found


def is_subject(rule: str, item: ItemFacts, notes: Notebook) -> bool:
    """Whether a report names the item; a report without subjects names none."""
    return any(each.rule == rule and each.names(item) for each in _subjects(notes))


def named_report(item: ItemFacts, notes: Notebook) -> RuleVersion | None:
    """The report, live that day, that holds this very chip whoever buys it."""
    for each in _subjects(notes):
        if each.holds and each.names(item) and (version := notes.law.version(each.rule)) is not None:
            return version
    return None


def sibling_flags(item: ItemFacts, notes: Notebook) -> None:
    """A report about a chip of the same family: to weigh, never decisive."""
    for each in _subjects(notes):
        version = notes.law.version(each.rule) if each.resembles(item) else None
        if version is not None:
            text = f"Reported of a chip of the same family, not of {item.name}: {version.source}."
            notes.reason(version, text, is_flag=True)


def shut_out_classes(version: RuleVersion, notes: Notebook) -> frozenset[BuyerClass]:
    """The classes of buyer that a version of the report on the state sector names."""
    return notes.law.book.read("classes.yaml", read_classes)[version.version]


def _subjects(notes: Notebook) -> tuple[Subject, ...]:
    return notes.law.book.read("subjects.yaml", read_subjects)
