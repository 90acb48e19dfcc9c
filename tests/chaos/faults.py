"""What can be done to the plant, one method a fault. What lasts is undone later, so that faults overlap."""

from __future__ import annotations

import random
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gpu_runtime.guard.order import Marker
from gpu_runtime.guard.processes import living_descendants
from tests.chaos.plant import DISK_BYTES, Plant, send

Undo = tuple[float, Callable[[], object]]


@dataclass(frozen=True)
class Acts:
    """What a schedule can do beyond signals: with licences, the database's connections, bells and stale tokens."""

    suspend: Callable[[], bool]
    restore: Callable[[], bool]
    cut_database: Callable[[], bool]
    forge_bells: Callable[[random.Random], int]
    write_stale: Callable[[random.Random], int]


@dataclass
class Faults:
    """Brings faults about and remembers what the checker has to know."""

    plant: Plant
    acts: Acts
    choose: random.Random
    done: Counter[str] = field(default_factory=Counter)
    stopped_guards: set[str] = field(default_factory=set)
    stopped_cradles: set[str] = field(default_factory=set)
    cuts: list[tuple[str, datetime]] = field(default_factory=list)

    def all(self) -> tuple[Callable[[], Undo | None], ...]:
        """Every fault; the commoner ones stand more than once."""
        servers = (self.kill_redis, self.flush_redis, self.stop_redis, self.restart_postgres, self.crash_postgres,
                   self.stop_postgres, self.cut_connections)  # fmt: skip
        plane = (self.kill_web, self.stop_web, self.kill_pulse, self.stop_pulse, self.kill_worker, self.stop_worker)
        hosts = (self.kill_agent, self.stop_agent, self.kill_bell, self.cut_host, self.move_clock, self.fill_disk)
        attempts = (self.kill_guard, self.stop_guard, self.kill_cradle, self.stop_cradle, self.kill_runner,
                    self.stop_runner)  # fmt: skip
        words = (self.forge_bells, self.write_stale, self.suspend, self.restore)
        return (*servers, *plane, *hosts, *hosts, *attempts, *attempts, *words, *words)

    def kill_redis(self) -> None:
        """SIGKILL; what it held is gone when it comes back."""
        self.done["Redis killed"] += self.plant.redis.end(signal.SIGKILL)

    def flush_redis(self) -> None:
        """Every message wiped."""
        self.done["Redis flushed"] += self.plant.redis.flush()

    def stop_redis(self) -> Undo | None:
        """SIGSTOP: it takes connections and answers none."""
        process = self.plant.redis.process
        return self._stop("Redis", [process.pid] if process else [], 4.0)

    def restart_postgres(self) -> None:
        """A fast shutdown; it is started again by whoever keeps the plant up."""
        self.done["PostgreSQL restarted"] += self.plant.postgres.end(signal.SIGINT)

    def crash_postgres(self) -> None:
        """SIGKILL of its first process: the next one recovers from its log."""
        self.done["PostgreSQL killed"] += self.plant.postgres.end(signal.SIGKILL)

    def stop_postgres(self) -> Undo | None:
        """SIGSTOP of all of its processes."""
        return self._stop("PostgreSQL", self.plant.postgres.tree(), 4.0)

    def cut_connections(self) -> None:
        """Every session of Writ's ended by the server."""
        self.done["database connections cut"] += self.acts.cut_database()

    def kill_web(self) -> None:
        """The process that hosts speak to."""
        self.done["web killed"] += self.plant.kill("web")

    def stop_web(self) -> Undo | None:
        """It takes connections and answers none."""
        pid = self.plant.running["web"].pid
        return self._stop("web", [pid, *living_descendants(pid)], 6.0)

    def kill_pulse(self) -> None:
        """Scheduler, relay, housekeeping and sealer at once."""
        self.done["pulse killed"] += self.plant.kill("pulse")

    def stop_pulse(self) -> Undo | None:
        """Scheduler, relay, housekeeping and sealer stand still."""
        return self._stop("pulse", [self.plant.running["pulse"].pid], 8.0)

    def kill_worker(self) -> None:
        """The control plane's Celery worker."""
        self.done["worker killed"] += self.plant.kill("worker")

    def stop_worker(self) -> Undo | None:
        """The control plane's Celery worker stands still."""
        return self._stop("worker", [self.plant.running["worker"].pid], 6.0)

    def kill_agent(self) -> None:
        """Guards go on; the next agent finds them."""
        self.done["agent killed"] += self.plant.kill(self._host())

    def stop_agent(self) -> Undo | None:
        """Nobody carries its guards' renewals."""
        return self._stop("agent", [self.plant.running[self._host()].pid], 12.0)

    def kill_bell(self) -> None:
        """The Celery worker that a host listens with."""
        for pid in self.plant.bells(self._host())[:1]:
            self.done["bell killed"] += send(pid, signal.SIGKILL)

    def cut_host(self) -> Undo | None:
        """A host's cable pulled, for shorter or longer than its warrants live."""
        host = self._host()
        self.plant.wires.cut(host)
        self.cuts.append((host, datetime.now(UTC)))
        self.done["host cut off"] += 1
        return self.choose.uniform(1.0, 20.0), lambda: self.plant.wires.heal(host)

    def move_clock(self) -> Undo | None:
        """A host's wall clock minutes ahead or behind, under its agent and guards."""
        host, seconds = self._host(), self.choose.choice((-1, 1)) * self.choose.randint(60, 900)
        if not self.plant.move_clock(host, seconds):
            return None
        self.done["wall clock moved"] += 1
        return self.choose.uniform(2.0, 15.0), lambda: self.plant.move_clock(host, 0)

    def fill_disk(self) -> Undo | None:
        """A host's own disk full to its last block."""
        heap = self.plant.folder / "hosts" / self._host() / "heap"
        self.done["disk filled"] += 1
        _fill(heap)
        return self.choose.uniform(2.0, 10.0), lambda: heap.unlink(missing_ok=True)

    def kill_guard(self) -> None:
        """Its processes die with it."""
        for marker in self._guard():
            self.done["guard killed"] += send(marker[1].guard_pid, signal.SIGKILL)

    def stop_guard(self) -> Undo | None:
        """It cannot count."""
        for attempt, marker in self._guard():
            self.stopped_guards.add(attempt)
            return self._stop("guard", [marker.guard_pid], 15.0)
        return None

    def kill_cradle(self) -> None:
        """The first process of an attempt's PID namespace."""
        for _, marker in self._guard():
            self.done["cradle killed"] += send(marker.cradle_pid, signal.SIGKILL)

    def stop_cradle(self) -> Undo | None:
        """It passes nothing on."""
        for attempt, marker in self._guard():
            self.stopped_cradles.add(attempt)
            return self._stop("cradle", [marker.cradle_pid], 12.0)
        return None

    def kill_runner(self) -> None:
        """A job's own process."""
        for pid in self._runner():
            self.done["runner killed"] += send(pid, signal.SIGKILL)

    def stop_runner(self) -> Undo | None:
        """A job's own process hangs."""
        return self._stop("runner", self._runner(), 12.0)

    def forge_bells(self) -> None:
        """Bells doubled, for others' attempts, for none, and no bells at all, in the hosts' queues."""
        self.done["bells forged"] += self.acts.forge_bells(self.choose)

    def write_stale(self) -> None:
        """A host's own key under a token that has ended."""
        self.done["stale writes tried"] += self.acts.write_stale(self.choose)

    def suspend(self) -> None:
        """A licence, under running jobs."""
        self.done["licence suspended"] += self.acts.suspend()

    def restore(self) -> None:
        """The licence again."""
        self.done["licence restored"] += self.acts.restore()

    def continue_all(self) -> None:
        """Let nothing stay stopped, cut off, full or wrong."""
        for marker in self.plant.guards().values():
            for pid in (marker.guard_pid, marker.cradle_pid, *living_descendants(marker.cradle_pid)):
                send(pid, signal.SIGCONT)
        for process in self.plant.running.values():
            for pid in (process.pid, *living_descendants(process.pid)):
                send(pid, signal.SIGCONT)
        for pid in self.plant.postgres.tree():
            send(pid, signal.SIGCONT)

    def _stop(self, what: str, pids: list[int], longest: float) -> Undo | None:
        if not pids:
            return None
        self.done[f"{what} stopped"] += sum(send(pid, signal.SIGSTOP) for pid in pids) > 0
        return self.choose.uniform(0.5, longest), lambda: [send(pid, signal.SIGCONT) for pid in pids]

    def _host(self) -> str:
        return self.choose.choice(self.plant.hosts)

    def _guard(self) -> list[tuple[str, Marker]]:
        guards = sorted(self.plant.guards().items())
        return [self.choose.choice(guards)] if guards else []

    def _runner(self) -> list[int]:
        for _, marker in self._guard():
            return living_descendants(marker.cradle_pid)[:1]
        return []


FILLED_MOST: Final = 2 * DISK_BYTES


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            for _ in range(FILLED_MOST // 4096):
                file.write(bytes(4096))
        except OSError:
            return
