"""Many questions from CSV or JSON lines: a bad line is answered as bad, and stops no other (no Django here)."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from ledger.errors import InvalidInput
from procurement.determinations.ad_hoc import Asked, read_question
from procurement.determinations.names import NAMES

LINE_LIMIT = 40_000


class BatchFault(ValueError):
    """The file as a whole cannot be read."""

    code = "batch_fault"


@dataclass(frozen=True)
class BadLine:
    """A line that asks nothing that can be answered."""

    line: int
    message: str
    field: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The line's answer."""
        return {"line": self.line, "error": {"code": "invalid_input", "message": self.message, "field": self.field}}


Question = Asked | BadLine


def questions(lines: Iterable[str]) -> Iterator[Question]:
    """A question for each line that is not blank, in order; a first line that names our names makes it CSV.

    Raises: BatchFault for an empty file, or a CSV header with a name that is not known.
    """
    stream = iter(lines)
    first = next((line for line in stream if line.strip()), "")
    if not first:
        raise BatchFault("no line to read: give CSV with a header, or one JSON object a line")
    rest = chain([first], stream)
    return _csv_lines(rest) if _is_header(first) else _json_lines(rest)


def _is_header(line: str) -> bool:
    cells = {cell.strip(' "\r\n').replace("-", "_") for cell in line.split(",")}
    return not line.lstrip().startswith("{") and bool(cells & set(NAMES))


def _json_lines(lines: Iterable[str]) -> Iterator[Question]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _json_line(number, line)


def _json_line(number: int, line: str) -> Question:
    if len(line) > LINE_LIMIT:
        return BadLine(number, f"longer than {LINE_LIMIT} characters")
    try:
        given = json.loads(line)
    except (ValueError, RecursionError) as wrong:
        return BadLine(number, f"not JSON: {wrong}")
    if not isinstance(given, dict):
        return BadLine(number, "not a JSON object")
    return _question(number, given)


def _csv_lines(lines: Iterable[str]) -> Iterator[Question]:
    rows = csv.reader(lines, strict=True)
    header = [name.strip().replace("-", "_") for name in _row(rows, 1)]
    if unknown := [name for name in header if name not in NAMES]:
        raise BatchFault(f"column {', '.join(unknown)} is not known; known are {', '.join(NAMES)}")
    if doubled := {name for name in header if header.count(name) > 1}:
        raise BatchFault(f"column {', '.join(sorted(doubled))} stands twice")
    return _csv_rows(rows, header)


def _csv_rows(rows: Iterator[list[str]], header: list[str]) -> Iterator[Question]:
    number = 1
    while True:
        number += 1
        try:
            row = next(rows, None)
        except csv.Error as wrong:
            yield BadLine(number, f"not CSV: {wrong}")
            continue
        if row is None:
            return
        if row and len(row) != len(header):
            yield BadLine(number, f"{len(row)} values for {len(header)} columns")
        elif row:
            yield _question(number, dict(zip(header, row, strict=True)))


def _row(rows: Iterator[list[str]], number: int) -> list[str]:
    try:
        return next(rows)
    except csv.Error as wrong:
        raise BatchFault(f"line {number} is not CSV: {wrong}") from wrong


def _question(number: int, given: dict[str, Any]) -> Question:
    try:
        return read_question(given)
    except InvalidInput as wrong:
        return BadLine(number, wrong.message, wrong.field)
