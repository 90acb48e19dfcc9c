"""The one pass that applies placement: one transaction for each job that gets its devices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, QuerySet

from allocation.chain.queries import candidates_of_job, chain_of_job
from allocation.chain.stored import store_links
from allocation.clock import database_now
from allocation.dispatch import times
from allocation.dispatch.bells import ring_hosts
from allocation.dispatch.checkpoints import holders_of, resume_on
from allocation.dispatch.models import Lease
from allocation.grants.services import reserve
from allocation.inventory.models import Device
from allocation.inventory.states import DeviceState, HostState
from allocation.jobs.fitness import NO_FIT_HOST, fit_hosts, forerunners_of
from allocation.jobs.models import Attempt, AttemptHost, Job
from allocation.jobs.states import JOB_EDGES, JobAction, JobState
from allocation.scheduler.placement import FreeDevice, Pair, Placed, Request, Snapshot, Waits, plan
from ledger.errors import ComplianceRefusal
from ledger.services import record
from ledger.transitions import advance

PASS_LOCK: Final = 0x57524954
QUEUE_DEPTH: Final = 200


@dataclass(frozen=True)
class Look:
    """What a pass found: the snapshot for placement, and the jobs that wait for another reason."""

    snapshot: Snapshot
    waits: tuple[Waits, ...]


def run_pass() -> int:
    """Place what can be placed now; write down why everybody else waits.

    Only one pass runs at a time; a second one returns at once. Correctness rests on row locks and the one
    live lease per device, not on that.

    Returns:
        How many jobs were placed.
    """
    with transaction.atomic():
        if not _is_mine():
            return 0
        look = look_around(database_now())
    result = plan(look.snapshot)
    placed = 0
    for each in result.placed:
        if not place_job(each):
            break
        placed += 1
    say_why((*look.waits, *result.waits))
    return placed


def look_around(now: datetime) -> Look:
    """Read the queue in order of submission, judge each chain, and find the free devices."""
    queue: list[Request] = []
    waits: list[Waits] = []
    waiting = Job.objects.filter(state=JobState.WAITING).select_related("filing", "chip")
    for job in waiting.order_by("submitted_at", "pk")[:QUEUE_DEPTH]:
        if job.not_before is not None and job.not_before > now:
            continue
        asked = _request(job, now)
        (queue if isinstance(asked, Request) else waits).append(asked)  # type: ignore[arg-type]
    return Look(Snapshot(tuple(queue), _free_devices(now), _caps()), tuple(waits))


def _request(job: Job, now: datetime) -> Request | Waits:
    forerunners = forerunners_of(job)
    if forerunners:
        return Waits(str(job.pk), f"It waits until {', '.join(forerunners)} has succeeded."[:500])
    if job.is_command and not fit_hosts(job):
        return Waits(str(job.pk), NO_FIT_HOST)
    found = candidates_of_job(job, now=now)
    if not found.chain.is_whole:
        return Waits(str(job.pk), "; ".join(found.chain.reasons)[:500])
    return Request(
        job=str(job.pk),
        label=job.reference,
        chip=job.chip.slug,
        devices=job.device_count,
        pool=str(job.filing.order_id),
        pairs=frozenset(_pair(device) for device in found.devices),
        cap=str(job.filing_id),
        prefers=holders_of(job),
        only_on=fit_hosts(job) if job.is_command else None,
    )


def _pair(device: Device) -> Pair:
    return tuple(sorted(str(pk) for pk in device.line_ids))


def free_devices(now: datetime) -> QuerySet[Device]:
    """Devices in order and unleased, whose host was heard of within the ttl."""
    found = Device.objects.filter(
        state=DeviceState.AVAILABLE,
        uuid__isnull=False,
        host__state=HostState.ENROLLED,
        host__last_seen_at__gt=now - times.ttl(),
    )
    return found.exclude(leases__in=Lease.objects.filter(released_at=None))


def _free_devices(now: datetime) -> tuple[FreeDevice, ...]:
    found = free_devices(now).select_related("chip", "item__receipt").prefetch_related("item__draws")
    return tuple(
        FreeDevice(
            id=str(device.pk),
            chip=device.chip.slug,
            site=str(device.site_id),
            host=str(device.host_id),
            pool=str(device.item.receipt.order_id) if device.item else "",
            pair=_pair(device),
        )
        for device in found.order_by("serial")
    )


def _caps() -> dict[str, int]:
    """How many devices each filing with waiting jobs may still hold at once."""
    jobs = Job.objects.filter(state=JobState.WAITING).values("filing_id", "filing__max_devices").distinct()
    held = Lease.objects.filter(released_at=None).values("attempt__job__filing_id").annotate(devices=Count("pk"))
    in_use = {row["attempt__job__filing_id"]: row["devices"] for row in held}
    return {
        str(row["filing_id"]): row["filing__max_devices"] - in_use.get(row["filing_id"], 0)
        for row in jobs.order_by("filing_id")
    }


def place_job(placed: Placed) -> bool:
    """Give one job its devices, in one transaction: leases, reservation, links, ledger row and bell.

    Returns:
        Whether it was placed; not where something moved since the look (the next pass sees it).
    """
    try:
        with transaction.atomic():
            return _is_mine() and _place(placed)
    except ComplianceRefusal:
        return False


def _place(placed: Placed) -> bool:
    job = Job.objects.select_for_update(skip_locked=True).filter(pk=placed.job, state=JobState.WAITING).first()
    if job is None:
        return False
    now = database_now()
    devices = _lock_devices(placed, now)
    if len(devices) != job.device_count:
        return False
    chain = chain_of_job(job, now=now, devices=devices)
    if not chain.is_whole:
        return False
    attempt = _insert_attempt(job, placed, devices)
    reserve(attempt=attempt, grant_id=job.grant_id, reserved_ms=job.device_count * job.time_limit_ms)
    store_links(attempt, chain)
    state = advance(JOB_EDGES, job.state, JobAction.PLACE)
    Job.objects.filter(pk=job.pk).update(state=state, waits_because="", not_before=None)
    _record(job, attempt, devices)
    ring_hosts(attempt, "claim")
    return True


def _lock_devices(placed: Placed, now: datetime) -> list[Device]:
    """Locks first and looks afterwards: a lease cannot be inserted without the lock on its device."""
    wanted = [device.id for device in placed.devices]
    locked = Device.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk__in=wanted)
    locked = locked.select_related("site", "host", "item", "exporter_line", "importer_line")
    held = list(locked.prefetch_related("item__draws").order_by("pk"))
    free = set(free_devices(now).filter(pk__in=[device.pk for device in held]).values_list("pk", flat=True))
    return [device for device in held if device.pk in free]


def _insert_attempt(job: Job, placed: Placed, devices: list[Device]) -> Attempt:
    token = _next_token()
    last = Attempt.objects.filter(job=job).order_by("-number").first()
    attempt = Attempt.objects.create(
        job=job, number=last.number + 1 if last else 1, fencing_token=token, resume=resume_on(job, placed.hosts)
    )
    attempt.job = job
    AttemptHost.objects.bulk_create(
        AttemptHost(attempt=attempt, host_id=UUID(host), rank=rank) for rank, host in enumerate(placed.hosts)
    )
    expires_at = database_now() + times.CLAIM_WITHIN + times.margin()
    Lease.objects.bulk_create(_lease(device, attempt, expires_at) for device in devices)
    return attempt


def _lease(device: Device, attempt: Attempt, expires_at: datetime) -> Lease:
    """Held until a host has had time to claim it; the claim and each renewal carry it on."""
    return Lease(
        device=device,
        attempt=attempt,
        fencing_token=attempt.fencing_token,
        exporter_line=device.exporter_line,
        importer_line=device.importer_line,
        expires_at=expires_at,
    )


def _record(job: Job, attempt: Attempt, devices: list[Device]) -> None:
    facts = {"attempt": attempt.number, "fencing_token": attempt.fencing_token}
    serials = [device.serial for device in devices]
    resume = attempt.resume["step"] if attempt.resume else None
    record("job.placed", job, facts={**facts, "devices": serials, "resume_step": resume})


def _next_token() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('allocation_fencing_token')")
        token: int = cursor.fetchone()[0]
    return token


def _is_mine() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [PASS_LOCK])
        got: bool = cursor.fetchone()[0]
    return got


def say_why(waits: tuple[Waits, ...]) -> None:
    """Write down why each waiting job waits, where that has changed."""
    for each in waits:
        reason = each.reason[:500]
        waiting = Job.objects.filter(pk=each.job, state=JobState.WAITING)
        waiting.exclude(waits_because=reason).update(waits_because=reason)


