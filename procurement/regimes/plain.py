"""Frozen dataclasses <-> plain JSON values, strictly, so that stored facts replay to the same bytes."""

import dataclasses
import hashlib
import json
import types
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


class FactsRefused(ValueError):
    """A stored value does not fit the type it is read into."""

    code = "facts_refused"


def to_plain(value: object) -> Any:
    """JSON-able form: decimals and dates as text, tuples as lists."""
    kind: Any = type(value)
    return _writer(kind)(value)


def from_plain(cls: type[T], plain: Mapping[str, Any]) -> T:
    """The dataclass that `to_plain` wrote.

    Raises: FactsRefused for an unknown key, a missing one, or a value of the wrong type.
    """
    kind: Any = cls
    readers = _readers(kind)
    if unknown := plain.keys() - readers.keys():
        raise FactsRefused(f"{cls.__name__} has no {', '.join(sorted(unknown))}")
    try:
        return cls(**{name: readers[name](value) for name, value in plain.items()})
    except TypeError as fault:
        raise FactsRefused(f"{cls.__name__}: {fault}") from fault


def canonical_bytes(plain: object) -> bytes:
    """One byte string for one value: sorted keys, no spaces, UTF-8."""
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256_hex(plain: object) -> str:
    """Digest of the canonical bytes."""
    return hashlib.sha256(canonical_bytes(plain)).hexdigest()


# Readers and writers are made once a type: working out a hint costs ten times what reading a value by it does.


@cache
def _writer(kind: type) -> Callable[[Any], Any]:
    if dataclasses.is_dataclass(kind):
        names = tuple(field.name for field in dataclasses.fields(kind))
        return lambda value: {name: to_plain(getattr(value, name)) for name in names}
    if issubclass(kind, tuple | list):
        return lambda value: [to_plain(each) for each in value]
    if issubclass(kind, Decimal):
        return lambda value: format(value.normalize(), "f")
    if issubclass(kind, StrEnum):
        return lambda value: value.value
    if issubclass(kind, date):
        return lambda value: value.isoformat()
    return lambda value: value


@cache
def _readers(cls: type) -> dict[str, Callable[[Any], Any]]:
    return {name: _reader(hint, f"{cls.__name__}.{name}") for name, hint in get_type_hints(cls).items()}


def _reader(hint: Any, where: str) -> Callable[[Any], Any]:
    if get_origin(hint) in (Union, types.UnionType):
        inner = _reader(next(option for option in get_args(hint) if option is not type(None)), where)
        return lambda value: None if value is None else inner(value)
    if get_origin(hint) is tuple:
        each_one = _reader(get_args(hint)[0], where)
        return lambda value: tuple([each_one(each) for each in _expect(value, list, where)])
    if dataclasses.is_dataclass(hint):
        return lambda value: from_plain(hint, _expect(value, dict, where))  # type: ignore[arg-type]
    if hint is Decimal:
        return lambda value: _made(Decimal, _expect(value, str, where), where)
    if hint is date:
        return lambda value: _made(date.fromisoformat, _expect(value, str, where), where)
    if issubclass(hint, StrEnum):
        return lambda value: _made(hint, _expect(value, str, where), where)
    return lambda value: _expect(value, hint, where)


def _made(kind: Callable[[str], Any], text: str, where: str) -> Any:
    try:
        return kind(text)
    except (ValueError, ArithmeticError) as fault:
        raise FactsRefused(f"{where}: {text!r} does not fit") from fault


def _expect(value: Any, kind: type, where: str) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise FactsRefused(f"{where}: {value!r} is not {kind.__name__}")
    return value
