"""A seeded schedule of faults: the same seed asks for the same faults in the same order."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos.plant import Plant, send


@dataclass
class Acts:
    """What a schedule can do beyond signals."""

    suspend: Callable[[], None]
    restore: Callable[[], None]
    flush_redis: Callable[[], None]
    cut_database: Callable[[], None]


@dataclass
class Schedule:
    """Faults, one after another, with pauses; what was done is counted."""

    plant: Plant
    acts: Acts
    seed: int
    done: Counter[str] = field(default_factory=Counter)
    stopped_guards: set[str] = field(default_factory=set)

    def run(self, seconds: float) -> None:
        """Bring faults about until the time is over; then continue whatever is stopped and restore the licences."""
        choose = random.Random(self.seed)  # noqa: S311 - a schedule, no secret
        faults = (
            self._kill_agent, self._stop_agent, self._kill_guard, self._stop_guard, self._kill_pulse, self._kill_web,
            self._flush, self._cut, self._suspend, self._restore,
        )  # fmt: skip
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            fault = choose.choice(faults)
            fault(choose)
            self.plant.keep_up()
            time.sleep(choose.uniform(0.3, 2.0))
        self._restore(choose)
        for process in self.plant.running.values():
            send(process.pid, signal.SIGCONT)
        for pid in self.plant.guards().values():
            send(pid, signal.SIGCONT)

    def _agent(self, choose: random.Random) -> int:
        return self.plant.running[choose.choice(sorted(self.plant.hosts))].pid

    def _kill_agent(self, choose: random.Random) -> None:
        self.done["agent killed"] += send(self._agent(choose), signal.SIGKILL)

    def _stop_agent(self, choose: random.Random) -> None:
        pid = self._agent(choose)
        self.done["agent stopped"] += send(pid, signal.SIGSTOP)
        time.sleep(choose.uniform(0.5, 6.0))
        send(pid, signal.SIGCONT)

    def _kill_guard(self, choose: random.Random) -> None:
        guards = sorted(self.plant.guards().items())
        if guards:
            self.done["guard killed"] += send(choose.choice(guards)[1], signal.SIGKILL)

    def _stop_guard(self, choose: random.Random) -> None:
        guards = sorted(self.plant.guards().items())
        if not guards:
            return
        attempt, pid = choose.choice(guards)
        self.stopped_guards.add(attempt)
        self.done["guard stopped"] += send(pid, signal.SIGSTOP)
        time.sleep(choose.uniform(0.5, 9.0))
        send(pid, signal.SIGCONT)

    def _kill_pulse(self, choose: random.Random) -> None:
        self.done["pulse killed"] += send(self.plant.running["pulse"].pid, signal.SIGKILL)

    def _kill_web(self, choose: random.Random) -> None:
        self.done["web killed"] += send(self.plant.running["web"].pid, signal.SIGKILL)

    def _flush(self, choose: random.Random) -> None:
        self.acts.flush_redis()
        self.done["Redis flushed"] += 1

    def _cut(self, choose: random.Random) -> None:
        self.acts.cut_database()
        self.done["database connections cut"] += 1

    def _suspend(self, choose: random.Random) -> None:
        self.acts.suspend()
        self.done["licence suspended"] += 1

    def _restore(self, choose: random.Random) -> None:
        self.acts.restore()
        self.done["licence restored"] += 1
