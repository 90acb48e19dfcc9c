"""Placement, pure: who gets which free devices now, and why everybody else waits.

First come, first served, with gangs and licence constraints. A job that fits nowhere yet keeps what it may
use free for itself, so that a later and smaller one does not pass it for ever.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class FreeDevice:
    """A device in order, unleased, on a host that was heard of lately.

    ``pair`` is its line of each authority; ``pool`` what the two licences bind together, such as an order.
    """

    id: str
    chip: str
    site: str
    host: str
    pool: str
    pair: Pair


@dataclass(frozen=True, slots=True)
class Request:
    """A waiting job whose chain is whole, in the order of submission.

    ``pairs`` are the pairs of licence lines that keep the chain whole. ``cap`` names a limit on devices held
    at once that the job counts against. ``prefers`` are hosts that hold what the job goes on from, ``only_on``
    those that may run it at all, where that is not all of them.
    """

    job: str
    label: str
    chip: str
    devices: int
    pool: str
    pairs: frozenset[Pair]
    cap: str
    prefers: frozenset[str] = frozenset()
    only_on: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the scheduler sees: the queue, the free devices, and what each cap still leaves."""

    queue: tuple[Request, ...]
    free: tuple[FreeDevice, ...]
    caps: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Placed:
    """One job and the devices it gets, grouped by host; the first host has rank 0."""

    job: str
    devices: tuple[FreeDevice, ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts of the gang, by rank."""
        return tuple(dict.fromkeys(device.host for device in self.devices))


@dataclass(frozen=True, slots=True)
class Waits:
    """One job and why it waits, in words."""

    job: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What one look at the queue comes to."""

    placed: tuple[Placed, ...]
    waits: tuple[Waits, ...]


def plan(snapshot: Snapshot) -> Plan:
    """Place the queue, first come first served.

    A gang stands on one site; on one host where one has room, else on as few as possible.
    """
    free = {device.id: device for device in snapshot.free}
    left = dict(snapshot.caps)
    kept_for: dict[str, str] = {}
    placed: list[Placed] = []
    waits: list[Waits] = []
    for request in snapshot.queue:
        mine = [device for device in free.values() if _fits(device, request)]
        open_to = [device for device in mine if device.id not in kept_for]
        if left.get(request.cap, request.devices) < request.devices:
            waits.append(Waits(request.job, _cap_words(request, left[request.cap])))
            continue
        chosen = choose_gang(open_to, request.devices, request.prefers)
        if chosen:
            placed.append(Placed(request.job, chosen))
            for device in chosen:
                del free[device.id]
            left[request.cap] = left.get(request.cap, request.devices) - request.devices
            continue
        waits.append(Waits(request.job, _waiting_words(request, mine, kept_for)))
        for device in open_to:
            kept_for[device.id] = request.label
    return Plan(tuple(placed), tuple(waits))


def choose_gang(
    devices: Iterable[FreeDevice], count: int, prefers: frozenset[str] = frozenset()
) -> tuple[FreeDevice, ...]:
    """``count`` devices of one site: a preferred host, the host they fill best, else the fewest hosts; or none."""
    by_host: dict[tuple[str, str], list[FreeDevice]] = defaultdict(list)
    for device in sorted(devices, key=lambda each: (each.site, each.host, each.id)):
        by_host[(device.site, device.host)].append(device)
    roomy = [key for key, group in by_host.items() if len(group) >= count]
    if roomy:
        best = min(roomy, key=lambda key: (key[1] not in prefers, len(by_host[key]), key))
        return tuple(by_host[best][:count])
    return _across_hosts(by_host, count)


def _across_hosts(by_host: dict[tuple[str, str], list[FreeDevice]], count: int) -> tuple[FreeDevice, ...]:
    by_site: dict[str, list[list[FreeDevice]]] = defaultdict(list)
    for (site, _), group in by_host.items():
        by_site[site].append(group)
    for site in sorted(by_site):
        groups = sorted(by_site[site], key=lambda group: (-len(group), group[0].host))
        gang = [device for group in groups for device in group][:count]
        if len(gang) == count:
            return tuple(gang)
    return ()


def _fits(device: FreeDevice, request: Request) -> bool:
    if request.only_on is not None and device.host not in request.only_on:
        return False
    return device.chip == request.chip and device.pool == request.pool and device.pair in request.pairs


def _cap_words(request: Request, left: int) -> str:
    return f"The filing's limit leaves {max(left, 0)} devices at once now; the job asks for {request.devices}."


def _waiting_words(request: Request, mine: list[FreeDevice], kept_for: dict[str, str]) -> str:
    ahead = sorted({kept_for[device.id] for device in mine if device.id in kept_for})
    if len(mine) >= request.devices and ahead:
        return f"Its turn comes after {', '.join(ahead)}."
    return f"{len(mine)} of the {request.devices} licensed devices that it asks for are free now."
