"""What if: a licence ends, devices arrive, a job gets another priority. The same plan on another snapshot; no write."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from allocation.scheduler.explain import answer_of
from allocation.scheduler.look import Look
from allocation.scheduler.placement import FreeDevice, Pair, Placed, Plan, Request, Running, Snapshot, plan
from allocation.scheduler.telling import to_minute

HOST_SIZE = 8


@dataclass(frozen=True)
class Outcome:
    """One job in one plan: starts now, or its position and likely start (None where nothing can be said)."""

    starts_now: bool = False
    position: int = 0
    likely: datetime | None = None
    reason: str = ""


@dataclass(frozen=True)
class Compared:
    """One job before and after."""

    job: str
    before: Outcome
    after: Outcome

    @property
    def sides(self) -> tuple[Outcome, Outcome]:
        """As it is, and as it would be."""
        return self.before, self.after

    @property
    def differs(self) -> bool:
        """Whether the change touches it."""
        return self.before != self.after


def without_lines(look: Look, lines: frozenset[str]) -> Snapshot:
    """As if these licence lines no longer carried use: their devices are gone, and what runs on them is stopped."""
    sight = look.snapshot
    kept = tuple(job for job in sight.running if not _rests(job.devices, lines))
    free = tuple(device for device in sight.free if not lines & set(device.pair))
    back = tuple(device for job in sight.running if job not in kept for device in job.devices)
    free += tuple(device for device in back if not lines & set(device.pair))
    queue = tuple(replace(each, pairs=_without(each.pairs, lines)) for each in sight.queue)
    return replace(sight, queue=queue, free=free, running=kept)


def stopped_by(look: Look, lines: frozenset[str]) -> tuple[Running, ...]:
    """What runs on devices of these lines."""
    return tuple(job for job in look.snapshot.running if _rests(job.devices, lines))


def with_more(look: Look, *, order: str, count: int) -> Snapshot:
    """As if ``count`` more devices stood ready, eight a host, under licence lines that the order's jobs may use."""
    like = next((each for each in look.snapshot.queue if each.pool == order and each.pairs), None)
    if like is None:
        return look.snapshot
    pair = min(like.pairs)
    more = tuple(
        FreeDevice(f"more-{number:05d}", like.chip, "more", f"more-{number // HOST_SIZE:04d}", order, pair)
        for number in range(count)
    )
    return replace(look.snapshot, free=(*look.snapshot.free, *more))


def with_priority(look: Look, *, job: str, priority: int) -> Snapshot:
    """As if one waiting job had another priority."""
    queue = (replace(each, priority=priority) if each.job == job else each for each in look.snapshot.queue)
    return replace(look.snapshot, queue=tuple(queue))


def compare(look: Look, changed: Snapshot) -> list[Compared]:
    """Every waiting job before and after, those that the change touches first, in the order of the queue."""
    before, after = plan(look.snapshot), plan(changed)
    queue = look.snapshot.queue
    found = [Compared(each.label, _outcome(each, before), _outcome(each, after)) for each in queue]
    return sorted(found, key=lambda row: not row.differs)


def newly_stopped(look: Look, changed: Snapshot) -> tuple[tuple[str, str], ...]:
    """Who would be stopped for another job, by reference, and why."""
    labels = {job.job: job.label for job in changed.running}
    known = {stop.job for stop in plan(look.snapshot).stops}
    return tuple((labels[stop.job], stop.reason) for stop in plan(changed).stops if stop.job not in known)


def _outcome(request: Request, found: Plan) -> Outcome:
    said = answer_of(request.job, found.placed, found.waits)
    if isinstance(said, Placed):
        return Outcome(starts_now=True)
    likely = to_minute(said.start_s[1]) if said.start_s else None
    return Outcome(position=said.position, likely=likely, reason=said.reason)


def _rests(devices: Iterable[FreeDevice], lines: frozenset[str]) -> bool:
    return any(lines & set(device.pair) for device in devices)


def _without(pairs: frozenset[Pair], lines: frozenset[str]) -> frozenset[Pair]:
    return frozenset(pair for pair in pairs if not lines & set(pair))
