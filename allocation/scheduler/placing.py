"""Applying a plan: jobs get their devices, many in one transaction, on the very versions that they were judged on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max, QuerySet

from allocation.chain.chain import Chain, Rest
from allocation.chain.models import AttemptLink
from allocation.chain.queries import chain_of_job
from allocation.clock import database_now, wake
from allocation.dispatch import times
from allocation.dispatch.bells import RING
from allocation.dispatch.checkpoints import resume_on
from allocation.dispatch.models import Lease
from allocation.grants.services import reserve
from allocation.inventory.models import Device
from allocation.inventory.states import DeviceState, HostState
from allocation.jobs.models import Attempt, AttemptHost, Checkpoint, Job
from allocation.jobs.states import JOB_EDGES, JobAction, JobState
from allocation.scheduler.limits import filing_caps, line_caps
from allocation.scheduler.placement import Placed
from allocation.scheduler.verdicts import Stamp, Verdict, read_stamp
from ledger.errors import ComplianceRefusal
from ledger.models import OutboxMessage
from ledger.services import record_each
from ledger.transitions import advance

PASS_LOCK: Final = 0x57524954
AT_ONCE: Final = 64
_MOVED: Final = """
SELECT EXISTS (
    SELECT 1 FROM unnest(%s::text[], %s::uuid[], %s::bigint[]) AS l(source, object_id, version)
    WHERE l.version IS DISTINCT FROM (
        SELECT v.version FROM chain_version v WHERE v.source = l.source AND v.object_id = l.object_id))
"""


@dataclass(frozen=True)
class Judged:
    """A job that placement gave devices, and the verdict that it was placed on."""

    placed: Placed
    verdict: Verdict


@dataclass(frozen=True)
class _Seat:
    """One job about to start: its devices, and the chain judged for it."""

    job: Job
    placed: Placed
    devices: list[Device]
    chain: Chain

    def rests(self) -> list[tuple[str, Rest]]:
        """What the attempt rests on: of devices and lines, its own alone."""
        own = {device.pk for device in self.devices}
        lines = frozenset().union(*(device.line_ids for device in self.devices))
        found = {}
        for link in self.chain.gates:
            if any(rest.source == "licence_line" and rest.object_id not in lines for rest in link.rests):
                continue
            for rest in link.rests:
                if rest.source != "device" or rest.object_id in own:
                    found[(link.kind, rest.source, rest.object_id)] = (str(link.kind), rest)
        return list(found.values())


def place_all(judged: Sequence[Judged], stamp: Stamp) -> int:
    """Give jobs their devices, in the order given; what moved since the look stops it, and the next pass sees it.

    Returns:
        How many were placed.
    """
    done = 0
    for start in range(0, len(judged), AT_ONCE):
        some = judged[start : start + AT_ONCE]
        if _place_together(some, stamp):
            done += len(some)
            continue
        for each in some:
            if not place_one(each.placed):
                return done
            done += 1
    return done


def _place_together(judged: Sequence[Judged], stamp: Stamp) -> bool:
    """Place all of these in one transaction if nothing that they were judged on has moved; else none."""
    if len(judged) == 1:
        return False
    try:
        with transaction.atomic():
            if not is_mine() or read_stamp(stamp[0]) != stamp:
                return False
            seats = _seats(judged)
            if len(seats) < len(judged) or _has_moved(seats):
                return False
            _seat(seats)
            return True
    except ComplianceRefusal:
        return False


def place_one(placed: Placed) -> bool:
    """Give one job its devices, in one transaction, its chain judged anew on just these.

    Returns:
        Whether it was placed; not where something moved since the look (the next pass sees it).
    """
    try:
        with transaction.atomic():
            if not is_mine():
                return False
            job = Job.objects.select_for_update(skip_locked=True).filter(pk=placed.job, state=JobState.WAITING).first()
            if job is None:
                return False
            now = database_now()
            devices = lock_devices([device.id for device in placed.devices], now)
            if len(devices) != job.device_count:
                return False
            chain = chain_of_job(job, now=now, devices=devices)
            if not chain.is_whole:
                return False
            _seat([_Seat(job, placed, devices, chain)])
            return True
    except ComplianceRefusal:
        return False


def _seats(judged: Sequence[Judged]) -> list[_Seat]:
    """Lock jobs and devices; those that are still there to be had."""
    wanted = [each.placed.job for each in judged]
    waiting = Job.objects.select_for_update(skip_locked=True).filter(pk__in=wanted, state=JobState.WAITING)
    jobs = {str(job.pk): job for job in waiting.order_by("pk")}
    now = database_now()
    locked = lock_devices([device.id for each in judged for device in each.placed.devices], now)
    devices = {str(device.pk): device for device in locked}
    seats = []
    for each in judged:
        job, until = jobs.get(each.placed.job), each.verdict.chain.valid_until
        held = [devices[device.id] for device in each.placed.devices if device.id in devices]
        if job is not None and len(held) == job.device_count and (until is None or now < until):
            seats.append(_Seat(job, each.placed, held, each.verdict.chain))
    return seats


def _has_moved(seats: Iterable[_Seat]) -> bool:
    """Whether a row that one of them rests on has another version now; a device that was not judged counts as moved."""
    rests: dict[tuple[str, UUID], int] = {}
    for seat in seats:
        found = {(rest.source, rest.object_id): rest.version for _, rest in seat.rests()}
        if any(("device", device.pk) not in found for device in seat.devices):
            return True
        rests |= found
    with connection.cursor() as cursor:
        sources, ids = [key[0] for key in rests], [key[1] for key in rests]
        cursor.execute(_MOVED, [sources, ids, list(rests.values())])
        moved: bool = cursor.fetchone()[0]
    return moved


def lock_devices(wanted: list[str], now: datetime) -> list[Device]:
    """Locks first and looks afterwards: a lease cannot be inserted without the lock on its device."""
    locked = Device.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk__in=wanted)
    locked = locked.select_related("site", "host", "item", "exporter_line", "importer_line")
    held = list(locked.prefetch_related("item__draws").order_by("pk"))
    free = set(free_devices(now).filter(pk__in=[device.pk for device in held]).values_list("pk", flat=True))
    return [device for device in held if device.pk in free]


def free_devices(now: datetime) -> QuerySet[Device]:
    """Devices in order and unleased, whose host was heard of within the ttl."""
    found = Device.objects.filter(
        state=DeviceState.AVAILABLE,
        uuid__isnull=False,
        host__state=HostState.ENROLLED,
        host__last_seen_at__gt=now - times.ttl(),
    )
    return found.exclude(leases__in=Lease.objects.filter(released_at=None))


def _seat(seats: Sequence[_Seat]) -> None:
    """Attempts, leases, GPU time, links, ledger rows and bells, for all of them.

    Raises:
        ComplianceRefusal: a grant, a filing or a licence line allows fewer than these hold then.
    """
    attempts = _insert_attempts(seats)
    for seat, attempt in zip(seats, attempts, strict=True):
        reserve(attempt=attempt, grant_id=seat.job.grant_id, reserved_ms=seat.job.device_count * seat.job.time_limit_ms)
    _check_limits(seats)
    _store_links(seats, attempts)
    state = advance(JOB_EDGES, JobState.WAITING, JobAction.PLACE)
    jobs = [seat.job.pk for seat in seats]
    Job.objects.filter(pk__in=jobs).update(state=state, waits_because="", not_before=None)
    _record(seats, attempts)
    _ring(seats, attempts)


def _record(seats: Sequence[_Seat], attempts: Sequence[Attempt]) -> None:
    placed = [(seat.job, _facts(seat, attempt)) for seat, attempt in zip(seats, attempts, strict=True)]
    record_each("job.placed", placed)


def _facts(seat: _Seat, attempt: Attempt) -> dict[str, object]:
    resume = attempt.resume["step"] if attempt.resume else None
    serials = [device.serial for device in seat.devices]
    facts = {"attempt": attempt.number, "fencing_token": attempt.fencing_token}
    return {**facts, "devices": serials, "resume_step": resume}


def _insert_attempts(seats: Sequence[_Seat]) -> list[Attempt]:
    jobs = [seat.job.pk for seat in seats]
    last = dict(Attempt.objects.filter(job__in=jobs).values_list("job").annotate(last=Max("number")))
    saved = set(Checkpoint.objects.filter(job__in=jobs).values_list("job_id", flat=True))
    tokens = _next_tokens(len(seats))
    attempts = [
        Attempt(
            job=seat.job,
            number=last.get(seat.job.pk, 0) + 1,
            fencing_token=token,
            valid_until=seat.chain.valid_until,
            resume=resume_on(seat.job, seat.placed.hosts) if seat.job.pk in saved else None,
        )
        for seat, token in zip(seats, tokens, strict=True)
    ]
    Attempt.objects.bulk_create(attempts)
    pairs = list(zip(seats, attempts, strict=True))
    AttemptHost.objects.bulk_create(
        AttemptHost(attempt=attempt, host_id=UUID(host), rank=rank)
        for seat, attempt in pairs
        for rank, host in enumerate(seat.placed.hosts)
    )
    expires_at = database_now() + times.CLAIM_WITHIN + times.margin()
    Lease.objects.bulk_create(_lease(device, attempt, expires_at) for seat, attempt in pairs for device in seat.devices)
    return attempts


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


def _check_limits(seats: Sequence[_Seat]) -> None:
    """With these leases, no filing and no licence line holds more at once than it may, and no job more of a line."""
    over = [filing for filing, left in filing_caps({seat.job.filing_id for seat in seats}).items() if left < 0]
    if over:
        raise ComplianceRefusal("A filing would hold more devices at once than it may.")
    caps = line_caps()
    for seat in seats if caps else ():
        used = Counter(str(line) for device in seat.devices for line in device.line_ids)
        for name, count in used.items():
            cap = caps.get(name)
            if cap and ((cap.left is not None and cap.left < 0) or (cap.per_job is not None and count > cap.per_job)):
                raise ComplianceRefusal("A licence line would carry more devices at once than it may.")


def _store_links(seats: Sequence[_Seat], attempts: Sequence[Attempt]) -> None:
    """The versions are those of the rows that were judged, so that no change slips in between."""
    AttemptLink.objects.bulk_create(
        AttemptLink(
            attempt=attempt,
            kind=kind,
            source=rest.source,
            object_id=rest.object_id,
            reference=rest.reference,
            version=rest.version,
        )
        for seat, attempt in zip(seats, attempts, strict=True)
        for kind, rest in seat.rests()
    )


def _ring(seats: Sequence[_Seat], attempts: Sequence[Attempt]) -> None:
    OutboxMessage.objects.bulk_create(
        OutboxMessage(kind=RING, payload={"host_id": host, "attempt_id": str(attempt.pk), "why": "claim"})
        for seat, attempt in zip(seats, attempts, strict=True)
        for host in seat.placed.hosts
    )
    wake()


def _next_tokens(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('allocation_fencing_token') FROM generate_series(1, %s)", [count])
        return sorted(row[0] for row in cursor.fetchall())


def is_mine() -> bool:
    """Whether this transaction is the one that places: the lock goes with it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [PASS_LOCK])
        got: bool = cursor.fetchone()[0]
    return got
