"""CSV rows with their line numbers, strictly: a broken row is a fault, never a guess."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from procurement.screening.loaders.records import ListFault

MAX_FIELD_BYTES = 1_000_000
MAX_LINE_CHARS = 2_000_000
MAX_ROW_LINES = 2_000
csv.field_size_limit(MAX_FIELD_BYTES)


def rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the line on which it ends.

    Raises:
        ListFault: not UTF-8, an open quote, a field, line or row beyond the limit, or no line end after the last row.
    """
    _check_last_line(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(_lines(file), strict=True)
            line = 0
            for row in reader:
                if reader.line_num - line > MAX_ROW_LINES:
                    raise ListFault("row_too_long", f"Line {line + 1}: a row of more than {MAX_ROW_LINES} lines.")
                line = reader.line_num
                if row:
                    yield line, row
    except UnicodeDecodeError as fault:
        raise ListFault("not_utf8", f"Not UTF-8 text (byte {fault.start}).") from fault
    except csv.Error as fault:
        raise ListFault("broken_csv", f"Broken CSV: {fault}.") from fault


def records(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows as dictionaries under a header that must be exactly ``columns``.

    Raises:
        ListFault: another header, or a row of another width.
    """
    reading = rows(path)
    _, header = next(reading, (0, []))
    if tuple(name.strip() for name in header) != columns:
        raise ListFault("wrong_columns", f"The header must read: {','.join(columns)}.")
    for line, row in reading:
        if len(row) != len(columns):
            raise ListFault("wrong_width", f"Line {line}: {len(row)} fields instead of {len(columns)}.")
        yield line, dict(zip(columns, row, strict=True))


def _check_last_line(path: Path) -> None:
    """A file cut off inside its last row ends without a line end."""
    if path.stat().st_size == 0:
        raise ListFault("empty_list", "The file is empty.")
    with path.open("rb") as file:
        file.seek(-1, 2)
        if file.read(1) not in b"\r\n\x1a":
            raise ListFault("truncated", "The last line has no line end: the file looks cut off.")


def _lines(file: IO[str]) -> Iterator[str]:
    """Lines of a size that a list's are, so that a file without line ends is not taken into memory."""
    while line := file.readline(MAX_LINE_CHARS + 1):
        if len(line) > MAX_LINE_CHARS:
            raise ListFault("line_too_long", f"A line of more than {MAX_LINE_CHARS:,} characters.")
        yield line
