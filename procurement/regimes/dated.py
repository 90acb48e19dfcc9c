"""Dated law: parameters and rule versions, read strictly from a regime's own YAML files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from importlib.resources import files
from typing import Any

import yaml

from procurement.regimes.plain import sha256_hex


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
class Book:
    """A regime's rules and parameters with all their dates."""

    regime: str
    begins: date
    read_until: date
    versions: tuple[RuleVersion, ...]
    parameters: Mapping[str, Parameter]
    digest: str

    def at(self, on: date) -> "Law":
        """The law as of one day."""
        return Law(self, on)


class Law:
    """A book opened at one day; it remembers which rule versions were consulted."""

    def __init__(self, book: Book, on: date) -> None:
        self.book = book
        self.on = on
        self.used: dict[str, RuleVersion] = {}

    def version(self, rule: str) -> RuleVersion | None:
        """The version of a rule in its period that day (the newest, where two overlap)."""
        live = [each for each in self.book.versions if each.rule == rule and each.is_on(self.on)]
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


def load_book(regime: str, package: str, *, beside: tuple[str, ...] = ()) -> Book:
    """Reads `rule_versions.yaml` and `parameters.yaml` of a regime's package; the digest covers all its data.

    Args:
        beside: further packages whose data the regime's rules read, such as the country groups.

    Raises: LawFault naming the file for an unknown key, a wrong type, or dates out of order.
    """
    rules = read_yaml(package, "rule_versions.yaml", ("begins", "read_until", "rules"))
    versions = tuple(_versions(rules["rules"], f"{package}/rule_versions.yaml"))
    document = read_yaml(package, "parameters.yaml", ("parameters",))
    parameters = {p.name: p for p in _parameters(document["parameters"], f"{package}/parameters.yaml")}
    return Book(regime, rules["begins"], rules["read_until"], versions, parameters, _digest(package, *beside))


def _digest(*packages: str) -> str:
    """Of every data file of the packages, by name and text."""
    texts = {
        f"{package}/{file.name}": file.read_text(encoding="utf-8")
        for package in packages
        for file in files(package).iterdir()
        if file.name.endswith(".yaml")
    }
    return sha256_hex(texts)


def read_yaml(package: str, name: str, keys: Iterable[str]) -> dict[str, Any]:
    """A YAML mapping with exactly these keys."""
    document = yaml.safe_load(files(package).joinpath(name).read_text(encoding="utf-8"))
    exact_keys(document, keys, f"{package}/{name}")
    return dict(document)


def exact_keys(row: Mapping[str, Any], required: Iterable[str], where: str, optional: Iterable[str] = ()) -> None:
    """Raises: LawFault naming the file for an unknown or a missing key."""
    if not isinstance(row, Mapping):
        raise LawFault(f"{where}: {row!r} is not a mapping")
    wanted = set(required)
    if unknown := set(row) - wanted - set(optional):
        raise LawFault(f"{where}: unknown key {', '.join(sorted(map(str, unknown)))}")
    if missing := wanted - set(row):
        raise LawFault(f"{where}: missing key {', '.join(sorted(missing))}")


def _versions(rules: Mapping[str, Any], where: str) -> Iterable[RuleVersion]:
    for rule, row in rules.items():
        exact_keys(row, ("title", "versions"), f"{where}: {rule}")
        for entry in row["versions"]:
            yield _version(rule, row["title"], entry, f"{where}: {rule}")


def _version(rule: str, title: str, row: Mapping[str, Any], where: str) -> RuleVersion:
    exact_keys(
        row,
        ("version", "effective", "state", "source", "confidence"),
        where,
        ("cfr_cite", "fr_cite", "published", "compliance", "ends", "verify"),
    )
    found = RuleVersion(
        rule=rule,
        version=str(row["version"]),
        title=title,
        cfr_cite=row.get("cfr_cite", ""),
        fr_cite=row.get("fr_cite", ""),
        published=_day(row.get("published"), where),
        effective=_must_day(row["effective"], where),
        compliance=_day(row.get("compliance"), where),
        ends=_day(row.get("ends"), where),
        state=Standing(row["state"]),
        source=row["source"],
        confidence=Confidence(row["confidence"]),
        verify=row.get("verify", ""),
    )
    if found.ends is not None and found.ends < found.effective:
        raise LawFault(f"{where}: {found.version} ends on {found.ends}, before it takes effect")
    return found


def _parameters(rows: Mapping[str, Any], where: str) -> Iterable[Parameter]:
    for name, row in rows.items():
        exact_keys(row, ("unit", "values"), f"{where}: {name}")
        yield Parameter(name, row["unit"], tuple(_value(each, f"{where}: {name}") for each in row["values"]))


def _value(row: Mapping[str, Any], where: str) -> DatedValue:
    exact_keys(row, ("effective", "value", "source"), where, ("ends",))
    if isinstance(row["value"], float):
        raise LawFault(f"{where}: write {row['value']} in quotes: a binary float is not exact")
    return DatedValue(
        _must_day(row["effective"], where),
        _day(row.get("ends"), where),
        Decimal(str(row["value"])),
        row["source"],
    )


def _must_day(value: object, where: str) -> date:
    if not isinstance(value, date):
        raise LawFault(f"{where}: {value!r} is not a date")
    return value


def _day(value: object, where: str) -> date | None:
    return None if value is None else _must_day(value, where)
