"""How right past hits were, by list and threshold: of those decided at or above it, how many were true matches."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from accounts.actors import Actor
from procurement.screening.models import HitState
from procurement.screening.queries import hits_visible_to
from procurement.screening.register import threshold

STEP = 10
THOUSANDTHS = 1000
TRUE = (HitState.TRUE_MATCH, HitState.RELEASED)
Decided = tuple[int, bool]


@dataclass(frozen=True)
class ListPrecision:
    """Past decisions on the hits of one list.

    Attributes:
        points: (threshold of 100, per cent of the hits at or above it that were true), where there was any.
    """

    authority: str
    decided: int
    true_matches: int
    points: tuple[tuple[float, float], ...]

    @property
    def false_positives(self) -> int:
        """Hits that were dismissed."""
        return self.decided - self.true_matches

    @property
    def percent(self) -> float:
        """Per cent of all decided hits that were true matches."""
        return round(100 * self.true_matches / self.decided, 1)


def precision_by_list(actor: Actor) -> list[ListPrecision]:
    """The lists with decided hits, the one with the most first.

    A hit counts once, as it was last decided; a released match was a true one. Hits that nobody decided say nothing.
    """
    decided: dict[str, list[Decided]] = defaultdict(list)
    hits = hits_visible_to(actor).exclude(state=HitState.OPEN).order_by()
    for authority, score, state in hits.values_list("entry__list_authority", "score", "state"):
        decided[authority].append((score, state in TRUE))
    found = [_of_list(authority, each) for authority, each in decided.items()]
    return sorted(found, key=lambda each: (-each.decided, each.authority))


def _of_list(authority: str, decided: list[Decided]) -> ListPrecision:
    lowest = min(score for score, _ in decided)
    cuts = range(lowest - lowest % STEP, THOUSANDTHS + STEP, STEP)
    points = [(cut / 10, _percent([true for score, true in decided if score >= cut])) for cut in cuts]
    told = tuple((cut, percent) for cut, percent in points if percent is not None)
    return ListPrecision(authority, len(decided), sum(true for _, true in decided), told)


def _percent(true: list[bool]) -> float | None:
    return round(100 * sum(true) / len(true), 1) if true else None


def figures(actor: Actor) -> dict[str, Any]:
    """The curves, as the chart component takes them: it shows the last point in words, that of all decided hits."""
    series = [
        {"name": each.authority, "unit": "% true", "points": [list(point) for point in reversed(each.points)]}
        for each in precision_by_list(actor)
    ]
    return {"series": series, "x_name": "threshold, of 100", "is_final": True}


def shipped_threshold() -> str:
    """The threshold in use, of 100, in words."""
    return f"{100 * threshold():.1f}"
