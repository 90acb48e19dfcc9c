"""Two days side by side: the same facts under the same rules, and what the law made of them on each day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from procurement.determinations.ad_hoc import Asked, Published
from procurement.determinations.differences import Differences, differences
from procurement.determinations.models import AdHocDetermination, Determination
from procurement.determinations.replaying import answered
from procurement.determinations.rules import present
from procurement.determinations.shown import in_rows
from procurement.determinations.trees import tree_of
from procurement.regimes.facts import TransactionFacts
from procurement.regimes.plain import from_plain


@dataclass(frozen=True, slots=True)
class Compared:
    """One regime's answers to the same facts on two days."""

    regime: str
    first: Mapping[str, Any]
    second: Mapping[str, Any]

    @property
    def differences(self) -> Differences:
        """What turned, was gained and was lost from the first day to the second."""
        return differences(self.first, self.second)

    def to_json(self) -> dict[str, Any]:
        """Both answers in full, and what differs."""
        both = {"on": dict(self.first), "against": dict(self.second)}
        return {"regime": self.regime, **both, "differences": self.differences.to_json()}

    def shown(self) -> dict[str, Any]:
        """Both trees, what differs marked in each."""
        book = present().book(self.regime)
        first, second = dict(self.first), dict(self.second)
        return {
            "first": tree_of(first, book, beside=second),
            "second": tree_of(second, book, beside=first),
            "differences": in_rows(self.differences),
        }


@dataclass(frozen=True, slots=True)
class Days:
    """The two days, and those between them on which the present rules change."""

    on: date
    against: date

    def edges(self, regimes: Sequence[str]) -> tuple[date, ...]:
        """The days after the earlier one, up to the later, on which the law of these regimes changes."""
        first, last = sorted((self.on, self.against))
        found = {day for name in regimes for day in present().book(name).edges() if first < day <= last}
        return tuple(sorted(found))


def of_order(rows: Sequence[Determination], days: Days) -> list[Compared]:
    """An order's determinations that stand: their stored facts on both days. Raises: LawFault, FactsRefused."""
    told = [(row.regime, row.inputs.get("lines", ())) for row in rows]
    return [_compared(name, lines, days) for name, lines in told if lines]


def of_question(row: AdHocDetermination, days: Days) -> list[Compared]:
    """A question by hand on both days. Raises: LawFault, FactsRefused."""
    return [_compared(name, [row.inputs["facts"]], days) for name in row.inputs["on"]]


def day_before_last_change(regimes: Sequence[str], on: date) -> date:
    """A day to compare with: the last edge of these regimes before a day, or the first one held."""
    edges = sorted({day for name in regimes for day in present().book(name).edges()})
    return max((day for day in edges if day < on), default=on)


def both_days(asked: Asked, against: date) -> tuple[Asked, Asked]:
    """A question, and the same one on another day."""
    return asked, replace(asked, on=against)


def published_pair(first: Published, second: Published) -> dict[str, Any]:
    """Two published answers and what differs, as the command and the API give it."""
    found = {
        one.regime: differences(one.to_json(), other.to_json()).to_json()
        for one, other in zip(first.determinations, second.determinations, strict=True)
    }
    return {"on": first.to_json(), "against": second.to_json(), "differences": found}


def _compared(name: str, lines: Sequence[dict[str, Any]], days: Days) -> Compared:
    facts = [from_plain(TransactionFacts, line) for line in lines]
    first, second = (answered(name, facts, day, present()) for day in (days.on, days.against))
    return Compared(name, first, second)
