"""Strict parsing: a JSON object becomes a frozen dataclass, or is refused with the field's name.

Unknown fields, missing fields, a bool for an int and any other near miss are refused: what is not exactly
the message is not a message. A field with a default may be absent.
"""

import dataclasses
import json
import math
import types
import typing
from functools import cache
from typing import Any, TypeVar

MAX_TEXT = 1 << 20
MAX_ITEMS = 10_000

Message = TypeVar("Message")


class MessageMalformed(ValueError):
    """A message does not have the shape that the protocol gives it; `str()` names the field."""

    code = "malformed"


def parse(cls: type[Message], value: object) -> Message:
    """Read one message of dataclass `cls` from decoded JSON.

    Raises:
        MessageMalformed: for an unknown, missing or wrong field, named by its path.
    """
    return typing.cast(Message, _read(cls, value, cls.__name__))


def parse_json(cls: type[Message], body: bytes) -> Message:
    """Read one message from JSON text.

    Raises:
        MessageMalformed: if the text is not JSON, or not this message.
    """
    return parse(cls, decode_json(body))


def decode_json(body: bytes) -> object:
    """Decode JSON text; a key given twice, a number that is not finite and bad UTF-8 are refused.

    Raises:
        MessageMalformed: if the text is not such JSON.
    """
    try:
        return json.loads(
            body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite
        )
    except MessageMalformed:
        raise
    except (ValueError, RecursionError) as error:
        raise MessageMalformed(f"not JSON: {error}") from error


def as_json(message: object) -> dict[str, Any]:
    """The message as a plain object, ready for JSON."""
    if not dataclasses.is_dataclass(message) or isinstance(message, type):
        raise MessageMalformed(f"{type(message).__name__} is not a message")
    return dataclasses.asdict(message)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MessageMalformed("a key is given twice in one object")
    return found


def _no_constant(name: str) -> object:
    raise MessageMalformed(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise MessageMalformed(f"{digits[:20]} is beyond every JSON number")
    return number


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _read(kind: Any, value: object, path: str) -> object:
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return _read_union(typing.get_args(kind), value, path)
    if origin in (list, tuple):
        return _read_items(origin, typing.get_args(kind)[0], value, path)
    if origin is dict or kind is dict:
        return _read_object(value, path)
    if origin is typing.Literal:
        return _read_literal(typing.get_args(kind), value, path)
    if dataclasses.is_dataclass(kind):
        return _read_message(typing.cast(type, kind), value, path)
    return _read_plain(kind, value, path)


def _read_plain(kind: Any, value: object, path: str) -> object:
    if type(value) is not kind:
        raise MessageMalformed(f"{path}: expected {kind.__name__}, got {type(value).__name__}")
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise MessageMalformed(f"{path}: longer than {MAX_TEXT} characters")
    return value


def _read_literal(allowed: tuple[object, ...], value: object, path: str) -> object:
    if not isinstance(value, str) or value not in allowed:
        raise MessageMalformed(f"{path}: expected one of {', '.join(map(str, allowed))}")
    return value


def _read_union(kinds: tuple[Any, ...], value: object, path: str) -> object:
    if value is None and type(None) in kinds:
        return None
    problems = []
    for kind in kinds:
        if kind is type(None):
            continue
        try:
            return _read(kind, value, path)
        except MessageMalformed as problem:
            problems.append(str(problem))
    raise MessageMalformed(problems[0])


def _read_items(origin: type, kind: Any, value: object, path: str) -> object:
    if not isinstance(value, list):
        raise MessageMalformed(f"{path}: expected a list, got {type(value).__name__}")
    if len(value) > MAX_ITEMS:
        raise MessageMalformed(f"{path}: more than {MAX_ITEMS} items")
    return origin(_read(kind, item, f"{path}[{place}]") for place, item in enumerate(value))


def _read_object(value: object, path: str) -> object:
    if not isinstance(value, dict):
        raise MessageMalformed(f"{path}: expected an object, got {type(value).__name__}")
    return value


def _read_message(cls: type, value: object, path: str) -> object:
    if not isinstance(value, dict):
        raise MessageMalformed(f"{path}: expected an object, got {type(value).__name__}")
    hints = _hints(cls)
    if unknown := sorted(str(name) for name in value.keys() - hints.keys()):
        raise MessageMalformed(f"{path}: unknown field {unknown[0]}")
    given = {name: _read(kind, value[name], f"{path}.{name}") for name, kind in hints.items() if name in value}
    for field in dataclasses.fields(cls):
        optional = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        if field.name not in given and not optional:
            raise MessageMalformed(f"{path}.{field.name}: missing")
    return cls(**given)
