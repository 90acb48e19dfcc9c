"""How long jobs of one sort have run: what a person's earlier jobs say of the next one. No oracle."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final

RECENT: Final = 32
PRIOR_WEIGHT: Final = 2.0
FIRST_GUESS_S: Final = 4 * 3600.0
FIRST_SPREAD: Final = 2.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A runtime as a range: one in ten ends before ``low_s``, one in ten after ``high_s``. Seconds."""

    low_s: float
    typical_s: float
    high_s: float
    seen: int


@dataclass
class _Sort:
    """Logarithms of the last runtimes of one sort of job."""

    logs: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))


class History:
    """Runtimes by sort of job, from the most to the least like: what is seldom seen leans on what is more general.

    Simplification: runtimes of one sort are taken as log-normal; the range errs on the wide side while few are seen.
    """

    def __init__(self) -> None:
        self._seen: dict[Hashable, _Sort] = defaultdict(_Sort)

    def learn(self, sorts: tuple[Hashable, ...], runtime_s: float) -> None:
        """One more job ended, of these sorts, the most general first."""
        for sort in ((), *sorts):
            self._seen[sort].logs.append(math.log(max(runtime_s, 1.0)))

    def estimate(self, sorts: tuple[Hashable, ...]) -> Estimate:
        """The runtime of a job of these sorts, the most general first."""
        middle, spread, seen = math.log(FIRST_GUESS_S), FIRST_SPREAD, 0
        for sort in ((), *sorts):
            logs = self._seen[sort].logs if sort in self._seen else ()
            seen = len(logs)
            if not seen:
                continue
            middle = (PRIOR_WEIGHT * middle + sum(logs)) / (PRIOR_WEIGHT + seen)
            varied = sum((log - middle) ** 2 for log in logs)
            spread = math.sqrt((PRIOR_WEIGHT * spread**2 + varied) / (PRIOR_WEIGHT + seen))
        reach = 1.2816 * spread
        return Estimate(math.exp(middle - reach), math.exp(middle), math.exp(middle + reach), seen)


def remaining_s(estimate: Estimate, served_s: float) -> float:
    """What a job that has run ``served_s`` is likely to need yet.

    A job past its usual runtime is likely to go on for as long as it has run already (heavy tails).
    """
    return max(estimate.typical_s - served_s, served_s)


def remaining_of(length_s: float, served_s: float) -> float:
    """What a run of ``length_s`` has yet to go; one past it is likely to go on for as long as it has run already."""
    return length_s - served_s if length_s > served_s else served_s
