"""Dated law: rule versions, parameters and further tables of a regime, opened at one day."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import groupby
from typing import Any, TypeVar

T = TypeVar("T")


class LawFault(ValueError):
    """A file of dated law is not what it must be; it names the file and the key."""


class Standing(StrEnum):
    """What standing a rule version has."""

    IN_FORCE = "in_force"
    CODIFIED_NOT_ENFORCED = "codified_not_enforced"
    STAYED = "stayed"
    GUIDANCE = "guidance"
    IS_INFORMED = "is_informed"
    PROPOSED = "proposed"
    ANNOUNCED = "announced"
    REPORTED = "reported"


class Confidence(StrEnum):
    """How the rule was read: primary text, secondary source, or memory alone."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """One version of one rule, with its own dates. `ends` is the last day it applies."""

    rule: str
    version: str
    title: str
    cfr_cite: str
    fr_cite: str
    published: date | None
    effective: date
    compliance: date | None
    ends: date | None
    state: Standing
    source: str
    confidence: Confidence
    verify: str

    @property
    def id(self) -> str:
        """What a determination stores: rule and version."""
        return f"{self.rule}@{self.version}"

    @property
    def citation(self) -> str:
        """The paragraph, and the notice that made it."""
        return "; ".join(cite for cite in (self.cfr_cite, self.fr_cite) if cite)

    def is_on(self, on: date) -> bool:
        """Whether `on` lies in its period."""
        return self.effective <= on and (self.ends is None or on <= self.ends)


@dataclass(frozen=True, slots=True)
class DatedValue:
    """A parameter's value from a date on, with its source down to the paragraph."""

    effective: date
    ends: date | None
    value: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number of the law: unit, and the values it has had."""

    name: str
    unit: str
    values: tuple[DatedValue, ...]

    def on(self, on: date) -> DatedValue | None:
        """The value in force that day, or None."""
        held = [each for each in self.values if each.effective <= on and (each.ends is None or on <= each.ends)]
        return max(held, key=lambda each: each.effective, default=None)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One data file of a book, as a reader of it gets it: `where` names it in faults."""

    where: str
    data: Mapping[str, Any]
    book: "Book"

    def only(self, *keys: str) -> Mapping[str, Any]:
        """The file's mapping. Raises: LawFault for any key but these, or one of these missing."""
        exact_keys(self.data, keys, self.where)
        return self.data


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """A regime's law with all its dates: every data file of its rule set, by name and by text.

    Args:
        texts: file name (`us_ear/clocks.yaml`) -> its text, of this regime and of what lies beside it.
        documents: the same files, parsed.
        digest: of the texts; two books of one digest answer alike.
    """

    regime: str
    begins: date
    read_until: date
    versions: tuple[RuleVersion, ...]
    parameters: Mapping[str, Parameter]
    texts: Mapping[str, str]
    documents: Mapping[str, Mapping[str, Any]]
    digest: str
    by_rule: Mapping[str, tuple[RuleVersion, ...]] = field(init=False, repr=False)
    _read: dict[tuple[str, Callable[[Sheet], Any]], Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """The versions by their rule, as the law of a day asks for them."""
        found = {rule: tuple(group) for rule, group in groupby(self.versions, lambda each: each.rule)}
        object.__setattr__(self, "by_rule", found)

    def at(self, on: date) -> "Law":
        """The law as of one day."""
        return Law(self, on)

    def edges(self) -> tuple[date, ...]:
        """The days on which this law changes, oldest first: a first day, a day of compliance, the day after a last."""
        values = (value for each in self.parameters.values() for value in each.values)
        spans: list[RuleVersion | DatedValue] = [*self.versions, *values]
        ends = (each.ends + timedelta(days=1) for each in spans if each.ends is not None)
        asked = (each.compliance for each in self.versions if each.compliance and each.is_on(each.compliance))
        return tuple(sorted({*(each.effective for each in spans), *asked, *ends}))

    def has(self, name: str) -> bool:
        """Whether the set holds a file; an older set may lack one that a newer program reads."""
        return self._file(name) in self.documents

    def document(self, name: str) -> Mapping[str, Any]:
        """A file's mapping: `clocks.yaml` of the regime itself, `geography/countries.yaml` of what lies beside it.

        Raises: LawFault for a file that the set does not hold.
        """
        if not self.has(name):
            raise LawFault(f"{self._file(name)}: the rule set of {self.regime} holds no such file")
        return self.documents[self._file(name)]

    def read(self, name: str, reader: Callable[[Sheet], T]) -> T:
        """What a reader makes of a file, made once for the book. Raises: LawFault as `document` and the reader do."""
        key = (name, reader)
        if key not in self._read:
            self._read[key] = reader(Sheet(self._file(name), self.document(name), self))
        found: T = self._read[key]
        return found

    def _file(self, name: str) -> str:
        return name if "/" in name else f"{self.regime}/{name}"


class Law:
    """A book opened at one day; it remembers which rule versions were consulted."""

    def __init__(self, book: Book, on: date) -> None:
        self.book = book
        self.on = on
        self.used: dict[str, RuleVersion] = {}

    def version(self, rule: str) -> RuleVersion | None:
        """The version of a rule in its period that day (the newest, where two overlap)."""
        live = [each for each in self.book.by_rule.get(rule, ()) if each.is_on(self.on)]
        found = max(live, key=lambda each: each.effective, default=None)
        if found is not None:
            self.used[found.id] = found
        return found

    def value(self, name: str) -> Decimal | None:
        """A parameter's value that day. Raises: LawFault for a name the book does not have."""
        parameter = self.book.parameters.get(name)
        if parameter is None:
            raise LawFault(f"{self.book.regime}: no parameter is called {name}")
        held = parameter.on(self.on)
        return None if held is None else held.value


def exact_keys(row: Mapping[str, Any], required: Iterable[str], where: str, optional: Iterable[str] = ()) -> None:
    """Raises: LawFault naming the file for an unknown or a missing key."""
    if not isinstance(row, Mapping):
        raise LawFault(f"{where}: {row!r} is not a mapping")
    wanted = set(required)
    if unknown := set(row) - wanted - set(optional):
        raise LawFault(f"{where}: unknown key {', '.join(sorted(map(str, unknown)))}")
    if missing := wanted - set(row):
        raise LawFault(f"{where}: missing key {', '.join(sorted(missing))}")
