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
from allocation.dispatch.warrants import Permitted, sign_drain, sign_run, ttl_before
from allocation.inventory.models import Host
from allocation.jobs.after import TIME_LIMIT_REASON
from allocation.jobs.models import Attempt
from allocation.jobs.states import AttemptState
from gpu_runtime.protocol import Envelope, RestsOn
from gpu_runtime.protocol.messages import RenewItem, RenewRequest, RenewVerdict
from procurement.licences.models import LegalEffect

# Compares each stored link with the row's version now. A row that is gone has no version, and differs. What a warrant
# names comes with it, so that a renewal costs one query for all attempts of a host.
STANDING: Final = """
SELECT a.id, a.fencing_token, a.state, a.claimed_at, j.time_limit_ms, a.drain_deadline_at, a.drain_reason, now(),
       COALESCE(now() >= a.valid_until, false) OR links.have_moved IS NOT FALSE,
       a.valid_until, j.spec_sha256, links.named, devices.uuids
FROM allocation_attempt a
JOIN allocation_attempthost h ON h.attempt_id = a.id
JOIN allocation_job j ON j.id = a.job_id
CROSS JOIN LATERAL (
    SELECT bool_or(l.version IS DISTINCT FROM (
               SELECT v.version FROM chain_version v WHERE v.source = l.source AND v.object_id = l.object_id
           )) AS have_moved,
           array_agg(ARRAY[l.kind, l.reference, l.version::text] ORDER BY l.kind, l.reference, l.source) AS named
    FROM allocation_attemptlink l WHERE l.attempt_id = a.id
) links
CROSS JOIN LATERAL (
    SELECT array_agg(d.uuid::text ORDER BY d.uuid) AS uuids FROM allocation_lease e
    JOIN allocation_device d ON d.id = e.device_id
    WHERE e.attempt_id = a.id AND e.released_at IS NULL AND d.host_id = h.host_id AND d.uuid <> ''
) devices
WHERE h.host_id = %s AND h.claim_nonce <> ''
  AND (a.id, a.fencing_token) IN (SELECT * FROM unnest(%s::uuid[], %s::bigint[]))
ORDER BY a.id
FOR NO KEY UPDATE OF a
"""
# Never shorter than a warrant that is out already: its answer may be the one that arrives.
EXTEND: Final = """
WITH renewed AS (
    SELECT * FROM unnest(%s::uuid[], %s::timestamptz[]) AS r(attempt_id, until)
), places AS (
    UPDATE allocation_attempthost h SET last_renewed_at = now(), warranted_until = GREATEST(h.warranted_until, r.until)
    FROM renewed r WHERE h.attempt_id = r.attempt_id AND h.host_id = %s
)
UPDATE allocation_lease l SET expires_at = GREATEST(l.expires_at, r.until + %s * interval '1 millisecond')
FROM renewed r, allocation_device d
WHERE l.attempt_id = r.attempt_id AND l.released_at IS NULL AND d.id = l.device_id AND d.host_id = %s
"""
LARGEST_TOKEN: Final = 2**63 - 1


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
    valid_until: datetime | None
    spec_sha256: str
    links: list[list[str]] | None
    device_uuids: list[str] | None

    @property
    def hard_end(self) -> datetime:
        """When the time limit is over."""
        return self.claimed_at + timedelta(milliseconds=self.time_limit_ms)

    @property
    def is_to_be_judged(self) -> bool:
        """Whether the attempt runs and its links have moved, or its time limit is near."""
        if self.state not in (AttemptState.CLAIMED, AttemptState.RUNNING):
            return False
        return self.has_moved or self.is_near_its_end

    @property
    def is_near_its_end(self) -> bool:
        """Whether less than a fifth of the time limit is left."""
        return self.now >= self.hard_end - timedelta(milliseconds=self.time_limit_ms // 5)

    def permitted(self, host: Host, nonce: str) -> Permitted:
        """What a warrant for this attempt names."""
        return Permitted(
            attempt_id=self.attempt_id,
            fencing_token=self.fencing_token,
            spec_sha256=self.spec_sha256,
            host_id=host.pk,
            device_uuids=tuple(self.device_uuids or ()),
            rests_on=tuple(RestsOn(kind, reference, int(version)) for kind, reference, version in self.links or ()),
            nonce=nonce,
            now=self.now,
        )


def renew_attempts(*, host: Host, request: RenewRequest) -> tuple[RenewVerdict, ...]:
    """Answer each attempt: run on under a fresh warrant, drain under a final one, or stop. No ledger rows.

    Mostly nothing has moved, and one locked read and one write are all. Otherwise what has moved is judged first, in
    transactions of its own, and the attempts are read again.
    """
    asked = _asked(request.attempts)
    with transaction.atomic():
        found = _read(host, asked)
        if not any(each.is_to_be_judged for each in found):
            return _answer(host, request, found)
    for standing in found:
        _reconsider(standing)
    with transaction.atomic():
        return _answer(host, request, _read(host, asked))


def _answer(host: Host, request: RenewRequest, found: list[Standing]) -> tuple[RenewVerdict, ...]:
    standing_of = {str(each.attempt_id): each for each in found}
    round_ = Round(host, {})
    verdicts = tuple(round_.verdict(item, standing_of.get(item.attempt_id)) for item in request.attempts)
    _extend(round_)
    drains.mark_told([each.attempt_id for each in found if each.state == AttemptState.DRAINING])
    return verdicts


def _asked(items: Iterable[RenewItem]) -> dict[uuid.UUID, int]:
    """The attempts asked for, each with the token it was asked under; what is no id is no attempt."""
    found = {}
    for item in items:
        with suppress(ValueError):
            found[uuid.UUID(item.attempt_id)] = min(item.fencing_token, LARGEST_TOKEN)
    return found


def _read(host: Host, asked: dict[uuid.UUID, int]) -> list[Standing]:
    with connection.cursor() as cursor:
        cursor.execute(STANDING, [host.pk, list(asked), list(asked.values())])
        return [Standing(*row) for row in cursor.fetchall()]


def _reconsider(standing: Standing) -> None:
    """Judge an attempt anew whose links have moved; drain one that is near its time limit."""
    if not standing.is_to_be_judged:
        return
    if standing.has_moved:
        judge_attempt(standing.attempt_id)
    if standing.is_near_its_end:
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


@dataclass(frozen=True)
class Round:
    """One renewal of a host's attempts; ``until`` gathers how long each warrant that was given lasts."""

    host: Host
    until: dict[uuid.UUID, datetime]

    def verdict(self, item: RenewItem, standing: Standing | None) -> RenewVerdict:
        """What one attempt is answered."""
        if standing is None:
            return _stop(item, "No attempt runs on this host under this token.")
        match AttemptState(standing.state):
            case AttemptState.CLAIMED | AttemptState.RUNNING:
                return self._run_on(item, standing)
            case AttemptState.DRAINING:
                return self._drain(item, standing)
            case AttemptState.PLACED | AttemptState.ENDED:
                return _stop(item, "The attempt has ended.")

    def _run_on(self, item: RenewItem, standing: Standing) -> RenewVerdict:
        """A fresh warrant, or none where the links moved again this moment: the old one runs on, and out."""
        is_started = standing.state == AttemptState.RUNNING
        warrant: Envelope | None = None
        if not standing.has_moved:
            lasting = ttl_before(standing.now, standing.valid_until, standing.hard_end)
            warrant = sign_run(standing.permitted(self.host, item.nonce), lasting)
            if warrant is not None:
                self.until[standing.attempt_id] = standing.now + lasting
        reason = None if warrant else "What it rests on has just changed; ask again."
        return RenewVerdict(item.attempt_id, "run", is_started, warrant, reason)

    def _drain(self, item: RenewItem, standing: Standing) -> RenewVerdict:
        deadline = min(standing.drain_deadline_at or standing.now, standing.hard_end)
        warrant = sign_drain(standing.permitted(self.host, item.nonce), deadline - standing.now)
        if warrant is None:
            return _stop(item, standing.drain_reason)
        self.until[standing.attempt_id] = deadline
        return RenewVerdict(item.attempt_id, "drain", False, warrant, standing.drain_reason)


def _stop(item: RenewItem, reason: str) -> RenewVerdict:
    return RenewVerdict(item.attempt_id, "stop", False, None, reason)


def _extend(renewed: Round) -> None:
    """Carry the leases on until the guards must have killed everything, and the margin."""
    if not renewed.until:
        return
    ids, untils, host = list(renewed.until), list(renewed.until.values()), renewed.host.pk
    with connection.cursor() as cursor:
        cursor.execute(EXTEND, [ids, untils, host, times.in_ms(times.margin()), host])
