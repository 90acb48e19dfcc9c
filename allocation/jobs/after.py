"""What becomes of a job when its attempt has ended, as one pure decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from allocation.jobs.states import AttemptOutcome, JobAction

CRASH_LIMIT: Final = 3
BACK_OFF: Final = timedelta(seconds=5)
BACK_OFF_MOST: Final = timedelta(hours=1)
TIME_LIMIT_REASON: Final = "It reached its time limit."
PEER_FAILED: Final = "Another host of the gang failed."
_LIMIT: Final = 500


@dataclass(frozen=True)
class Ended:
    """How an attempt ended, as far as its job is concerned.

    ``retries`` and ``back_off`` are what the job file asks for, or the defaults.
    """

    outcome: AttemptOutcome
    message: str
    last_line: str = ""
    is_cancelled: bool = False
    drain_reason: str = ""
    failures_before: int = 0
    retries: int = CRASH_LIMIT - 1
    back_off: timedelta = BACK_OFF
    has_progressed: bool = False


@dataclass(frozen=True)
class Verdict:
    """What happens to the job: the act, why, its failures in a row, and how long it backs off."""

    action: JobAction
    reason: str
    failures: int = 0
    back_off: timedelta = timedelta(0)


def judge(ended: Ended) -> Verdict:
    """Succeed, cancel, go back to the queue, or fail: after its retries in a row without a new checkpoint."""
    if ended.outcome == AttemptOutcome.SUCCEEDED:
        return Verdict(JobAction.SUCCEED, "")
    if ended.is_cancelled:
        return Verdict(JobAction.CANCEL, "Cancelled on request.")
    if ended.drain_reason == TIME_LIMIT_REASON:
        return Verdict(JobAction.FAIL, TIME_LIMIT_REASON)
    match ended.outcome:
        case AttemptOutcome.FAILED | AttemptOutcome.REFUSED:
            return _crashed(ended)
        case _:
            return Verdict(JobAction.REQUEUE, ended.drain_reason or ended.message, ended.failures_before)


def _crashed(ended: Ended) -> Verdict:
    failures = 1 if ended.has_progressed else ended.failures_before + 1
    if ended.drain_reason and ended.drain_reason != PEER_FAILED and ended.outcome == AttemptOutcome.FAILED:
        return Verdict(JobAction.REQUEUE, ended.drain_reason, ended.failures_before)
    said = ". Last line of its log: ".join(part for part in (ended.message.rstrip("."), ended.last_line) if part)
    limit = ended.retries + 1
    if failures >= limit:
        times = f"{failures} times in a row" if failures > 1 else "once, and asks for no retry"
        return Verdict(JobAction.FAIL, f"It failed {times}. {said}"[:_LIMIT], failures)
    back_off = min(ended.back_off * 2 ** (failures - 1), BACK_OFF_MOST)
    words = f"It failed {failures} of {limit} times in a row and starts again. {said}"
    return Verdict(JobAction.REQUEUE, words[:_LIMIT], failures, back_off)


def last_line(log_tail: str) -> str:
    """The last line of a log that says something."""
    lines = [line.strip() for line in log_tail.splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""
