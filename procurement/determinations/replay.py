"""The same inputs under the same rules give the same bytes again: how a stored determination is checked (no writes)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from procurement.determinations.models import Determination
from procurement.determinations.program import program
from procurement.determinations.results import result_of
from procurement.determinations.rules import kept_book, present
from procurement.regimes.dated import Book, LawFault
from procurement.regimes.facts import TransactionFacts
from procurement.regimes.plain import FactsRefused, from_plain, sha256_hex
from procurement.regimes.registry import regime


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of a stored determination's inputs under the rule set it was made with.

    Args:
        is_same: the result came again to the byte.
        program: what made it; empty where nobody wrote it down.
        is_same_program: whether that is the program that runs now.
        fault: why it could not be computed; empty where it was.
    """

    is_same: bool
    program: str
    is_same_program: bool
    fault: str = ""


def replay(determination: Determination) -> bool:
    """Whether the stored inputs give the stored result again, to the byte, under the rules it was made with."""
    return replayed(determination).is_same


def replayed(determination: Determination) -> Replay:
    """How the determination stands up to being computed again."""
    made_by = determination.program
    is_same_program = made_by == program()
    try:
        again = recomputed(determination)
    except (LawFault, FactsRefused) as fault:
        return Replay(False, made_by, is_same_program, str(fault))
    return Replay(sha256_hex(again) == determination.result_sha256, made_by, is_same_program)


def recomputed(determination: Determination) -> dict[str, Any]:
    """What the rule set that the determination was made with says of its stored inputs on its day.

    Raises:
        LawFault: that rule set was not kept, or this program cannot read it.
    """
    sha256 = determination.rule_set_sha256
    book = kept_book(determination.regime, sha256)
    if book is None:
        raise LawFault(f"the rule set {sha256[:12]} that it was made with was not kept")
    return _answered(determination, book)


def by_present_rules(determination: Determination) -> dict[str, Any]:
    """What the present rule set says of the stored inputs on the stored day. Raises: LawFault, FactsRefused."""
    return _answered(determination, present().book(determination.regime))


def _answered(determination: Determination, book: Book) -> dict[str, Any]:
    facts = [from_plain(TransactionFacts, line) for line in determination.inputs["lines"]]
    answer = regime(determination.regime).determine
    return result_of([answer(each, on=determination.on, book=book) for each in facts])
