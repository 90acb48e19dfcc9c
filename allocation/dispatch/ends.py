"""How an attempt ends: leases charged and released, the grant settled, the job sent on, all in one transaction."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F, Q, Value
from django.db.models.functions import Least, Now

from allocation.clock import wake
from allocation.dispatch import times
from allocation.dispatch.models import DrainItem, Lease
from allocation.grants.services import settle
from allocation.jobs.after import BACK_OFF, CRASH_LIMIT, Ended, Verdict, judge, last_line
from allocation.jobs.models import Attempt, Checkpoint, Job
from allocation.jobs.states import ATTEMPT_EDGES, JOB_EDGES, AttemptAction, AttemptOutcome, AttemptState, JobAction
from ledger.errors import Overtaken
from ledger.services import record
from ledger.transitions import advance


@dataclass(frozen=True)
class Closing:
    """What is known of an attempt's end. ``values`` are further columns of the attempt, as the host told them."""

    outcome: AttemptOutcome
    message: str = ""
    values: dict[str, Any] = field(default_factory=dict)


def lock_attempt(attempt_id: uuid.UUID) -> Attempt | None:
    """Lock an attempt, its job first: everybody who locks both does it in this order."""
    job_id = Attempt.objects.filter(pk=attempt_id).values_list("job_id", flat=True).first()
    if job_id is None:
        return None
    job = Job.objects.select_for_update().get(pk=job_id)
    attempt = Attempt.objects.select_for_update().get(pk=attempt_id)
    attempt.job = job
    return attempt


def charge_leases(attempt: Attempt, *, leases: Q, until: Any) -> None:
    """Stop the charging of leases: at ``until``, but never past the time limit that was reserved for."""
    limit = Value(timedelta(milliseconds=attempt.job.time_limit_ms), output_field=DurationField())
    latest = ExpressionWrapper(F("charged_from") + limit, output_field=Lease._meta.get_field("charged_until"))
    charging = Lease.objects.filter(leases, attempt=attempt, charged_from__isnull=False, charged_until=None)
    charging.update(charged_until=Least(until, latest))


def end_unclaimed(attempt: Attempt, *, outcome: AttemptOutcome, reason: str) -> None:
    """End an attempt that no host has claimed: no warrant was signed, so nothing runs and the devices are free."""
    close_attempt(attempt, Closing(outcome, reason))


def close_attempt(attempt: Attempt, closing: Closing) -> None:
    """End a locked attempt, settle its GPU time, confirm its drains and send its job on."""
    attempt.state = advance(ATTEMPT_EDGES, attempt.state, AttemptAction.END)
    attempt.outcome = closing.outcome
    attempt.message = closing.message[:1000]
    values = {**closing.values, "message": attempt.message}
    same = Attempt.objects.filter(pk=attempt.pk, fencing_token=attempt.fencing_token)
    ended = same.exclude(state=AttemptState.ENDED).update(
        state=attempt.state, outcome=closing.outcome, ended_at=Now(), **values
    )
    if not ended:
        raise Overtaken(f"Attempt {attempt.number} of {attempt.job.reference} has ended already.")
    # Where nobody claimed, no warrant was signed: nothing runs there, and the device is free.
    Lease.objects.filter(attempt=attempt, charged_from=None, released_at=None).update(released_at=Now())
    charged_ms = settle(attempt=attempt)
    facts = {"outcome": closing.outcome, "message": attempt.message[:200], "charged_ms": charged_ms}
    record("attempt.ended", attempt, facts={**facts, "job": attempt.job.reference, "number": attempt.number})
    confirm_drains(attempt, closing)
    _send_on(attempt, judge(_as_ended(attempt, closing)))
    wake()


def confirm_drains(attempt: Attempt, closing: Closing) -> None:
    """Write the end into every drain that asked for it; the last confirmed item completes its drain."""
    for item in DrainItem.objects.select_related("drain").filter(attempt=attempt, confirmed_at=None):
        DrainItem.objects.filter(pk=item.pk).update(confirmed_at=Now(), outcome=closing.outcome)
        if not item.drain.items.filter(confirmed_at=None).exists():
            type(item.drain).objects.filter(pk=item.drain_id).update(completed_at=Now())
            record("drain.completed", item.drain, facts={"attempts": item.drain.items.count()})


def _as_ended(attempt: Attempt, closing: Closing) -> Ended:
    return Ended(
        outcome=closing.outcome,
        message=closing.message,
        last_line=last_line(str(closing.values.get("log_tail", ""))),
        is_cancelled=attempt.job.cancel_requested_at is not None,
        drain_reason=attempt.drain_reason,
        failures_before=attempt.job.failures_in_a_row,
        retries=attempt.job.spec.get("retries", CRASH_LIMIT - 1),
        back_off=timedelta(milliseconds=attempt.job.spec.get("back_off_ms", times.in_ms(BACK_OFF))),
        has_progressed=Checkpoint.objects.filter(attempt=attempt).exists(),
    )


def _send_on(attempt: Attempt, verdict: Verdict) -> None:
    job = attempt.job
    state = advance(JOB_EDGES, job.state, verdict.action)
    values: dict[str, Any] = {"state": state, "failures_in_a_row": verdict.failures}
    if verdict.action == JobAction.REQUEUE:
        not_before = Now() + verdict.back_off if verdict.back_off else None
        values |= {"waits_because": verdict.reason[:500], "not_before": not_before}
    else:
        values |= {"ended_because": verdict.reason[:500], "waits_because": "", "ended_at": Now()}
    Job.objects.filter(pk=job.pk).update(**values)
    job.state = state
    acts = {JobAction.SUCCEED: "succeeded", JobAction.FAIL: "failed", JobAction.CANCEL: "cancelled"}
    record(f"job.{acts.get(verdict.action, 'requeued')}", job, facts={"reason": verdict.reason[:200]})


def is_live(attempt: Attempt) -> bool:
    """Whether the attempt has not ended."""
    return attempt.state != AttemptState.ENDED
