"""What is stored of an order whose lines were each determined: the strictest answer, and the others beside it."""

from collections.abc import Sequence
from typing import Any, Final

from procurement.regimes.lanes import Lane, ReviewPolicy
from procurement.regimes.outcome import Determination

STRICTNESS: Final = (
    Lane.NO_REQUIREMENT_FOUND,
    Lane.EXCEPTION,
    Lane.LICENCE_REQUIRED,
    Lane.HELD_REPORTED,
    Lane.UNDETERMINED,
    Lane.PROHIBITED,
)
POLICIES: Final = (None, ReviewPolicy.APPROVAL, ReviewPolicy.CASE_BY_CASE, ReviewPolicy.DENIAL)


def result_of(answers: Sequence[Determination]) -> dict[str, Any]:
    """What is stored of an order: the strictest line's answer in full, and those of the other lines beside it."""
    worst = strictest(answers)
    others = [each.to_json() for each in answers if each is not worst]
    return {**worst.to_json(), "other_lines": others}


def strictest(answers: Sequence[Determination]) -> Determination:
    """The answer that asks most; the first of equals."""
    return max(answers, key=lambda each: (STRICTNESS.index(each.lane), POLICIES.index(each.review_policy)))
