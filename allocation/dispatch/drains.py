"""Drains: the graded stop of every attempt that hangs on a broken link, and of no other."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.actors import Actor
from allocation.chain.licensed import window_ms_of
from allocation.chain.models import AttemptLink
from allocation.clock import database_now
from allocation.dispatch.bells import ring_hosts
from allocation.dispatch.ends import end_unclaimed, lock_attempt
from allocation.dispatch.models import Drain, DrainItem, Lease
from allocation.jobs.models import Attempt
from allocation.jobs.states import ATTEMPT_EDGES, AttemptAction, AttemptOutcome, AttemptState
from ledger.services import next_reference, record
from ledger.transitions import advance


@dataclass(frozen=True)
class Cause:
    """What broke: the kind and row of the link, its reference, and why in words."""

    kind: str
    object_id: uuid.UUID
    reference: str
    reason: str


def attempts_resting_on(source: str, object_id: uuid.UUID) -> list[uuid.UUID]:
    """The live attempts that rest on a row, by the links that were stored when they were placed."""
    found = AttemptLink.objects.filter(source=source, object_id=object_id)
    return list(found.exclude(attempt__state=AttemptState.ENDED).values_list("attempt_id", flat=True).distinct())


def begin_drain(
    *, actor: Actor | None, cause: Cause, attempts: Iterable[uuid.UUID], immediate: bool = False
) -> Drain | None:
    """Stop attempts: each gets its checkpoint window, or none where the stop is immediate.

    Returns:
        The drain, or ``None`` where nothing was left to stop.
    """
    with transaction.atomic():
        live = [attempt for attempt in _locked(attempts) if not _is_stopped_already(attempt, cause, immediate)]
        if not live:
            return None
        drain = Drain.objects.create(
            reference=next_reference("DRN"),
            cause_kind=cause.kind[:30],
            cause_id=cause.object_id,
            cause_ref=cause.reference[:80],
            reason=cause.reason[:500],
            is_immediate=immediate,
        )
        facts = {"cause": cause.kind, "cause_id": str(cause.object_id), "reason": cause.reason[:300]}
        stopped = {"attempts": [str(attempt.pk) for attempt in live], "immediate": immediate}
        record("drain.begun", drain, actor=actor, facts={**facts, **stopped})
        windows = {attempt.pk: 0 if immediate else window_ms_for(attempt) for attempt in live}
        DrainItem.objects.bulk_create(
            DrainItem(drain=drain, attempt=attempt, window_ms=windows[attempt.pk]) for attempt in live
        )
        for attempt in live:
            _drain_attempt(drain, attempt, windows[attempt.pk])
    return drain


def _locked(attempts: Iterable[uuid.UUID]) -> list[Attempt]:
    """Locks in one fixed order, by job, so that two drains never wait for each other."""
    ids = set(attempts)
    ordered = Attempt.objects.filter(pk__in=ids).order_by("job_id", "pk").values_list("pk", flat=True)
    locked = [lock_attempt(pk) for pk in list(ordered)]
    return [attempt for attempt in locked if attempt is not None and attempt.state != AttemptState.ENDED]


def _is_stopped_already(attempt: Attempt, cause: Cause, immediate: bool) -> bool:
    """Whether a drain for the same cause, at least as quick, has the attempt in hand (a report is repeated)."""
    same = DrainItem.objects.filter(attempt=attempt, confirmed_at=None, drain__cause_id=cause.object_id)
    return same.filter(drain__is_immediate=True).exists() if immediate else same.exists()


def _drain_attempt(drain: Drain, attempt: Attempt, window_ms: int) -> None:
    if attempt.state == AttemptState.PLACED:
        attempt.drain_reason = drain.reason
        end_unclaimed(attempt, outcome=AttemptOutcome.REFUSED, reason=drain.reason)
        return
    now = database_now()
    deadline = now + timedelta(milliseconds=window_ms)
    if attempt.state != AttemptState.DRAINING:
        attempt.state = advance(ATTEMPT_EDGES, attempt.state, AttemptAction.DRAIN)
        attempt.drain_reason, attempt.drain_asked_at = drain.reason, now
        attempt.drain_deadline_at = deadline
    attempt.drain_deadline_at = min(attempt.drain_deadline_at or deadline, deadline)
    attempt.save(update_fields=["state", "drain_reason", "drain_asked_at", "drain_deadline_at"])
    facts = {"drain": drain.reference, "reason": drain.reason[:300], "window_ms": window_ms}
    record("attempt.draining", attempt, facts={**facts, "job": attempt.job.reference})
    ring_hosts(attempt, "drain")


def window_ms_for(attempt: Attempt) -> int:
    """The attempt's checkpoint window in ms: the shorter of its licences' conditions, else 60 s."""
    leases = Lease.objects.filter(attempt=attempt)
    named = leases.values_list("exporter_line__licence", "importer_line__licence", "device__item__draws__line__licence")
    return window_ms_of({pk for licences in named for pk in licences if pk})


def mark_told(attempt_ids: Iterable[uuid.UUID]) -> None:
    """Note when a host was first answered with the drain."""
    DrainItem.objects.filter(attempt__in=list(attempt_ids), told_at=None).update(told_at=Now())


def open_drains() -> QuerySet[Drain]:
    """The drains that are not completed."""
    return Drain.objects.filter(completed_at=None)
