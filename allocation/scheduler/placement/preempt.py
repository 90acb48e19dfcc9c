"""Whom to checkpoint and stop for a job that cannot wait: as few and as cheap as will do, the youngest first.

It cannot go round in a circle: a job is stopped only for one of higher priority, or, where it runs on devices
borrowed from another account's quota, for that account's own job within its quota.
"""

from __future__ import annotations

from allocation.scheduler.placement.desk import Blocked, Desk, is_due
from allocation.scheduler.placement.gang import Free
from allocation.scheduler.placement.model import FreeDevice, Quota, Request, Running, Stops


def choose_stops(desk: Desk, running: tuple[Running, ...], free: tuple[FreeDevice, ...]) -> tuple[Stops, ...]:
    """Stops for the blocked jobs of a turn, in their order; no running job is stopped for two."""
    left = [job for job in running if job.may_be_stopped]
    found: list[Stops] = []
    for blocked in (each for of_stock in desk.blocked.values() for each in of_stock):
        victims = _victims(desk, blocked, left, free)
        found += [Stops(job.job, blocked.request.job, _words(job, blocked.request)) for job in victims]
        left = [job for job in left if job not in victims]
        given = {device.id for job in victims for device in job.devices}
        free = tuple(device for device in free if device.id not in given) if victims else free
    return tuple(found)


def _victims(desk: Desk, blocked: Blocked, running: list[Running], free: tuple[FreeDevice, ...]) -> list[Running]:
    request = blocked.request
    stock = Free()
    for device in free:
        if (device.chip, device.pool) == (request.chip, request.pool):
            stock.add(device)
    chosen: list[Running] = []
    in_use = dict(desk.in_use)
    for job in sorted(running, key=lambda each: (each.priority, -each.started_s, each.lost_device_s, each.job)):
        if not yields_to(job, request, desk.quotas, in_use) or not _is_of_use(job, blocked):
            continue
        chosen.append(job)
        if job.path:
            in_use[job.path[0]] = in_use.get(job.path[0], 0) - len(job.devices)
        for device in job.devices:
            stock.add(device)
        gang = stock.choose(desk.wish(request, blocked.pairs))
        if gang:
            needed = {device.id for device in gang}
            return [each for each in chosen if needed & {device.id for device in each.devices}]
    return []


def _is_of_use(job: Running, blocked: Blocked) -> bool:
    request = blocked.request
    return any(
        device.pair in blocked.pairs and (device.chip, device.pool) == (request.chip, request.pool)
        for device in job.devices
    )


def yields_to(job: Running, request: Request, quotas: dict[str, Quota], in_use: dict[str, int]) -> bool:
    """Whether a running job may be stopped for a waiting one: lower priority, or borrowed from its account."""
    if job.priority < request.priority:
        return True
    lender, borrower = request.path[:1], job.path[:1]
    if not lender or not borrower or lender == borrower or {lender[0], borrower[0]} - quotas.keys():
        return False
    lent, taken = quotas[lender[0]], quotas[borrower[0]]
    is_borrowing = in_use.get(borrower[0], 0) - len(job.devices) >= taken.nominal
    return lent.cohort == taken.cohort and is_borrowing and is_due(request, quotas, in_use)


def _words(job: Running, request: Request) -> str:
    if job.priority < request.priority:
        return f"{request.label} has the higher priority ({request.priority} over {job.priority})."
    return f"Its devices are borrowed; {request.label} is within its own account's quota."
