"""A JSON document read as a stream: the members of its top object, long arrays one element at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from procurement.screening.loaders.records import ListFault

CHUNK_CHARS = 1 << 16
MAX_VALUE_CHARS = 8_000_000
_BLANKS = " \t\r\n"


def _refuse_constant(text: str) -> None:
    raise ListFault("broken_json", f"Not JSON: the constant {text}.")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


class _Text:
    """The part of a file that is being looked at, and no more of it."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._held = ""
        self._at = 0
        self._is_ended = False

    def peek(self) -> str:
        """The next character that is no blank; "" at the end."""
        while True:
            while self._at < len(self._held):
                if self._held[self._at] not in _BLANKS:
                    return self._held[self._at]
                self._at += 1
            if not self._more(CHUNK_CHARS):
                return ""

    def take(self, expected: str) -> None:
        """Pass over one character, which must be this one."""
        found = self.peek()
        if found != expected:
            raise ListFault("broken_json", f"Not the list's JSON: {found or 'the end'!r} where {expected!r} belongs.")
        self._at += 1

    def value(self) -> Any:
        """One whole value. What is held doubles until it is whole, so that no value is decoded often."""
        self.peek()
        while True:
            try:
                found, end = _DECODER.raw_decode(self._held, self._at)
                if end < len(self._held) or not self._more(CHUNK_CHARS):
                    self._at = end
                    return found
            except RecursionError as fault:
                raise ListFault("too_deep", "The JSON is nested deeper than any list is.") from fault
            except ValueError as fault:
                if not self._more(max(CHUNK_CHARS, len(self._held) - self._at)):
                    raise ListFault("broken_json", f"Broken or truncated JSON: {str(fault)[:120]}.") from fault

    def _more(self, size: int) -> bool:
        """Hold more of the file; false at its end."""
        if self._is_ended:
            return False
        self._held = self._held[self._at :]
        self._at = 0
        if len(self._held) > MAX_VALUE_CHARS:
            raise ListFault("too_large", f"One value of the JSON is longer than {MAX_VALUE_CHARS:,} characters.")
        try:
            read = self._file.read(size)
        except UnicodeDecodeError as fault:
            raise ListFault("not_utf8", f"Not UTF-8 text (byte {fault.start} of a part).") from fault
        self._held += read
        self._is_ended = not read
        return not self._is_ended


def members(path: Path, arrays: frozenset[str]) -> Iterator[tuple[str, Any]]:
    """The members of the top object, in the file's order; of ``arrays``, each element under the array's key.

    Raises:
        ListFault: not an object, broken, cut off, followed by something else, or one value of it is too large.
    """
    with path.open(encoding="utf-8-sig") as file:
        text = _Text(file)
        text.take("{")
        seen: set[str] = set()
        while text.peek() != "}":
            if seen:
                text.take(",")
            key = text.value()
            if not isinstance(key, str) or key in seen:
                raise ListFault("broken_json", f"Not the list's JSON: the key {str(key)[:40]!r} is doubled or no text.")
            seen.add(key)
            text.take(":")
            if key in arrays:
                yield from ((key, element) for element in _elements(text))
            else:
                yield key, text.value()
        text.take("}")
        if text.peek():
            raise ListFault("broken_json", "Something follows the end of the JSON document.")


def _elements(text: _Text) -> Iterator[Any]:
    text.take("[")
    is_first = True
    while text.peek() != "]":
        if not is_first:
            text.take(",")
        is_first = False
        yield text.value()
    text.take("]")
