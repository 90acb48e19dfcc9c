"""Stopping a running job for another: its checkpoint is saved, its loss is put down, and it starts again later."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from allocation.dispatch import drains
from allocation.dispatch.ends import lock_attempt
from allocation.jobs.models import Job
from allocation.jobs.states import AttemptState, JobState
from allocation.scheduler.models import Preemption
from allocation.scheduler.placement import Running, Stops
from ledger.services import record


def stop_for(stop: Stops, attempt_id: UUID, running: Running) -> bool:
    """Checkpoint and stop one attempt for a waiting job, in one transaction.

    Returns:
        Whether it is being stopped: not where it has ended, is draining already, or nobody waits for it any more.
    """
    with transaction.atomic():
        waiting = Job.objects.filter(pk=stop.for_job, state=JobState.WAITING).first()
        attempt = lock_attempt(attempt_id)
        if waiting is None or attempt is None or attempt.state != AttemptState.RUNNING:
            return False
        lost_ms = int(running.lost_device_s * 1000)
        reason = f"Stopped for {waiting.reference}: {stop.reason}"
        Preemption.objects.create(attempt=attempt, for_job=waiting, reason=stop.reason[:300], lost_device_ms=lost_ms)
        cause = drains.Cause("preemption", waiting.pk, waiting.reference, reason)
        drains.begin_drain(actor=None, cause=cause, attempts=[attempt.pk])
        facts = {"for_job": waiting.reference, "reason": stop.reason[:300], "lost_device_ms": lost_ms}
        record("attempt.preempted", attempt, facts=facts)
        return True
