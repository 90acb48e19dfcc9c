"""Jobs that contend for one pool of like devices, by number of devices: the simple orders, as peers.

What waits is kept in the order of arrival. A decision names who starts and who is stopped for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

FOREVER = float("inf")


@dataclass(slots=True, eq=False)
class Contender:
    """One gang job: what it asks for, and what it has had so far. Times in seconds.

    ``attained_s`` is the work that it keeps, as of its last start; ``length_s`` is known to an oracle alone.
    ``path`` is where it belongs: organisation, team, person; ``shape`` is what jobs of its sort have in common.
    """

    number: int
    devices: int
    arrived_s: float
    path: tuple[str, ...]
    shape: str
    length_s: float
    attained_s: float = 0.0
    started_s: float | None = None
    queued_s: float = 0.0
    waited_s: float = 0.0
    stops: int = 0

    def served_s(self, now: float) -> float:
        """How long it has held its devices to some use, up to now."""
        return self.attained_s + (now - self.started_s if self.started_s is not None else 0.0)

    def waits_s(self, now: float) -> float:
        """How long it has waited, over all its times in the queue."""
        return self.waited_s + (now - self.queued_s if self.started_s is None else 0.0)


@dataclass(slots=True)
class Pool:
    """Like devices, who holds them and who waits for them."""

    capacity: int
    waiting: dict[int, Contender] = field(default_factory=dict)
    running: dict[int, Contender] = field(default_factory=dict)
    free: int = 0

    def __post_init__(self) -> None:
        self.free = self.capacity


@dataclass(frozen=True, slots=True)
class Turn:
    """Who is stopped, who starts then, and when to look again though nothing happened."""

    starts: tuple[Contender, ...] = ()
    stops: tuple[Contender, ...] = ()
    look_again_s: float = FOREVER


class Order(Protocol):
    """Decides whose turn it is; hears of each end."""

    def decide(self, pool: Pool, now: float) -> Turn:
        """Who starts now, and who is stopped for it."""
        ...

    def ended(self, job: Contender, now: float) -> None:
        """A job is done; ``served_s`` is how long it took."""
        ...


class _Silent:
    def ended(self, job: Contender, now: float) -> None:
        """Learns nothing."""


class FirstCome(_Silent):
    """In the order of arrival; a job that does not fit holds up everybody behind it."""

    def decide(self, pool: Pool, now: float) -> Turn:
        """The head of the queue, as far as it fits."""
        free, starts = pool.free, []
        for job in pool.waiting.values():
            if job.devices > free:
                break
            free -= job.devices
            starts.append(job)
        return Turn(tuple(starts))


class Greedy(_Silent):
    """In the order of arrival; whatever fits starts."""

    def decide(self, pool: Pool, now: float) -> Turn:
        """Everybody who fits, in order."""
        return Turn(fill(pool.free, list(pool.waiting.values())))


class ShortestFirst(_Silent):
    """The shortest first, by an oracle's word; whatever fits starts."""

    def decide(self, pool: Pool, now: float) -> Turn:
        """Everybody who fits, shortest first."""
        if not pool.free:
            return Turn()
        return Turn(fill(pool.free, sorted(pool.waiting.values(), key=lambda job: job.length_s)))


class Easy(_Silent):
    """In the order of arrival; a later job may pass if that does not put off the head's start, by an oracle's word."""

    def decide(self, pool: Pool, now: float) -> Turn:
        """The head of the queue, then backfill behind the head's reservation."""
        starts = list(FirstCome().decide(pool, now).starts)
        free = pool.free - sum(job.devices for job in starts)
        begun = {job.number for job in starts}
        rest = [job for job in pool.waiting.values() if job.number not in begun]
        if not rest or not free:
            return Turn(tuple(starts))
        ends = [(_end(job, now), job.devices) for job in (*pool.running.values(), *starts)]
        shadow, spare = reservation(rest[0].devices, free=free, ends=ends, now=now)
        for job in rest[1:]:
            in_time = now + job.length_s <= shadow
            if job.devices > free or not (in_time or job.devices <= spare):
                continue
            free -= job.devices
            spare -= 0 if in_time else job.devices
            starts.append(job)
        return Turn(tuple(starts))


def fill(free: int, ranked: list[Contender]) -> tuple[Contender, ...]:
    """Everybody who fits, in the order given."""
    starts = []
    for job in ranked:
        if job.devices <= free:
            free -= job.devices
            starts.append(job)
        if not free:
            break
    return tuple(starts)


def reservation(devices: int, *, free: int, ends: list[tuple[float, int]], now: float) -> tuple[float, int]:
    """When ``devices`` will be free, and how many beside them then.

    Args:
        devices: asked for.
        free: free now.
        ends: when each running job is expected to end, with its devices.
        now: the present.

    Returns:
        The time, infinite where there are never so many, and the devices to spare at that time.
    """
    if free >= devices:
        return now, free - devices
    for end, freed in sorted(ends):
        free += freed
        if free >= devices:
            return max(end, now), free - devices
    return FOREVER, free


def _end(job: Contender, now: float) -> float:
    return (job.started_s if job.started_s is not None else now) + job.length_s - job.attained_s
