"""What becomes of a job after an attempt, in every way that an attempt can end."""

from datetime import timedelta

import pytest

from allocation.jobs.after import CRASH_LIMIT, PEER_FAILED, TIME_LIMIT_REASON, Ended, judge, last_line
from allocation.jobs.states import AttemptOutcome, JobAction

Ending, A = AttemptOutcome, JobAction


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Ending.SUCCEEDED, A.SUCCEED),
        (Ending.FAILED, A.REQUEUE),
        (Ending.REFUSED, A.REQUEUE),
        (Ending.DRAINED, A.REQUEUE),
        (Ending.KILLED, A.REQUEUE),
        (Ending.EXPIRED, A.REQUEUE),
        (Ending.NEVER_CLAIMED, A.REQUEUE),
        (Ending.HOST_LOST, A.REQUEUE),
    ],
)
def test_outcome_of_a_first_attempt(outcome: Ending, expected: A) -> None:
    assert judge(Ended(outcome, "said")).action == expected


@pytest.mark.parametrize("outcome", [each for each in Ending if each != Ending.SUCCEEDED])
def test_cancelled_job_is_never_requeued(outcome: Ending) -> None:
    assert judge(Ended(outcome, "", is_cancelled=True, failures_before=9)).action == A.CANCEL


@pytest.mark.parametrize("outcome", [Ending.DRAINED, Ending.KILLED, Ending.EXPIRED, Ending.HOST_LOST, Ending.FAILED])
def test_job_at_its_time_limit_fails(outcome: Ending) -> None:
    verdict = judge(Ended(outcome, "", drain_reason=TIME_LIMIT_REASON))
    assert (verdict.action, verdict.reason) == (A.FAIL, TIME_LIMIT_REASON)


def test_crash_loop_backs_off_twice_as_long_each_time_and_then_fails() -> None:
    backs = [judge(Ended(Ending.FAILED, "m", failures_before=n)) for n in range(CRASH_LIMIT)]
    assert [each.back_off for each in backs[:-1]] == [timedelta(seconds=5), timedelta(seconds=10)]
    assert backs[-1].action == A.FAIL


def test_failure_after_a_new_checkpoint_begins_the_count_anew() -> None:
    verdict = judge(Ended(Ending.FAILED, "m", failures_before=2, has_progressed=True))
    assert (verdict.action, verdict.failures) == (A.REQUEUE, 1)


def test_failure_while_draining_is_not_counted_but_that_of_a_peer_is() -> None:
    assert judge(Ended(Ending.FAILED, "m", drain_reason="Licence suspended", failures_before=1)).failures == 1
    assert judge(Ended(Ending.FAILED, "m", drain_reason=PEER_FAILED, failures_before=1)).failures == 2


def test_host_loss_keeps_the_count() -> None:
    assert judge(Ended(Ending.HOST_LOST, "m", failures_before=2)).failures == 2


def test_last_line_skips_blank_ones() -> None:
    assert last_line("a\n  b  \n\n \n") == "b"
    assert last_line("") == ""
