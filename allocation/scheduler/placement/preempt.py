"""Whom to checkpoint and stop for a job that cannot wait: as few and as cheap as will do, the youngest first.

It cannot go round in a circle: a job is stopped only for one of higher priority, or, where it runs on devices
borrowed from another account's quota, for that account's own job within its quota.
"""

from __future__ import annotations

from dataclasses import dataclass

from allocation.scheduler.placement.desk import Blocked, Desk, is_due, quota_left
from allocation.scheduler.placement.gang import Free
from allocation.scheduler.placement.model import FreeDevice, Quota, Request, Running, Stops, accounts_of


def choose_stops(desk: Desk, running: tuple[Running, ...], free: tuple[FreeDevice, ...]) -> tuple[Stops, ...]:
    """Stops for the blocked jobs of a turn, in their order; no running job is stopped for two.

    What comes free by stops that are under way counts as free, so that nobody else is stopped for it meanwhile.
    """
    left = [job for job in running if job.may_be_stopped and not job.leaves]
    leaving = [job for job in running if job.leaves]
    room = _Room(
        desk, [*free, *(device for job in leaving for device in job.devices)], dict(desk.in_use), dict(desk.caps)
    )
    room.forget(leaving)
    found: list[Stops] = []
    for blocked in _wanting(desk):
        victims = _victims(room, blocked, left)
        found += [Stops(job.job, blocked.request.job, _words(job, blocked.request)) for job in victims]
        left = [job for job in left if job not in victims]
    return tuple(found)


def _wanting(desk: Desk) -> list[Blocked]:
    """Who waits for devices, then who waits for others to hold fewer under the same limit."""
    blocked = [each for of_stock in desk.blocked.values() for each in of_stock]
    capped = [request for of_stock in desk.capped.values() for request in of_stock]
    return blocked + [Blocked(request, desk.open_pairs(request), desk.now_s) for request in capped]


@dataclass
class _Room:
    """Devices that are free or will be, what accounts use then, and what limits leave then."""

    desk: Desk
    free: list[FreeDevice]
    in_use: dict[str, int]
    caps: dict[str, int]

    def forget(self, jobs: list[Running]) -> None:
        """These jobs count against no quota and no limit any more."""
        for job in jobs:
            for account in accounts_of(job):
                self.in_use[account] = self.in_use.get(account, 0) - len(job.devices)
            for cap in job.caps & self.caps.keys():
                self.caps[cap] += len(job.devices)

    def gang(self, blocked: Blocked, without: list[Running]) -> tuple[FreeDevice, ...]:
        """The devices for a blocked job once ``without`` are stopped; empty where that is not enough."""
        request, stock = blocked.request, Free()
        for device in (*self.free, *(device for job in without for device in job.devices)):
            if (device.chip, device.pool) == (request.chip, request.pool):
                stock.add(device)
        after = _Room(self.desk, [], dict(self.in_use), dict(self.caps))
        after.forget(without)
        own = [account for account in accounts_of(request) if account in self.desk.quotas]
        is_over = any(request.devices > quota_left(account, self.desk.quotas, after.in_use) for account in own)
        if is_over or any(after.caps.get(cap, request.devices) < request.devices for cap in _caps_of(request)):
            return ()
        return stock.choose(self.desk.wish(request, blocked.pairs))

    def keep(self, gang: tuple[FreeDevice, ...], request: Request) -> None:
        """These devices are for that job."""
        taken = {device.id for device in gang}
        self.free = [device for device in self.free if device.id not in taken]
        for account in accounts_of(request):
            self.in_use[account] = self.in_use.get(account, 0) + len(gang)
        for cap in _caps_of(request) & self.caps.keys():
            self.caps[cap] -= len(gang)


def _caps_of(request: Request) -> frozenset[str]:
    return request.caps | {request.cap}


def _victims(room: _Room, blocked: Blocked, running: list[Running]) -> list[Running]:
    """Whom to stop for one job: nobody where it has room soon anyway, or where all together do not make room."""
    chosen: list[Running] = []
    gang = room.gang(blocked, chosen)
    in_use = dict(room.in_use)
    for job in sorted(running, key=lambda each: (each.priority, -each.started_s, each.lost_device_s, each.job)):
        if gang:
            break
        if yields_to(job, blocked.request, room.desk.quotas, in_use) and _is_of_use(job, blocked):
            chosen.append(job)
            for account in accounts_of(job):
                in_use[account] = in_use.get(account, 0) - len(job.devices)
            gang = room.gang(blocked, chosen)
    if not gang:
        return []
    needed = {device.id for device in gang}
    few = [job for job in chosen if needed & {device.id for device in job.devices}]
    chosen = few if room.gang(blocked, few) else chosen
    room.free += [device for job in chosen for device in job.devices]
    room.forget(chosen)
    room.keep(gang, blocked.request)
    return chosen


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
    lenders = {quotas[name].cohort for name in accounts_of(request) if name in quotas}
    borrowers = [name for name in accounts_of(job) if name in quotas and name not in accounts_of(request)]
    is_borrowing = any(
        quotas[name].cohort in lenders and in_use.get(name, 0) - len(job.devices) >= quotas[name].nominal
        for name in borrowers
    )
    return is_borrowing and is_due(request, quotas, in_use)


def _words(job: Running, request: Request) -> str:
    if job.priority < request.priority:
        return f"{request.label} has the higher priority ({request.priority} over {job.priority})."
    return f"Its devices are borrowed; {request.label} is within its own account's quota."
