"""Warrants: signed in the answer to a claim or renewal, never queued, never longer than what they rest on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from allocation.chain.models import AttemptLink
from allocation.dispatch import times
from allocation.dispatch.keys import warrant_key
from allocation.inventory.models import Device
from allocation.jobs.models import Attempt
from gpu_runtime.protocol import Envelope, RestsOn, WarrantDocument, key_id_of, sign_warrant


@dataclass(frozen=True)
class Bearer:
    """Whom a warrant is for: an attempt on one host, answering one nonce, at a moment of database time."""

    attempt: Attempt
    host_id: UUID
    nonce: str
    now: datetime


def hard_end(attempt: Attempt) -> datetime | None:
    """When the attempt's time limit is over; nothing is charged, and nothing runs, beyond it."""
    if attempt.claimed_at is None:
        return None
    return attempt.claimed_at + timedelta(milliseconds=attempt.job.time_limit_ms)


def ttl_before(now: datetime, *ends: datetime | None) -> timedelta:
    """How long a run warrant may last now: the ttl, but never past the ends given."""
    return min([times.ttl(), *(moment - now for moment in ends if moment is not None)])


def run_ttl(attempt: Attempt, now: datetime) -> timedelta:
    """How long a run warrant may last now: the ttl, but never past the chain's validity or the time limit."""
    return ttl_before(now, attempt.valid_until, hard_end(attempt))


@dataclass(frozen=True)
class Permitted:
    """What a warrant permits, and what it rests on: all that is signed but the time it lasts."""

    attempt_id: UUID
    fencing_token: int
    spec_sha256: str
    host_id: UUID
    device_uuids: tuple[str, ...]
    rests_on: tuple[RestsOn, ...]
    nonce: str
    now: datetime


def run_warrant(bearer: Bearer) -> Envelope | None:
    """A fresh warrant to run, or ``None`` where not a millisecond is left."""
    return sign_run(_permitted(bearer), run_ttl(bearer.attempt, bearer.now))


def sign_run(permitted: Permitted, lasting: timedelta) -> Envelope | None:
    """A warrant to run for so long, or ``None`` where not a millisecond is left."""
    ttl_ms = times.in_ms(lasting)
    return _signed(permitted, ttl_ms, None) if ttl_ms > 0 else None


def sign_drain(permitted: Permitted, window: timedelta) -> Envelope | None:
    """The final warrant: ``window`` to write a checkpoint in, then nothing. ``None`` where the window is over."""
    window_ms = times.in_ms(window)
    return _signed(permitted, window_ms, window_ms) if window_ms > 0 else None


def _signed(permitted: Permitted, ttl_ms: int, window_ms: int | None) -> Envelope:
    key = warrant_key()
    document = WarrantDocument(
        kind="run" if window_ms is None else "drain",
        key_id=key_id_of(key.verify_key),
        attempt_id=str(permitted.attempt_id),
        fencing_token=permitted.fencing_token,
        spec_sha256=permitted.spec_sha256,
        host_id=str(permitted.host_id),
        device_uuids=permitted.device_uuids,
        rests_on=permitted.rests_on,
        ttl_ms=ttl_ms,
        window_ms=window_ms,
        nonce=permitted.nonce,
        issued_at=permitted.now.isoformat(),
    )
    return sign_warrant(document, key)


def _permitted(bearer: Bearer) -> Permitted:
    attempt = bearer.attempt
    return Permitted(
        attempt_id=attempt.pk,
        fencing_token=attempt.fencing_token,
        spec_sha256=attempt.job.spec_sha256,
        host_id=bearer.host_id,
        device_uuids=_device_uuids(attempt, bearer.host_id),
        rests_on=_rests_on(attempt),
        nonce=bearer.nonce,
        now=bearer.now,
    )


def _device_uuids(attempt: Attempt, host_id: UUID) -> tuple[str, ...]:
    found = Device.objects.filter(leases__attempt=attempt, leases__released_at=None, host=host_id)
    return tuple(sorted(uuid for uuid in found.values_list("uuid", flat=True) if uuid))


def _rests_on(attempt: Attempt) -> tuple[RestsOn, ...]:
    links = AttemptLink.objects.filter(attempt=attempt).order_by("kind", "reference", "source")
    return tuple(RestsOn(kind=link.kind, ref=link.reference, version=link.version) for link in links)
