"""The same inputs give the same bytes again: how a stored determination is checked (no writes here)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from procurement.determinations.models import Determination
from procurement.regimes.facts import TransactionFacts
from procurement.regimes.lanes import Lane, ReviewPolicy
from procurement.regimes.outcome import Determination as Outcome
from procurement.regimes.plain import from_plain, sha256_hex
from procurement.regimes.registry import regime

STRICTNESS: Final = (
    Lane.NO_REQUIREMENT_FOUND,
    Lane.EXCEPTION,
    Lane.LICENCE_REQUIRED,
    Lane.HELD_REPORTED,
    Lane.UNDETERMINED,
    Lane.PROHIBITED,
)
POLICIES: Final = (None, ReviewPolicy.APPROVAL, ReviewPolicy.CASE_BY_CASE, ReviewPolicy.DENIAL)


def replay(determination: Determination) -> bool:
    """Whether the stored inputs give the stored result again, to the byte."""
    return sha256_hex(recomputed(determination)) == determination.result_sha256


def recomputed(determination: Determination) -> dict[str, Any]:
    """What today's rule set says of the stored inputs on the stored date."""
    facts = [from_plain(TransactionFacts, line) for line in determination.inputs["lines"]]
    return result_of([regime(determination.regime).determine(each, on=determination.on) for each in facts])


def result_of(answers: Sequence[Outcome]) -> dict[str, Any]:
    """What is stored of an order: the strictest line's answer in full, and those of the other lines beside it."""
    worst = strictest(answers)
    others = [each.to_json() for each in answers if each is not worst]
    return {**worst.to_json(), "other_lines": others}


def strictest(answers: Sequence[Outcome]) -> Outcome:
    """The answer that asks most; the first of equals."""
    return max(answers, key=lambda each: (STRICTNESS.index(each.lane), POLICIES.index(each.review_policy)))
