"""When faults come: one after another in the order that a seed asks for, and each undone after a while of its own."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tests.chaos.faults import Faults

SHORTEST_PAUSE_S: Final = 0.3
LONGEST_PAUSE_S: Final = 2.5
TURN_S: Final = 0.2


@dataclass
class Schedule:
    """Runs faults until the time is over, then undoes what still lasts."""

    faults: Faults
    keep_up: Callable[[], None]
    _pending: list[tuple[float, int, Callable[[], object]]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def run(self, seconds: float) -> None:
        """Bring faults about for so long. The order is shuffled anew whenever every fault has had its turn."""
        choose, order = self.faults.choose, list(self.faults.all())
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            choose.shuffle(order)
            for fault in order:
                if time.monotonic() >= ends:
                    break
                self._bring_about(fault)
                self._wait(min(time.monotonic() + choose.uniform(SHORTEST_PAUSE_S, LONGEST_PAUSE_S), ends))
        while self._pending:
            heapq.heappop(self._pending)[2]()
        self.faults.continue_all()
        self.faults.restore()

    def _bring_about(self, fault: Callable[[], tuple[float, Callable[[], object]] | None]) -> None:
        lasting = fault()
        if lasting is not None:
            heapq.heappush(self._pending, (time.monotonic() + lasting[0], next(self._numbers), lasting[1]))

    def _wait(self, until: float) -> None:
        while True:
            while self._pending and self._pending[0][0] <= time.monotonic():
                heapq.heappop(self._pending)[2]()
            self.keep_up()
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, TURN_S))
