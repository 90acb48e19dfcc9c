"""The lease's clock: from the nonce, to the millisecond, and never longer."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_runtime.guard.lease import STOP_GRACE_MS, Cause, Lease, Phase, Step, Terms
from gpu_runtime.protocol import Refusal, WarrantRefused
from gpu_runtime.protocol.messages import AttemptPlace, ClaimAnswer, RenewVerdict
from tests.unit.gpu_runtime.papers import PINNED, SPEC, warrant

TTL, GRACE = 20_000, 8_000
START = 1_000_000


def _lease() -> Lease:
    return Lease(Terms("host-1", "attempt-1", frozenset({"D1", "D2", "D3"}), PINNED, TTL, GRACE), START)


def _claim(lease: Lease, now: int = START, *, start: bool = True, **changes: Any) -> ClaimAnswer:
    place = AttemptPlace("attempt-1", "JOB-1", 1, 7, 0, 1, None, None, "job", start)
    answer = ClaimAnswer(warrant(**{"nonce": lease.nonce_for_request(now), **changes}), SPEC, place)
    lease.take_claim(answer, now)
    return answer


def _running(now: int = START) -> Lease:
    lease = _lease()
    _claim(lease, now)
    lease.started()
    return lease


def _verdict(lease: Lease, asked: int, answer: Any = "run", *, start: bool = True, **changes: Any) -> RenewVerdict:
    fields = {"nonce": lease.nonce_for_request(asked), **changes}
    if answer == "drain":
        fields = {"kind": "drain", "window_ms": 60_000, **fields}
    return RenewVerdict("attempt-1", answer, start, None if answer == "stop" else warrant(**fields), "because")


def _stopping(lease: Lease, now: int) -> Lease:
    assert lease.step(now) is Step.TERMINATE
    lease.terminated()
    return lease


def test_lease_not_claimed_starts_nothing_and_ends_after_ttl() -> None:
    lease = _lease()
    assert lease.step(START + TTL - 1) is Step.WAIT
    assert lease.step(START + TTL) is Step.END


def test_lease_claimed_with_start_starts() -> None:
    lease = _lease()
    _claim(lease)
    assert lease.step(START) is Step.START


def test_lease_claimed_without_start_waits_and_starts_with_the_renewal_that_says_so() -> None:
    lease = _lease()
    _claim(lease, start=False)
    assert lease.step(START) is Step.WAIT
    lease.take_verdict(_verdict(lease, START, start=False), START)
    assert lease.step(START) is Step.WAIT
    lease.take_verdict(_verdict(lease, START), START)
    assert lease.step(START) is Step.START


def test_lease_held_too_long_ends_and_starts_nothing() -> None:
    lease = _lease()
    _claim(lease)
    assert lease.step(START + TTL - GRACE) is Step.END


@pytest.mark.parametrize(
    ("elapsed", "step"), [(TTL - GRACE - 1, Step.WAIT), (TTL - GRACE, Step.TERMINATE), (TTL, Step.TERMINATE)]
)
def test_lease_without_renewal_terminates_at_ttl_less_grace(elapsed: int, step: Step) -> None:
    assert _running().step(START + elapsed) is step


def test_lease_without_renewal_kills_at_ttl() -> None:
    lease = _stopping(_running(), START + TTL - GRACE)
    assert lease.cause is Cause.EXPIRY
    assert lease.step(START + TTL - 1) is Step.WAIT
    assert lease.step(START + TTL) is Step.KILL


def test_lease_counts_from_the_nonce_and_not_from_the_answer() -> None:
    lease = _running()
    verdict = _verdict(lease, START + 2_000)
    lease.take_verdict(verdict, START + 9_000)
    assert lease.step(START + 2_000 + TTL - GRACE - 1) is Step.WAIT
    assert lease.step(START + 2_000 + TTL - GRACE) is Step.TERMINATE


def test_lease_given_a_warrant_with_a_shorter_ttl_gets_shorter() -> None:
    lease = _running()
    lease.take_verdict(_verdict(lease, START, ttl_ms=9_000), START)
    assert lease.step(START + 999) is Step.WAIT
    assert lease.step(START + 1_000) is Step.TERMINATE


@pytest.mark.parametrize(("late", "is_taken"), [(TTL - 1, True), (TTL, False)])
def test_claim_answered_late_is_taken_only_within_its_ttl(late: int, is_taken: bool) -> None:
    lease = _lease()
    place = AttemptPlace("attempt-1", "JOB-1", 1, 7, 0, 1, None, None, "job", True)
    answer = ClaimAnswer(warrant(nonce=lease.nonce_for_request(START)), SPEC, place)
    if is_taken:
        lease.take_claim(answer, START + late)
        assert lease.step(START + late) is Step.END
        return
    with pytest.raises(WarrantRefused, match="expired"):
        lease.take_claim(answer, START + late)


def test_claim_asked_again_keeps_its_nonce_and_its_clock() -> None:
    lease = _lease()
    assert lease.nonce_for_request(START) == lease.nonce_for_request(START + 5_000)
    _claim(lease, START + 5_000)
    lease.started()
    assert lease.step(START + TTL - GRACE) is Step.TERMINATE


def test_claim_given_twice_changes_nothing() -> None:
    lease = _lease()
    answer = _claim(lease)
    lease.started()
    lease.take_claim(answer, START + 1)
    assert lease.step(START + 1) is Step.WAIT


def test_claim_given_to_a_lease_that_has_one_is_refused() -> None:
    lease = _running()
    other = ClaimAnswer(
        warrant(nonce=lease.nonce_for_request(START)),
        SPEC,
        AttemptPlace("attempt-1", "JOB-1", 1, 7, 0, 1, None, None, "job", True),
    )
    with pytest.raises(WarrantRefused):
        lease.take_claim(other, START)


def test_renewal_replayed_is_refused_and_the_lease_runs_out() -> None:
    lease = _running()
    verdict = _verdict(lease, START)
    lease.take_verdict(verdict, START)
    with pytest.raises(WarrantRefused, match="wrong_nonce"):
        lease.take_verdict(verdict, START + 1)
    lease.nonce_for_request(START + 2)
    with pytest.raises(WarrantRefused, match="wrong_nonce"):
        lease.take_verdict(verdict, START + 3)
    assert lease.step(START + TTL - GRACE) is Step.TERMINATE


def test_renewal_for_an_older_nonce_is_refused() -> None:
    lease = _running()
    old = _verdict(lease, START)
    lease.nonce_for_request(START + 1)
    with pytest.raises(WarrantRefused, match="wrong_nonce"):
        lease.take_verdict(old, START + 2)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"host_id": "host-2"}, Refusal.WRONG_HOST),
        ({"attempt_id": "attempt-2"}, Refusal.WRONG_ATTEMPT),
        ({"fencing_token": 8}, Refusal.WRONG_TOKEN),
        ({"spec_sha256": "0" * 64}, Refusal.WRONG_SPEC),
        ({"device_uuids": ("D1",)}, Refusal.WRONG_DEVICES),
        ({"device_uuids": ("D1", "D2", "D3")}, Refusal.WRONG_DEVICES),
    ],
)
def test_renewal_that_names_another_extends_nothing(changes: dict[str, Any], code: Refusal) -> None:
    lease = _running()
    with pytest.raises(WarrantRefused) as refused:
        lease.take_verdict(_verdict(lease, START + 5_000, **changes), START + 5_000)
    assert refused.value.code is code
    assert lease.step(START + TTL - GRACE) is Step.TERMINATE


def test_renewal_without_a_warrant_extends_nothing() -> None:
    lease = _running()
    lease.nonce_for_request(START + 5_000)
    with pytest.raises(WarrantRefused):
        lease.take_verdict(RenewVerdict("attempt-1", "run", True, None, None), START + 5_000)
    assert lease.step(START + TTL - GRACE) is Step.TERMINATE


def test_drain_terminates_now_and_kills_when_its_window_is_over() -> None:
    lease = _running()
    lease.take_verdict(_verdict(lease, START + 100, "drain", window_ms=5_000, ttl_ms=60_000), START + 200)
    _stopping(lease, START + 200)
    assert lease.step(START + 5_099) is Step.WAIT
    assert lease.step(START + 5_100) is Step.KILL
    assert lease.cause is Cause.DRAIN


def test_drain_with_a_window_beyond_its_ttl_kills_at_its_ttl() -> None:
    lease = _running()
    lease.take_verdict(_verdict(lease, START, "drain", window_ms=60_000, ttl_ms=3_000), START)
    _stopping(lease, START)
    assert lease.step(START + 2_999) is Step.WAIT
    assert lease.step(START + 3_000) is Step.KILL


def test_drain_warrant_in_an_answer_that_says_run_drains() -> None:
    lease = _running()
    lease.take_verdict(_verdict(lease, START, "run", kind="drain", window_ms=1_000), START)
    assert lease.step(START) is Step.TERMINATE


def test_run_warrant_in_an_answer_that_says_drain_is_refused() -> None:
    lease = _running()
    verdict = RenewVerdict("attempt-1", "drain", False, warrant(nonce=lease.nonce_for_request(START)), None)
    with pytest.raises(WarrantRefused):
        lease.take_verdict(verdict, START)


def test_drain_is_final() -> None:
    lease = _running()
    lease.take_verdict(_verdict(lease, START, "drain", window_ms=5_000), START)
    _stopping(lease, START)
    lease.take_verdict(_verdict(lease, START + 1_000), START + 1_000)
    lease.take_verdict(_verdict(lease, START + 1_000, "drain", window_ms=15_000), START + 1_000)
    assert lease.step(START + 5_000) is Step.KILL


def test_drain_before_the_start_starts_nothing() -> None:
    lease = _lease()
    _claim(lease)
    lease.take_verdict(_verdict(lease, START, "drain"), START)
    assert lease.step(START) is Step.END


def test_claim_answered_by_a_drain_warrant_is_refused() -> None:
    lease = _lease()
    with pytest.raises(WarrantRefused):
        _claim(lease, kind="drain", window_ms=5)
    assert lease.phase is Phase.WAITING


def test_stop_terminates_now_and_kills_after_the_short_grace() -> None:
    lease = _running()
    lease.take_verdict(_verdict(lease, START, "stop"), START + 50)
    _stopping(lease, START + 50)
    assert lease.step(START + 50 + STOP_GRACE_MS - 1) is Step.WAIT
    assert lease.step(START + 50 + STOP_GRACE_MS) is Step.KILL


def test_stop_while_draining_makes_it_shorter() -> None:
    lease = _running()
    lease.take_verdict(_verdict(lease, START, "drain", window_ms=15_000), START)
    _stopping(lease, START)
    lease.stop(START + 1_000, "now")
    assert lease.step(START + 1_000 + STOP_GRACE_MS) is Step.KILL


def test_stop_never_makes_a_lease_longer() -> None:
    lease = _stopping(_running(), START + TTL - GRACE)
    lease.stop(START + TTL - 1, "late")
    assert lease.step(START + TTL) is Step.KILL


def test_expiry_is_not_taken_back_by_a_late_renewal() -> None:
    lease = _stopping(_running(), START + TTL - GRACE)
    lease.take_verdict(_verdict(lease, START + TTL - GRACE), START + TTL - GRACE)
    assert lease.step(START + TTL) is Step.KILL


MOVES = st.lists(
    st.tuples(st.integers(0, 6_000), st.sampled_from(["run", "drain", "stop", "replay", "silence", "forged"])),
    max_size=30,
)


@given(MOVES)
def test_lease_under_any_answers_never_runs_past_the_last_good_warrant(moves: list[tuple[int, str]]) -> None:
    """Whatever comes in whatever order: at the ttl of the last warrant that was taken, everything is killed."""
    lease, now = _running(), START
    good_until, last = START + TTL, None
    for pause, move in moves:
        now += pause
        while (step := lease.step(now)) is Step.TERMINATE:
            lease.terminated()
        if step is Step.KILL:
            return
        assert now < good_until
        if move == "silence":
            continue
        if move == "replay":
            if last is not None:
                with pytest.raises(WarrantRefused):
                    lease.take_verdict(last, now)
            continue
        verdict = _verdict(lease, now, "run" if move == "forged" else move)
        if move == "forged":
            assert verdict.warrant is not None
            verdict.warrant.document["ttl_ms"] = 10**9
            with pytest.raises(WarrantRefused):
                lease.take_verdict(verdict, now)
            continue
        final = lease.cause is not None
        lease.take_verdict(verdict, now)
        last = verdict if move != "stop" else last
        if move in ("run", "drain") and not final:
            good_until = now + TTL
    while lease.step(good_until) is Step.TERMINATE:
        lease.terminated()
    assert lease.step(good_until) is Step.KILL
