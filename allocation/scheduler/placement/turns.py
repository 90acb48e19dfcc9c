"""One look at the queue: who gets which free devices now, who is stopped for whom, and why everybody else waits."""

from __future__ import annotations

from collections import defaultdict

from allocation.scheduler.placement.desk import Blocked, Desk, Stock, quota_left
from allocation.scheduler.placement.forecast import Range, forecast
from allocation.scheduler.placement.gang import Wish
from allocation.scheduler.placement.model import ALWAYS, FreeDevice, Plan, Request, Snapshot, Waits, accounts_of
from allocation.scheduler.placement.preempt import choose_stops

UNKNOWN = (ALWAYS, ALWAYS, ALWAYS)


def plan(snapshot: Snapshot) -> Plan:
    """Place the queue: whoever is past the bound first, then by priority, fair share and arrival.

    A gang is placed whole or not at all. A job that does not fit keeps what it may use; another passes it only
    where that ends, by its time limit, before those devices are expected.
    """
    desk = open_desk(snapshot)
    placed = desk.turn()
    given = {device.id for each in placed for device in each.devices}
    free = tuple(device for device in snapshot.free if device.id not in given)
    stops = choose_stops(desk, snapshot.running, free)
    return Plan(tuple(placed), _waits(desk, free), stops)


def open_desk(snapshot: Snapshot) -> Desk:
    """A desk with everything that a snapshot holds."""
    desk = Desk(
        lines=dict(snapshot.lines),
        caps=dict(snapshot.caps),
        claims=dict(snapshot.claims),
        quotas=dict(snapshot.quotas),
        bound_s=snapshot.bound_s,
        now_s=snapshot.now_s,
    )
    for device in snapshot.free:
        desk.add_device(device)
    for job in snapshot.running:
        for stock in sorted({(device.chip, device.pool) for device in job.devices}):
            desk.running[stock].append(job)
        for account in accounts_of(job):
            desk.in_use[account] += len(job.devices)
    for request in snapshot.queue:
        desk.submit(request)
    return desk


def _waits(desk: Desk, free: tuple[FreeDevice, ...]) -> tuple[Waits, ...]:
    by_stock: dict[Stock, list[Request]] = defaultdict(list)
    for request in desk.waiting():
        by_stock[(request.chip, request.pool)].append(request)
    found = []
    for stock, queue in by_stock.items():
        there = [device for device in free if (device.chip, device.pool) == stock]
        starts = _starts(desk, stock, queue, len(there))
        blocked = {each.request.job: each for each in desk.blocked.get(stock, ())}
        fitting: dict[tuple[object, ...], int] = {}
        before: list[Blocked] = []
        for number, request in enumerate(queue):
            alike = (request.pairs, request.keeps_off, request.only_on)
            if alike not in fitting:
                fitting[alike] = sum(_fits(device, request) for device in there)
            start = starts[number] if starts[number][0] < ALWAYS else None
            found.append(Waits(request.job, reason(desk, request, fitting[alike], before), number + 1, start))
            if request.job in blocked:
                before.append(blocked[request.job])
    return tuple(found)


def _fits(device: FreeDevice, request: Request) -> bool:
    wish = Wish(request.devices, request.pairs, only_on=request.only_on, keeps_off=request.keeps_off)
    return device.pair in request.pairs and wish.will_do(device.host)


def _starts(desk: Desk, stock: Stock, queue: list[Request], free: int) -> list[Range]:
    """Nothing is said where the running jobs are not known."""
    running = desk.running.get(stock, [])
    if not running:
        return [UNKNOWN] * len(queue)
    ends = [(job.ends_s, len(job.devices)) for job in running]
    ends += [(_from(desk.now_s, _length(each)), each.devices) for each in desk.started[stock]]
    return forecast(free, ends, [(_length(each), each.devices) for each in queue], now=desk.now_s)


def _from(now: float, length: Range) -> Range:
    return now + length[0], now + length[1], now + length[2]


def _length(request: Request) -> Range:
    return request.likely_s or (0.0, request.limit_s, request.limit_s)


def reason(desk: Desk, request: Request, fitting: int, before: list[Blocked]) -> str:
    """Why a job waits, in words: the first thing that holds it.

    Args:
        fitting: free devices that it could use.
        before: jobs that rank before it and could not start either.
    """
    if desk.is_beyond_one_job(request, desk.open_pairs(request)):
        return _licence_words(desk, request)
    cap = desk.cap_short_of(request)
    if cap is not None:
        left = max(desk.caps[cap], 0)
        return f"The filing's limit leaves {left} devices at once now; the job asks for {request.devices}."
    own = [account for account in accounts_of(request) if account in desk.quotas]
    left, account = min(((quota_left(each, desk.quotas, desk.in_use), each) for each in own), default=(0, ""))
    if account and left < request.devices:
        name = desk.quotas[account].name or account
        return f"The quota of {name} leaves {left} devices now; the job asks for {request.devices}."
    return _licence_words(desk, request) or _turn_words(request, fitting, before)


def _licence_words(desk: Desk, request: Request) -> str:
    pairs = desk.open_pairs(request)
    if not request.pairs:
        return "No licence line carries it now."
    if not pairs:
        if any(_is_used_up(desk, line) for pair in request.pairs for line in pair):
            return "The licence lines that permit it have no more devices to use at once now."
        return "It cannot end, by its time limit, before its licences do, and it writes no checkpoints."
    most = desk.most_in_one_job(pairs)
    if most is not None and most < request.devices:
        return f"The licence lines that permit it allow {most} devices in one job now; it asks for {request.devices}."
    return ""


def _is_used_up(desk: Desk, name: str) -> bool:
    line = desk.lines.get(name)
    return line is not None and line.left is not None and line.left < 1


def _turn_words(request: Request, fitting: int, before: list[Blocked]) -> str:
    kept = [each.request.label for each in before if each.pairs & request.pairs]
    if fitting >= request.devices and kept:
        return f"Its turn comes after {', '.join(sorted(kept))}."
    if fitting >= request.devices:
        return f"{fitting} licensed devices are free now, but not {request.devices} of them on one site."
    return f"{fitting} of the {request.devices} licensed devices that it asks for are free now."
