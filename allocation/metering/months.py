"""Calendar months in UTC: the period of a usage return."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ledger.errors import InvalidInput

_WRITTEN: Final = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, order=True)
class Month:
    """One calendar month."""

    year: int
    number: int

    @property
    def begins(self) -> datetime:
        """Its first moment, UTC."""
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def ends(self) -> datetime:
        """The first moment after it, UTC."""
        return self.next.begins

    @property
    def next(self) -> Month:
        """The month after it."""
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def before(self) -> Month:
        """The month before it."""
        return Month(self.year, self.number - 1) if self.number > 1 else Month(self.year - 1, 12)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"


def month_of(moment: datetime) -> Month:
    """The month in which a moment lies, UTC."""
    there = moment.astimezone(UTC)
    return Month(there.year, there.month)


def read_month(text: str) -> Month:
    """``2026-11`` as a month.

    Raises:
        InvalidInput: it is written otherwise, or lies outside the years 2000 to 2999.
    """
    found = _WRITTEN.fullmatch(text)
    if found is None or not 2000 <= int(found[1]) < 3000:
        raise InvalidInput("A month is written as 2026-11.", field="month")
    return Month(int(found[1]), int(found[2]))
