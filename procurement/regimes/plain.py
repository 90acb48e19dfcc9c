"""Frozen dataclasses <-> plain JSON values, strictly, so that stored facts replay to the same bytes."""

import dataclasses
import hashlib
import json
import types
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


class FactsRefused(ValueError):
    """A stored value does not fit the type it is read into."""

    code = "facts_refused"


def to_plain(value: object) -> Any:
    """JSON-able form: decimals and dates as text, tuples as lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [to_plain(each) for each in value]
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    return value


def from_plain(cls: type[T], plain: Mapping[str, Any]) -> T:
    """The dataclass that `to_plain` wrote.

    Raises: FactsRefused for an unknown key, a missing one, or a value of the wrong type.
    """
    hints = _hints(cls)
    if unknown := set(plain) - set(hints):
        raise FactsRefused(f"{cls.__name__} has no {', '.join(sorted(unknown))}")
    try:
        return cls(**{name: _read(hints[name], value, f"{cls.__name__}.{name}") for name, value in plain.items()})
    except TypeError as fault:
        raise FactsRefused(f"{cls.__name__}: {fault}") from fault


def canonical_bytes(plain: object) -> bytes:
    """One byte string for one value: sorted keys, no spaces, UTF-8."""
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256_hex(plain: object) -> str:
    """Digest of the canonical bytes."""
    return hashlib.sha256(canonical_bytes(plain)).hexdigest()


_HINTS: dict[type, dict[str, Any]] = {}


def _hints(cls: type) -> dict[str, Any]:
    """Type hints, resolved once a class: resolving is most of the cost of reading."""
    if cls not in _HINTS:
        _HINTS[cls] = get_type_hints(cls)
    return _HINTS[cls]


def _read(hint: Any, value: Any, where: str) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        if value is None:
            return None
        hint = next(option for option in get_args(hint) if option is not type(None))
    if get_origin(hint) is tuple:
        return tuple(_read(get_args(hint)[0], each, where) for each in _expect(value, list, where))
    if dataclasses.is_dataclass(hint):
        return from_plain(hint, _expect(value, dict, where))  # type: ignore[arg-type]
    if hint is Decimal:
        return Decimal(_expect(value, str, where))
    if hint is date:
        return date.fromisoformat(_expect(value, str, where))
    if issubclass(hint, StrEnum):
        return hint(_expect(value, str, where))
    return _expect(value, hint, where)


def _expect(value: Any, kind: type, where: str) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise FactsRefused(f"{where}: {value!r} is not {kind.__name__}")
    return value
