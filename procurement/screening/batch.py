"""Names to screen, one a line: CSV with a header, or JSON lines. A bad line is told, the others go on."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from procurement.screening.loaders.countries import country_code


@dataclass(frozen=True)
class BatchLine:
    """One line in.

    Attributes:
        ref: the caller's own mark of the line, handed back as it came.
        fault: what is wrong with it; "" if nothing.
    """

    number: int
    name: str = ""
    countries: tuple[str, ...] = ()
    ref: str = ""
    fault: str = ""


def read_batch(lines: Iterable[str]) -> Iterator[BatchLine]:
    """Each line of a batch; JSON lines if the first begins with ``{``, else CSV with at least ``name``."""
    remaining = iter(lines)
    first = next(remaining, "")
    if first.lstrip("\ufeff \t").startswith("{"):
        return _json_lines(chain([first.lstrip("\ufeff")], remaining))
    return _csv_lines(chain([first.lstrip("\ufeff")], remaining))


def _json_lines(lines: Iterable[str]) -> Iterator[BatchLine]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            plain = json.loads(line)
        except (ValueError, RecursionError) as fault:
            yield BatchLine(number, fault=f"not JSON: {str(fault)[:120]}")
            continue
        yield _checked(number, plain) if isinstance(plain, dict) else BatchLine(number, fault="not a JSON object")


def _csv_lines(lines: Iterable[str]) -> Iterator[BatchLine]:
    reader = csv.DictReader(lines, strict=True)
    if "name" not in (reader.fieldnames or []):
        yield BatchLine(1, fault="the CSV header must name a column `name`")
        return
    rows = iter(reader)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as fault:
            yield BatchLine(reader.line_num, fault=f"broken CSV: {fault}")
            return
        if None in row or None in row.values():
            yield BatchLine(reader.line_num, fault="another number of fields than the header has")
            continue
        yield _checked(reader.line_num, row)


def _checked(number: int, plain: dict[str, Any]) -> BatchLine:
    name, country, ref = plain.get("name"), plain.get("country") or "", plain.get("ref") or ""
    if not isinstance(name, str) or not name.strip():
        return BatchLine(number, ref=str(ref), fault="no name")
    if not isinstance(country, str) or (country.strip() and not country_code(country)):
        return BatchLine(number, ref=str(ref), fault=f"unknown country {str(country)[:40]!r}")
    codes = (country_code(country),) if country.strip() else ()
    return BatchLine(number, name, codes, str(ref))
