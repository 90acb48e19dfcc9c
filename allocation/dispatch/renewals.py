"""Renewal: one query compares what every attempt of a host rests on with how it stands now."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction

from allocation.chain.queries import chain_of_job
from allocation.chain.stored import store_links
from allocation.clock import database_now
from allocation.dispatch import drains, ends, times
from allocation.dispatch.models import Lease
from allocation.dispatch.warrants import Bearer, drain_warrant, run_ttl, run_warrant
from allocation.inventory.models import Host
from allocation.jobs.after import TIME_LIMIT_REASON
from allocation.jobs.models import Attempt, AttemptHost
from allocation.jobs.states import AttemptState
from gpu_runtime.protocol import Envelope
from gpu_runtime.protocol.messages import RenewItem, RenewRequest, RenewVerdict
from procurement.licences.models import LegalEffect

# Compares each stored link with the row's version now. A row that is gone has no version, and differs.
STANDING: Final = """
SELECT a.id, a.fencing_token, a.state, a.claimed_at, j.time_limit_ms, a.drain_deadline_at, a.drain_reason, now(),
       COALESCE(now() >= a.valid_until, false) OR NOT EXISTS (
           SELECT 1 FROM allocation_attemptlink l WHERE l.attempt_id = a.id
       ) OR EXISTS (
           SELECT 1 FROM allocation_attemptlink l WHERE l.attempt_id = a.id AND l.version IS DISTINCT FROM (
               SELECT v.version FROM chain_version v WHERE v.source = l.source AND v.object_id = l.object_id
           )
       )
FROM allocation_attempt a
JOIN allocation_attempthost h ON h.attempt_id = a.id
JOIN allocation_job j ON j.id = a.job_id
WHERE h.host_id = %s AND h.claim_nonce <> ''
  AND (a.id, a.fencing_token) IN (SELECT * FROM unnest(%s::uuid[], %s::bigint[]))
ORDER BY a.id
"""
LARGEST_TOKEN: Final = 2**63 - 1
LOCKED: Final = STANDING + "FOR NO KEY UPDATE OF a"


@dataclass(frozen=True)
class Standing:
    """How one attempt of a host stands in the database, and whether what it rests on has moved."""

    attempt_id: uuid.UUID
    fencing_token: int
    state: str
    claimed_at: datetime
    time_limit_ms: int
    drain_deadline_at: datetime | None
    drain_reason: str
    now: datetime
    has_moved: bool

    @property
    def hard_end(self) -> datetime:
        """When the time limit is over."""
        return self.claimed_at + timedelta(milliseconds=self.time_limit_ms)


def renew_attempts(*, host: Host, request: RenewRequest) -> tuple[RenewVerdict, ...]:
    """Answer each attempt: run on under a fresh warrant, drain under a final one, or stop. No ledger rows."""
    asked = _asked(request.attempts)
    for standing in _read(STANDING, host, asked):
        _reconsider(standing)
    with transaction.atomic():
        standing_of = {str(each.attempt_id): each for each in _read(LOCKED, host, asked)}
        return tuple(_verdict(host, item, standing_of.get(item.attempt_id)) for item in request.attempts)


def _asked(items: Iterable[RenewItem]) -> dict[uuid.UUID, int]:
    """The attempts asked for, each with the token it was asked under; what is no id is no attempt."""
    found = {}
    for item in items:
        with suppress(ValueError):
            found[uuid.UUID(item.attempt_id)] = min(item.fencing_token, LARGEST_TOKEN)
    return found


def _read(query: str, host: Host, asked: dict[uuid.UUID, int]) -> list[Standing]:
    with connection.cursor() as cursor:
        cursor.execute(query, [host.pk, list(asked), list(asked.values())])
        return [Standing(*row) for row in cursor.fetchall()]


def _reconsider(standing: Standing) -> None:
    """Judge an attempt anew whose links have moved; drain one that is near its time limit."""
    if standing.state not in (AttemptState.CLAIMED, AttemptState.RUNNING):
        return
    if standing.has_moved:
        judge_attempt(standing.attempt_id)
    if standing.now >= standing.hard_end - timedelta(milliseconds=standing.time_limit_ms // 5):
        _end_of_time(standing)


def judge_attempt(attempt_id: uuid.UUID) -> None:
    """Judge a running attempt's chain: still whole, the new versions are stored; broken, its drain begins."""
    with transaction.atomic():
        attempt = ends.lock_attempt(attempt_id)
        if attempt is None or attempt.state not in (AttemptState.CLAIMED, AttemptState.RUNNING):
            return
        chain = chain_of_job(attempt.job, now=database_now())
        stopping = chain.stopping
        if stopping is None:
            store_links(attempt, chain)
            return
        reference = stopping.reference or str(stopping.label)
        rest = stopping.rests[0].object_id if stopping.rests else attempt.job_id
        cause = drains.Cause(stopping.kind, rest, reference, f"{stopping.label} {reference}: {stopping.reason}")
        immediate = stopping.effect == LegalEffect.STOP_NOW
        drains.begin_drain(actor=None, cause=cause, attempts=[attempt.pk], immediate=immediate)


def _end_of_time(standing: Standing) -> None:
    """Drain before the time limit, so that the checkpoint still falls within what was reserved."""
    window = timedelta(milliseconds=drains.window_ms_for(Attempt(pk=standing.attempt_id)))
    if standing.now < standing.hard_end - window:
        return
    job = Attempt.objects.select_related("job").get(pk=standing.attempt_id).job
    cause = drains.Cause("time_limit", job.pk, job.reference, TIME_LIMIT_REASON)
    drains.begin_drain(actor=None, cause=cause, attempts=[standing.attempt_id])


def _verdict(host: Host, item: RenewItem, standing: Standing | None) -> RenewVerdict:
    if standing is None:
        return _stop(item, "No attempt runs on this host under this token.")
    match AttemptState(standing.state):
        case AttemptState.CLAIMED | AttemptState.RUNNING:
            return _run_on(host, item, standing)
        case AttemptState.DRAINING:
            return _drain(host, item, standing)
        case AttemptState.PLACED | AttemptState.ENDED:
            return _stop(item, "The attempt has ended.")


def _run_on(host: Host, item: RenewItem, standing: Standing) -> RenewVerdict:
    """A fresh warrant, or none where the links moved again this moment: the old one runs on, and out."""
    is_started = standing.state == AttemptState.RUNNING
    warrant: Envelope | None = None
    if not standing.has_moved:
        bearer = _bearer(host, item, standing)
        warrant = run_warrant(bearer)
        if warrant is not None:
            _extend(bearer, run_ttl(bearer.attempt, standing.now))
    reason = None if warrant else "What it rests on has just changed; ask again."
    return RenewVerdict(item.attempt_id, "run", is_started, warrant, reason)


def _drain(host: Host, item: RenewItem, standing: Standing) -> RenewVerdict:
    deadline = min(standing.drain_deadline_at or standing.now, standing.hard_end)
    bearer = _bearer(host, item, standing)
    warrant = drain_warrant(bearer, deadline - standing.now)
    drains.mark_told([standing.attempt_id])
    if warrant is None:
        return _stop(item, standing.drain_reason)
    _extend(bearer, deadline - standing.now)
    return RenewVerdict(item.attempt_id, "drain", False, warrant, standing.drain_reason)


def _stop(item: RenewItem, reason: str) -> RenewVerdict:
    return RenewVerdict(item.attempt_id, "stop", False, None, reason)


def _bearer(host: Host, item: RenewItem, standing: Standing) -> Bearer:
    attempt = Attempt.objects.select_related("job").get(pk=standing.attempt_id)
    return Bearer(attempt, host.pk, item.nonce, standing.now)


def _extend(bearer: Bearer, lasting: timedelta) -> None:
    """Carry the leases on until the guard must have killed everything, and the margin."""
    until = bearer.now + lasting
    AttemptHost.objects.filter(attempt=bearer.attempt, host=bearer.host_id).update(
        last_renewed_at=bearer.now, warranted_until=until
    )
    leases = Lease.objects.filter(attempt=bearer.attempt, device__host=bearer.host_id, released_at=None)
    leases.update(expires_at=until + times.margin())
