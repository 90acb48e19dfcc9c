"""Replay of gang jobs over time on one pool of like devices, by discrete events.

Stopping a job for another costs what it did since its last checkpoint, and a restart before it gets on.
"""

from __future__ import annotations

import csv
import heapq
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from allocation.scheduler.placement.contest import FOREVER, Contender, Order, Pool

CHECKPOINT_S: Final = 1800.0
RESTART_S: Final = 60.0
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Recorded:
    """One job of a trace: its gang, when it came and how long it runs undisturbed."""

    cluster: str
    arrived_s: float
    devices: int
    length_s: float
    shape: str


@dataclass(frozen=True, slots=True)
class Done:
    """One job as it went: its end, all its waiting (lost work included), and how often it was stopped."""

    job: Recorded
    ended_s: float
    stops: int
    lost_s: float

    @property
    def took_s(self) -> float:
        """From arrival to end."""
        return self.ended_s - self.job.arrived_s

    @property
    def wait_s(self) -> float:
        """What it took beyond its own length: queueing, lost work and restarts."""
        return self.took_s - self.job.length_s


@dataclass(frozen=True)
class Sample:
    """The pool at one moment: devices in use, jobs that wait, devices that they ask for."""

    at_s: float
    used: int
    waiting: int
    wanted: int


@dataclass(frozen=True)
class Replayed:
    """What a replay came to: each job, and the pool over time."""

    done: tuple[Done, ...]
    samples: tuple[Sample, ...]
    capacity: int


def read_gangs(path: Path) -> list[Recorded]:
    """The Philly-derived list."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [
            Recorded(row["vc"], float(row["arrival_s"]), int(row["gpus"]), float(row["duration_s"]), row["job_type"])
            for row in csv.DictReader(file)
        ]
    return sorted(rows, key=lambda job: job.arrived_s)


def resample(jobs: list[Recorded], *, seed: int, days: int = 1) -> list[Recorded]:
    """A bootstrap of a trace: each block of days keeps its place and is filled with jobs drawn from the whole trace.

    The rhythm of arrivals stays; who arrives (cluster, gang, length and shape together) is drawn with replacement.
    """
    lots = np.random.default_rng(seed)
    drawn = lots.integers(len(jobs), size=len(jobs))
    return [replace(jobs[int(number)], arrived_s=job.arrived_s) for job, number in zip(jobs, drawn, strict=True)]


class Replay:
    """One run: the clock, the pool, and the events to come."""

    def __init__(self, jobs: list[Recorded], *, capacity: int, order: Order) -> None:
        self.jobs, self.order, self.pool, self.now = jobs, order, Pool(capacity), 0.0
        self.done: list[Done] = []
        self.samples: list[Sample] = []
        self._lost: dict[int, float] = {}
        self._ends: list[tuple[float, int, int]] = []

    def run(self, progress: Progress | None = None) -> Replayed:
        """Play every job to its end."""
        coming, look_again, steps = 0, FOREVER, 0
        while coming < len(self.jobs) or self.pool.waiting or self.pool.running:
            arrival = self.jobs[coming].arrived_s if coming < len(self.jobs) else FOREVER
            self.now = min(arrival, self._next_end(), look_again)
            if self.now == FOREVER:
                raise ValueError("Jobs wait that can never run: a gang is larger than the pool.")
            while coming < len(self.jobs) and self.jobs[coming].arrived_s <= self.now:
                self._arrive(coming)
                coming += 1
            self._finish()
            look_again = self._decide()
            steps += 1
            if steps % 50 == 0:
                self._sample()
            if progress and steps % 1000 == 0:
                progress(len(self.done) / len(self.jobs))
        return Replayed(tuple(self.done), tuple(self.samples), self.pool.capacity)

    def _arrive(self, number: int) -> None:
        job = self.jobs[number]
        self.pool.waiting[number] = Contender(
            number, job.devices, job.arrived_s, (job.cluster,), job.shape, job.length_s, queued_s=job.arrived_s
        )

    def _next_end(self) -> float:
        while self._ends:
            end, number, stops = self._ends[0]
            running = self.pool.running.get(number)
            if running is not None and running.stops == stops:
                return end
            heapq.heappop(self._ends)
        return FOREVER

    def _finish(self) -> None:
        while self._next_end() <= self.now:
            _, number, _ = heapq.heappop(self._ends)
            job = self.pool.running.pop(number)
            self.pool.free += job.devices
            self.order.ended(job, self.now)
            self.done.append(Done(self.jobs[number], self.now, job.stops, self._lost.get(number, 0.0)))

    def _decide(self) -> float:
        turn = self.order.decide(self.pool, self.now)
        for job in turn.stops:
            self._stop(job)
        for job in turn.starts:
            self._start(job)
        return max(turn.look_again_s, self.now + 1.0)

    def _start(self, job: Contender) -> None:
        if job.devices > self.pool.free:
            raise ValueError(f"Job {job.number} was started on more devices than are free.")
        del self.pool.waiting[job.number]
        self.pool.running[job.number] = job
        self.pool.free -= job.devices
        job.waited_s = job.waits_s(self.now)
        job.started_s = self.now
        again = RESTART_S if job.stops else 0.0
        heapq.heappush(self._ends, (self.now + again + job.length_s - job.attained_s, job.number, job.stops))

    def _stop(self, job: Contender) -> None:
        held = self.now - (job.started_s if job.started_s is not None else self.now)
        again = RESTART_S if job.stops else 0.0
        progress = job.attained_s + max(held - again, 0.0)
        kept = max(job.attained_s, progress // CHECKPOINT_S * CHECKPOINT_S)
        self._lost[job.number] = self._lost.get(job.number, 0.0) + held - (kept - job.attained_s)
        job.attained_s, job.started_s, job.queued_s, job.stops = kept, None, self.now, job.stops + 1
        del self.pool.running[job.number]
        self.pool.waiting[job.number] = job
        self.pool.free += job.devices

    def _sample(self) -> None:
        wanted = sum(job.devices for job in self.pool.waiting.values())
        used = self.pool.capacity - self.pool.free
        self.samples.append(Sample(self.now, used, len(self.pool.waiting), wanted))


@dataclass(frozen=True)
class Verdict:
    """A replay in figures.

    Slowdown: what a job took over its own length, jobs under ten minutes counted as ten; averaged over jobs.
    ``stretch_ratio``: the worst cluster's (hours taken / hours of work) over that of the whole.
    """

    mean_h: float
    p99_wait_h: float
    mean_slowdown: float
    worst_slowdown: float
    worst_cluster: str
    stretch_ratio: float
    stops: int
    lost_device_h: float

    @property
    def unfairness(self) -> float:
        """The worst cluster's slowdown over the mean."""
        return self.worst_slowdown / self.mean_slowdown


def judge(replayed: Replayed) -> Verdict:
    """The figures of a replay."""
    took = np.array([each.took_s for each in replayed.done])
    waits = np.array([each.wait_s for each in replayed.done])
    by_cluster = slowdowns(replayed)
    worst = max(by_cluster, key=lambda name: by_cluster[name])
    return Verdict(
        mean_h=float(took.mean() / 3600),
        p99_wait_h=float(np.percentile(waits, 99) / 3600),
        mean_slowdown=float(np.mean([_slowdown(each) for each in replayed.done])),
        worst_slowdown=by_cluster[worst],
        worst_cluster=worst,
        stretch_ratio=_stretch_ratio(replayed),
        stops=sum(each.stops for each in replayed.done),
        lost_device_h=sum(each.lost_s * each.job.devices for each in replayed.done) / 3600,
    )


def slowdowns(replayed: Replayed) -> dict[str, float]:
    """The mean slowdown of each virtual cluster's jobs."""
    found: dict[str, list[float]] = {}
    for each in replayed.done:
        found.setdefault(each.job.cluster, []).append(_slowdown(each))
    return {name: float(np.mean(values)) for name, values in sorted(found.items())}


def _stretch_ratio(replayed: Replayed) -> float:
    took: dict[str, float] = {}
    work: dict[str, float] = {}
    for each in replayed.done:
        took[each.job.cluster] = took.get(each.job.cluster, 0.0) + each.took_s
        work[each.job.cluster] = work.get(each.job.cluster, 0.0) + each.job.length_s
    worst = max(took[name] / work[name] for name in took)
    return worst / (sum(took.values()) / sum(work.values()))


def _slowdown(each: Done) -> float:
    return (each.wait_s + max(each.job.length_s, 600.0)) / max(each.job.length_s, 600.0)
