"""Writ's own order: short work first as far as history and what a job has had can tell, fairly, and with a bound.

A job is taken the later the more work it is likely to need yet, in steps; within a step whoever has had less of
the pool lately goes first. A job of a better step may stop one of a worse, the cheapest first. Whoever has waited
past the bound goes before everybody and is not stopped again.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

from allocation.scheduler.placement.contest import Contender, Pool, Turn
from allocation.scheduler.placement.history import Estimate, History, remaining_s
from allocation.scheduler.placement.shares import FairShare

HOUR_S: Final = 3600.0
Key = tuple[int, float, float, int]


@dataclass(frozen=True, slots=True)
class Rules:
    """What an operator may set. Times in seconds.

    ``step`` is the factor between two steps; a gang's work counts its devices to the power of ``breadth``.
    A job runs ``quantum_s`` undisturbed, twice that after each stop, so it is stopped ever more seldom.
    One that never ran counts as needing ``trial_s`` at most, where that is set: a short job is not to pay for a guess.
    """

    first_step_s: float = 900.0
    step: float = 3.0
    breadth: float = 0.25
    quantum_s: float = 1800.0
    bound_s: float = 200 * HOUR_S
    trial_s: float = 900.0
    checkpoint_s: float = 1800.0


class FairTurns:
    """Decides by history, fair share, steps and the bound; it never asks an oracle."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self.history, self.shares = History(), FairShare()
        self._guesses: dict[int, Estimate] = {}

    def ended(self, job: Contender, now: float) -> None:
        """Learns its runtime and charges its use."""
        served = job.served_s(now)
        self.history.learn(_sorts(job), served)
        self.shares.charge(job.path, served * job.devices, now)
        self._guesses.pop(job.number, None)

    def estimate(self, job: Contender) -> Estimate:
        """Its whole runtime, as guessed when it was first looked at."""
        found = self._guesses.get(job.number)
        if found is None:
            found = self._guesses[job.number] = self.history.estimate(_sorts(job))
        return found

    def step_of(self, job: Contender, now: float) -> int:
        """How late it is taken: 0 is the best step, -1 whoever is past the bound."""
        if self.is_overdue(job, now):
            return -1
        served = job.served_s(now)
        need = remaining_s(self.estimate(job), served)
        if not served:
            need = min(need, self.rules.trial_s)
        need *= job.devices**self.rules.breadth
        return max(0, math.ceil(math.log(need / self.rules.first_step_s, self.rules.step)))

    def is_overdue(self, job: Contender, now: float) -> bool:
        """Whether it has waited past the bound, over all its times in the queue."""
        return job.waits_s(now) >= self.rules.bound_s

    def decide(self, pool: Pool, now: float) -> Turn:
        """Everybody in order: into what is free, else in the place of jobs of a worse step."""
        if not pool.waiting:
            return Turn()
        yielding = self._yielding(pool, now)
        free, starts, stops = pool.free, [], []
        if not free and not yielding:
            return Turn(look_again_s=now + HOUR_S)
        ranked = sorted(((self._key(job, now), job) for job in pool.waiting.values()), key=lambda each: each[0])
        for key, job in ranked:
            if job.devices > free:
                chosen = _make_room(job.devices - free, [each for each in yielding if each[0] > key[0]])
                stops += [victim for _, _, victim in chosen]
                yielding = [each for each in yielding if each not in chosen]
                free += sum(victim.devices for _, _, victim in chosen)
            if job.devices <= free:
                free -= job.devices
                starts.append(job)
            elif key[0] < 0:
                break
            if not free and not yielding:
                break
        return Turn(tuple(starts), tuple(stops), now + HOUR_S)

    def _key(self, job: Contender, now: float) -> Key:
        step = self.step_of(job, now)
        claim = self.shares.claim(job.path)[0] if step >= 0 else 0.0
        return (step, claim, job.arrived_s, job.number)

    def _yielding(self, pool: Pool, now: float) -> list[tuple[int, float, Contender]]:
        """Who may be stopped: its step, what that would lose in device-seconds, and the job; the worst first."""
        found = []
        for job in pool.running.values():
            held = now - job.started_s if job.started_s is not None else 0.0
            if held < self.rules.quantum_s * 2.0**job.stops or self.is_overdue(job, now):
                continue
            lost = held % self.rules.checkpoint_s * job.devices
            found.append((self.step_of(job, now), lost, job))
        return sorted(found, key=lambda each: (-each[0], each[1], each[2].number))


def _make_room(missing: int, yielding: list[tuple[int, float, Contender]]) -> list[tuple[int, float, Contender]]:
    """The first of those who yield that free enough; nobody where all together do not."""
    chosen = []
    for each in yielding:
        if missing <= 0:
            break
        chosen.append(each)
        missing -= each[2].devices
    return chosen if missing <= 0 else []


def _sorts(job: Contender) -> tuple[Hashable, ...]:
    """From the most general: its team; that with the size of its gang; and with its shape."""
    return (job.path, (job.path, job.devices), (job.path, job.devices, job.shape))
