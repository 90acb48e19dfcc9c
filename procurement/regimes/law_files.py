"""The files of a regime's law: read strictly from its package, or from texts kept elsewhere, into a book."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, TypeVar

import yaml

from procurement.regimes.dated import (
    Book,
    Confidence,
    DatedValue,
    LawFault,
    Parameter,
    RuleVersion,
    Sheet,
    Standing,
    exact_keys,
)
from procurement.regimes.plain import sha256_hex

Reader = Callable[[Sheet], Any]
Choice = TypeVar("Choice", bound=StrEnum)
RULES = "rule_versions.yaml"
PARAMETERS = "parameters.yaml"


@dataclass(frozen=True, slots=True)
class LawFiles:
    """Where a regime's law is written, and who reads which file of it.

    Args:
        regime: the regime's id, which is also the name of its package and of its folder in a rule set.
        package: the dotted package that holds its YAML files.
        beside: further packages whose data the rules read, such as the country groups.
        readers: file name -> reader, for every file but the rule versions and the parameters; run at load, so
            that a fault is found then and not at the first question.
    """

    regime: str
    package: str
    beside: tuple[str, ...] = ()
    readers: tuple[tuple[str, Reader], ...] = ()

    def texts(self) -> dict[str, str]:
        """The package's own texts by name, such as `us_ear/clocks.yaml`."""
        return {name: text for package in (self.package, *self.beside) for name, text in _texts(package)}

    def book(self, texts: Mapping[str, str] | None = None) -> Book:
        """The book of the package's own texts (read once), or of others laid out alike.

        Raises: LawFault naming the file for an unknown key, a wrong type, or dates out of order.
        """
        return _own(self) if texts is None else _read(self, texts)


@cache
def _own(law: LawFiles) -> Book:
    return _read(law, law.texts())


def _texts(package: str) -> Iterable[tuple[str, str]]:
    folder = package.rpartition(".")[2]
    for file in sorted(files(package).iterdir(), key=lambda each: each.name):
        if file.name.endswith(".yaml"):
            yield f"{folder}/{file.name}", file.read_text(encoding="utf-8")


def _read(law: LawFiles, texts: Mapping[str, str]) -> Book:
    documents = {name: parsed(text, name) for name, text in texts.items()}
    rules, parameters = (_document(documents, f"{law.regime}/{name}") for name in (RULES, PARAMETERS))
    exact_keys(rules, ("begins", "read_until", "rules"), f"{law.regime}/{RULES}")
    exact_keys(parameters, ("parameters",), f"{law.regime}/{PARAMETERS}")
    book = Book(
        regime=law.regime,
        begins=_must_day(rules["begins"], f"{law.regime}/{RULES}: begins"),
        read_until=_must_day(rules["read_until"], f"{law.regime}/{RULES}: read_until"),
        versions=tuple(_versions(rules["rules"], f"{law.regime}/{RULES}")),
        parameters={p.name: p for p in _parameters(parameters["parameters"], f"{law.regime}/{PARAMETERS}")},
        texts=dict(texts),
        documents=documents,
        digest=sha256_hex(dict(texts)),
    )
    for name, reader in law.readers:
        if book.has(name):
            book.read(name, reader)
    return book


def _document(documents: Mapping[str, Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    if name not in documents:
        raise LawFault(f"{name}: the rule set holds no such file")
    return documents[name]


class _OnceLoader(yaml.CSafeLoader):
    """A key that stands twice is a fault: YAML would let the last one win in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping, each key once."""
        keys = [self.construct_object(key, deep=True) for key, _value in node.value]
        if doubled := {str(key) for key in keys if keys.count(key) > 1}:
            raise LawFault(f"key {', '.join(sorted(doubled))} stands twice")
        found: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return found


@lru_cache(maxsize=256)
def parsed(text: str, name: str) -> Mapping[str, Any]:
    """A YAML mapping, parsed once a text. Raises: LawFault naming the file for anything else."""
    try:
        document = yaml.load(text, Loader=_OnceLoader)  # noqa: S506 (a CSafeLoader)
    except (yaml.YAMLError, LawFault, RecursionError, ValueError) as fault:
        raise LawFault(f"{name}: {' '.join(str(fault).split())}") from fault
    if not isinstance(document, dict):
        raise LawFault(f"{name}: is not a mapping")
    return document


def _versions(rules: Mapping[str, Any], where: str) -> Iterable[RuleVersion]:
    for rule, row in _mapping(rules, f"{where}: rules").items():
        place = f"{where}: {rule}"
        exact_keys(row, ("title", "versions"), place)
        found = [_version(rule, row["title"], entry, place) for entry in _rows(row["versions"], place)]
        _once([each.version for each in found], place)
        _once([each.effective for each in found], place)
        yield from found


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
        title=_words(title, f"{where}: title"),
        cfr_cite=_words(row.get("cfr_cite", ""), f"{where}: cfr_cite"),
        fr_cite=_words(row.get("fr_cite", ""), f"{where}: fr_cite"),
        published=_day(row.get("published"), f"{where}: published"),
        effective=_must_day(row["effective"], f"{where}: effective"),
        compliance=_day(row.get("compliance"), f"{where}: compliance"),
        ends=_day(row.get("ends"), f"{where}: ends"),
        state=_one_of(Standing, row["state"], f"{where}: state"),
        source=_words(row["source"], f"{where}: source"),
        confidence=_one_of(Confidence, row["confidence"], f"{where}: confidence"),
        verify=_words(row.get("verify", ""), f"{where}: verify"),
    )
    if found.ends is not None and found.ends < found.effective:
        raise LawFault(f"{where}: {found.version} ends on {found.ends}, before it takes effect")
    return found


def _parameters(rows: Mapping[str, Any], where: str) -> Iterable[Parameter]:
    for name, row in _mapping(rows, f"{where}: parameters").items():
        place = f"{where}: {name}"
        exact_keys(row, ("unit", "values"), place)
        values = tuple(_value(each, place) for each in _rows(row["values"], place))
        _once([each.effective for each in values], place)
        yield Parameter(name, _words(row["unit"], f"{place}: unit"), values)


def _value(row: Mapping[str, Any], where: str) -> DatedValue:
    exact_keys(row, ("effective", "value", "source"), where, ("ends",))
    if isinstance(row["value"], float):
        raise LawFault(f"{where}: write {row['value']} in quotes: a binary float is not exact")
    found = DatedValue(
        _must_day(row["effective"], f"{where}: effective"),
        _day(row.get("ends"), f"{where}: ends"),
        _number(row["value"], where),
        _words(row["source"], f"{where}: source"),
    )
    if found.ends is not None and found.ends < found.effective:
        raise LawFault(f"{where}: the value of {found.effective} ends on {found.ends}, before it takes effect")
    return found


def _number(value: object, where: str) -> Decimal:
    try:
        found = Decimal(str(value))
    except InvalidOperation as fault:
        raise LawFault(f"{where}: {value!r} is not a number") from fault
    if not found.is_finite():
        raise LawFault(f"{where}: {value!r} is not a finite number")
    return found


def _words(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise LawFault(f"{where}: {value!r} is not text")
    return value


def _one_of(kind: type[Choice], value: object, where: str) -> Choice:
    try:
        return kind(str(value))
    except ValueError as fault:
        known = ", ".join(each.value for each in kind)
        raise LawFault(f"{where}: {value!r} is not one of {known}") from fault


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise LawFault(f"{where}: {value!r} is not a mapping")
    return value


def _rows(value: object, where: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise LawFault(f"{where}: {value!r} is not a list of at least one")
    return value


def _once(values: list[Any], where: str) -> None:
    """Two versions of one name, or two that take effect on one day, leave open which one holds."""
    if doubled := {str(each) for each in values if values.count(each) > 1}:
        raise LawFault(f"{where}: {', '.join(sorted(doubled))} stands twice")


def _must_day(value: object, where: str) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise LawFault(f"{where}: {value!r} is not a date")
    return value


def _day(value: object, where: str) -> date | None:
    return None if value is None else _must_day(value, where)


def package_document(package: str, name: str) -> Mapping[str, Any]:
    """One file of a package, as `geography/countries.yaml`, outside any rule set."""
    return parsed(dict(_texts(package))[name], name)
