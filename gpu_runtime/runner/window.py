"""The steps that one line of metrics covers."""

import time
from typing import NamedTuple


class WindowMeans(NamedTuple):
    """Mean loss in nats a token, and tokens trained a second."""

    loss: float
    tokens_per_s: float


class LossWindow:
    """Sums losses and the time spent on steps alone, until its means are taken."""

    def __init__(self) -> None:
        self._losses: list[float] = []
        self._tokens, self._seconds = 0, 0.0
        self._all_tokens, self._all_seconds = 0, 0.0
        self._resumed_at = time.monotonic()

    @property
    def overall_tokens_per_s(self) -> float | None:
        """Tokens trained a second since the start, by the time spent on steps alone; None before the first step."""
        tokens, seconds = self._all_tokens + self._tokens, self._all_seconds + self._seconds
        return tokens / max(seconds, 1e-9) if tokens else None

    @property
    def is_empty(self) -> bool:
        """Whether no step was added since the means were last taken."""
        return not self._losses

    def add(self, loss: float, tokens: int) -> None:
        """Count one step that has just ended."""
        now = time.monotonic()
        self._losses.append(loss)
        self._tokens += tokens
        self._seconds += now - self._resumed_at
        self._resumed_at = now

    def skip_time(self) -> None:
        """Leave out the time since the last step: it went into a checkpoint or an evaluation."""
        self._resumed_at = time.monotonic()

    def take(self) -> WindowMeans:
        """The means of the steps added, and an empty window."""
        means = WindowMeans(sum(self._losses) / len(self._losses), self._tokens / max(self._seconds, 1e-9))
        self._all_tokens, self._all_seconds = self._all_tokens + self._tokens, self._all_seconds + self._seconds
        self._losses, self._tokens, self._seconds = [], 0, 0.0
        return means
