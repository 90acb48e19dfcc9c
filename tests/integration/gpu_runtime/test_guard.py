"""The guard against forged papers, silent control planes and stubborn runners. Real processes."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gpu_runtime.guard.isolation import Containment, own_cgroup, probe_containment
from gpu_runtime.guard.processes import find_process, living_with_home
from gpu_runtime.protocol import as_json, generate_key, sign_warrant
from gpu_runtime.protocol.messages import ClaimAnswer
from gpu_runtime.protocol.warrant import WarrantDocument
from tests.integration.gpu_runtime.hosts import GuardOnTrial, until

Put = Callable[..., GuardOnTrial]
SHORT_TTL_MS = 1500
WORKS_HERE = {
    "pid-namespace": probe_containment() is Containment.PID_NAMESPACE,
    "cgroup": own_cgroup() is not None,
    "sweep": True,
}
CONTAINMENTS = [
    pytest.param(name, marks=pytest.mark.skipif(not works, reason=f"this system allows us no {name}"))
    for name, works in WORKS_HERE.items()
]

MISDIRECTED = {
    "wrong_host": {"host_id": "another-host"},
    "wrong_attempt": {"attempt_id": "another-attempt"},
    "wrong_token": {"fencing_token": 8},
    "wrong_spec": {"spec_sha256": "f" * 64},
    "wrong_nonce": {"nonce": "0" * 32},
    "expired": {"ttl_ms": 1},
    "unknown_key": {"key_id": "another-key"},
}


@pytest.mark.parametrize(("code", "changes"), MISDIRECTED.items(), ids=list(MISDIRECTED))
def test_guard_given_misdirected_warrant_runs_nothing(put_on_trial: Put, code: str, changes: dict[str, Any]) -> None:
    guard = put_on_trial()
    answer = guard.ask(op="claim", answer=guard.claim_answer(guard.nonce(), **changes))
    assert answer["code"] == code
    assert guard.end().outcome == "refused"
    assert not guard.run_folder.exists()


@pytest.mark.parametrize("devices", [("D1", "D9"), ("D9",)])
def test_guard_given_warrant_for_foreign_devices_runs_nothing(put_on_trial: Put, devices: tuple[str, ...]) -> None:
    guard = put_on_trial()
    answer = guard.ask(op="claim", answer=guard.claim_answer(guard.nonce(), device_uuids=devices))
    assert answer["code"] == "wrong_devices"
    assert not guard.run_folder.exists()


@pytest.mark.parametrize("field", list(WarrantDocument.__dataclass_fields__))
def test_guard_given_warrant_altered_after_signing_runs_nothing(put_on_trial: Put, field: str) -> None:
    guard = put_on_trial()
    answer = guard.claim_answer(guard.nonce())
    document = answer["warrant"]["document"]
    document[field] = {"v": 2, "kind": "drain", "rests_on": [{"kind": "filing", "ref": "F", "version": 1}]}.get(
        field, 9 if isinstance(document[field], int | None) else ["D2"] if field == "device_uuids" else "altered"
    )
    assert not guard.ask(op="claim", answer=answer)["ok"]
    assert guard.end().outcome == "refused"
    assert not guard.run_folder.exists()


def test_guard_given_warrant_signed_by_another_key_runs_nothing(put_on_trial: Put) -> None:
    guard = put_on_trial()
    document = guard.plane.warrant(guard.placed, guard.nonce()).document
    forged = sign_warrant(WarrantDocument(**document), generate_key())
    claim = ClaimAnswer(forged, guard.placed.spec, guard.plane.place_of(guard.placed))
    assert guard.ask(op="claim", answer=as_json(claim))["code"] == "bad_signature"
    assert not guard.run_folder.exists()


def test_guard_given_another_spec_than_the_warrants_runs_nothing(put_on_trial: Put) -> None:
    guard = put_on_trial()
    answer = guard.claim_answer(guard.nonce())
    answer["spec"] = {"steps": 4_000_000}
    assert guard.ask(op="claim", answer=answer)["code"] == "wrong_spec"
    assert not guard.run_folder.exists()


def test_guard_given_replayed_warrant_of_its_own_past_runs_out(put_on_trial: Put) -> None:
    guard = put_on_trial("obedient.sh")
    first = guard.claim_answer(guard.nonce(), ttl_ms=SHORT_TTL_MS)
    assert guard.ask(op="claim", answer=first)["ok"]
    guard.nonce()
    verdict = {"attempt_id": guard.placed.attempt_id, "answer": "run", "start": True, "reason": None}
    replayed = guard.ask(op="verdict", verdict={**verdict, "warrant": first["warrant"]})
    assert replayed["code"] == "wrong_nonce"
    assert guard.end().outcome == "expired"


def test_guard_given_another_guards_warrant_runs_nothing(put_on_trial: Put) -> None:
    one, other = put_on_trial(), put_on_trial()
    stolen = one.claim_answer(one.nonce())
    assert other.ask(op="claim", answer=stolen)["code"] in {"wrong_attempt", "wrong_nonce"}
    assert not other.run_folder.exists()


def test_guard_given_the_same_claim_twice_starts_once(put_on_trial: Put) -> None:
    guard = put_on_trial()
    answer = guard.claim_answer(guard.nonce())
    assert guard.ask(op="claim", answer=answer)["ok"]
    until(lambda: "started" in guard.log())
    assert guard.ask(op="claim", answer=answer)["ok"]
    guard.renew("drain")
    assert guard.end().outcome == "drained"
    assert guard.log().count("started") == 1


def test_guard_started_again_over_a_used_order_starts_nothing(put_on_trial: Put) -> None:
    guard = put_on_trial("quick.sh")
    guard.claim()
    guard.end()
    with pytest.raises(Exception, match="at most once"):
        guard.launcher.launch(guard.folder)


def test_guard_goes_on_without_the_nest_that_it_came_from_and_the_next_one_gets_another(put_on_trial: Put) -> None:
    guard = put_on_trial()
    assert guard.claim()["ok"]
    nest = guard.launcher._nest
    assert nest is not None
    nest.kill()
    nest.wait()
    assert guard.renew()["ok"]
    (guard.folder.parent / "other").mkdir()
    with pytest.raises(Exception, match="no fresh order"):
        guard.launcher.launch(guard.folder.parent / "other")
    assert guard.launcher._nest is not nest


def test_guard_told_not_to_start_yet_waits_for_the_renewal_that_says_start(put_on_trial: Put) -> None:
    guard = put_on_trial()
    guard.placed.start = False
    assert guard.claim()["phase"] == "held"
    assert not guard.run_folder.exists()
    guard.renew()
    until(lambda: "started" in guard.log())


def test_guard_never_told_to_start_ends_without_a_process(put_on_trial: Put) -> None:
    guard = put_on_trial(ttl_ms=SHORT_TTL_MS)
    guard.placed.start = False
    guard.claim()
    assert guard.end().outcome == "expired"
    assert not guard.run_folder.exists()


@pytest.mark.parametrize("containment", CONTAINMENTS)
def test_guard_without_renewal_kills_a_stubborn_runner_and_its_grandchild_at_ttl(
    put_on_trial: Put, containment: str
) -> None:
    guard = put_on_trial("stubborn.sh", containment)
    guard.claim()
    until(lambda: "started" in guard.log())
    until(lambda: len(guard.living()) >= 3)
    processes = guard.living()
    guard.renew(ttl_ms=SHORT_TTL_MS)
    end = guard.end()
    assert end.outcome == "expired"
    assert end.signal == signal.SIGKILL
    assert end.signal_to_gone_ms is not None
    assert guard.plane.grace_ms - 5 <= end.signal_to_gone_ms
    assert guard.living() == []
    assert not [pid for pid in processes if _runs(pid)]


def test_guard_without_renewal_gives_an_obedient_runner_its_grace(put_on_trial: Put) -> None:
    guard = put_on_trial("obedient.sh")
    guard.claim()
    until(lambda: "started" in guard.log())
    guard.renew(ttl_ms=SHORT_TTL_MS)
    end = guard.end()
    assert (end.outcome, end.exit_code) == ("expired", 75)
    assert "stopping" in end.log_tail


def test_guard_renewed_in_time_lets_the_runner_run_past_its_first_ttl(put_on_trial: Put) -> None:
    guard = put_on_trial("obedient.sh", ttl_ms=4 * SHORT_TTL_MS)
    guard.claim()
    until(lambda: "started" in guard.log())
    clock = os.times
    began = clock().elapsed
    while clock().elapsed - began < 1.2 * guard.plane.ttl_ms / 1000:
        assert guard.renew()["phase"] == "running"


def test_guard_given_a_drain_warrant_drains_and_takes_no_renewal(put_on_trial: Put) -> None:
    guard = put_on_trial("stubborn.sh")
    guard.claim()
    until(lambda: "started" in guard.log())
    guard.renew("drain", window_ms=60_000, ttl_ms=60_000)
    assert guard.renew("run", ttl_ms=60_000)["phase"] == "stopping"
    guard.renew("stop")
    assert guard.end().outcome == "killed"


def test_guard_given_a_drain_warrant_kills_a_stubborn_runner_at_the_windows_end(put_on_trial: Put) -> None:
    guard = put_on_trial("stubborn.sh")
    guard.claim()
    until(lambda: "started" in guard.log())
    guard.renew("drain", window_ms=700, ttl_ms=60_000)
    end = guard.end()
    assert end.outcome == "killed"
    assert end.signal_to_gone_ms is not None
    assert 0 < end.signal_to_gone_ms < 20_000


def test_guard_given_a_drain_warrant_reports_75_as_drained(put_on_trial: Put) -> None:
    guard = put_on_trial("obedient.sh")
    guard.claim()
    until(lambda: "started" in guard.log())
    guard.renew("drain", window_ms=10_000, ttl_ms=20_000)
    end = guard.end()
    assert (end.outcome, end.exit_code, end.devices_clear) == ("drained", 75, True)
    assert end.signal_to_gone_ms is not None
    assert end.signal_to_gone_ms < 5_000


def test_guard_told_to_stop_kills_a_stubborn_runner_within_the_short_grace(put_on_trial: Put) -> None:
    guard = put_on_trial("stubborn.sh")
    guard.claim()
    until(lambda: "started" in guard.log())
    guard.renew("stop")
    end = guard.end()
    assert (end.outcome, end.signal) == ("killed", signal.SIGKILL)
    assert guard.living() == []


@pytest.mark.parametrize("containment", CONTAINMENTS)
def test_guard_killed_takes_its_runner_with_it(put_on_trial: Put, containment: str) -> None:
    guard = put_on_trial("stubborn.sh", containment)
    guard.claim()
    until(lambda: len(guard.living()) >= 3)
    processes = guard.living()
    os.kill(guard.marker().guard_pid, signal.SIGKILL)
    until(lambda: not guard.living())
    until(lambda: not [pid for pid in processes if _runs(pid)])


@pytest.mark.parametrize("containment", CONTAINMENTS)
def test_runner_that_kills_its_cradle_leaves_nothing_behind(put_on_trial: Put, containment: str) -> None:
    guard = put_on_trial("patricide.sh", containment, ttl_ms=4 * SHORT_TTL_MS)
    guard.claim()
    until(lambda: "started" in guard.log() or guard.end())
    processes = living_with_home(str(guard.run_folder))
    assert guard.end().devices_clear
    assert not [pid for pid in processes if _runs(pid)]
    assert living_with_home(str(guard.run_folder)) == []


@pytest.mark.skipif(not WORKS_HERE["pid-namespace"], reason="this system allows us no PID namespace")
def test_guard_killed_takes_even_a_stopped_cradle_with_it(put_on_trial: Put) -> None:
    guard = put_on_trial("stubborn.sh", "pid-namespace")
    guard.claim()
    until(lambda: len(guard.living()) >= 3)
    processes, marker = guard.living(), guard.marker()
    os.kill(marker.cradle_pid, signal.SIGSTOP)
    os.kill(marker.guard_pid, signal.SIGKILL)
    until(lambda: not [pid for pid in processes if _runs(pid)])


@pytest.mark.parametrize("containment", CONTAINMENTS)
def test_guard_stopped_past_ttl_its_cradle_kills_and_it_reports_when_continued(
    put_on_trial: Put, containment: str
) -> None:
    guard = put_on_trial("stubborn.sh", containment)
    guard.claim()
    until(lambda: len(guard.living()) >= 3)
    processes = guard.living()
    guard.renew(ttl_ms=SHORT_TTL_MS)
    guard.nonce()  # once it answers the next question, its cradle has been told the deadline
    guard_pid = guard.marker().guard_pid
    os.kill(guard_pid, signal.SIGSTOP)
    until(lambda: not [pid for pid in processes if _runs(pid)])
    os.kill(guard_pid, signal.SIGCONT)
    end = guard.end()
    assert (end.outcome, end.signal) == ("expired", signal.SIGKILL)
    assert "the cradle did" in end.message
    assert guard.living() == []


def test_guard_continued_within_its_lease_finds_its_runner_alive(put_on_trial: Put) -> None:
    guard = put_on_trial("obedient.sh")
    guard.claim()
    until(lambda: "started" in guard.log())
    guard_pid = guard.marker().guard_pid
    os.kill(guard_pid, signal.SIGSTOP)
    began = os.times().elapsed
    until(lambda: os.times().elapsed - began > SHORT_TTL_MS / 1000)
    os.kill(guard_pid, signal.SIGCONT)
    guard.renew("drain")
    assert guard.end().outcome == "drained"


def test_runner_done_ends_with_its_receipt_and_no_leftover(put_on_trial: Put) -> None:
    guard = put_on_trial("quick.sh")
    guard.claim()
    end = guard.end()
    assert (end.outcome, end.exit_code, end.receipt) == ("succeeded", 0, {"steps": 1})
    assert guard.living() == []


UNFIT = {
    "infinite": b'{"a": 1e999}',
    "long_integer": b'{"a": ' + b"1" * 5_000 + b"}",
    "nul": rb'{"a": "\u0000"}',
    "surrogate": rb'{"\ud800": 1}',
    "deep": b'{"a": ' + b"[" * 400 + b"]" * 400 + b"}",
    "deeper": b'{"a": ' + b"[" * 100_000,
}


@pytest.mark.parametrize("receipt", UNFIT.values(), ids=list(UNFIT))
def test_runner_done_with_an_unfit_receipt_ends_without_it(put_on_trial: Put, tmp_path: Path, receipt: bytes) -> None:
    (tmp_path / "receipt").write_bytes(receipt)
    runner = tmp_path / "unfit.sh"
    runner.write_text(f'cat {tmp_path}/receipt > "$1/receipt.json"\n')
    guard = put_on_trial(str(runner))
    guard.claim()
    end = guard.end()
    assert (end.outcome, end.exit_code, end.receipt) == ("succeeded", 0, None)


def test_runner_failed_ends_with_its_last_words(put_on_trial: Put) -> None:
    guard = put_on_trial("failing.sh")
    guard.claim()
    end = guard.end()
    assert (end.outcome, end.exit_code) == ("failed", 3)
    assert "out of memory" in end.log_tail


def test_runner_that_floods_its_log_fills_no_disk(put_on_trial: Put) -> None:
    guard = put_on_trial("loud.sh")
    guard.claim()
    assert guard.end().outcome == "succeeded"
    assert sum(path.stat().st_size for path in guard.folder.glob("runner.*.log")) <= (8 << 20) + (1 << 17)


def test_runner_sees_no_credential_and_holds_no_right(put_on_trial: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://hunter2")
    guard = put_on_trial("prying.sh", "pid-namespace")
    guard.claim()
    seen = guard.end().log_tail
    names = {line.partition("=")[0] for line in seen.splitlines() if "=" in line}
    allowed = {"PATH", "HOME", "TMPDIR", "LANG", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
    assert names <= allowed | {"OMP_NUM_THREADS", "WRIT_DEVICES", "PWD", "OLDPWD", "SHLVL", "_"}
    assert "hunter2" not in seen
    assert "CapEff:\t0000000000000000" in seen
    assert "CapBnd:\t0000000000000000" in seen or os.geteuid() != 0
    assert "NoNewPrivs:\t1" in seen
    assert "Permission denied" in seen
    assert "WRIT_DEVICES=D1" in seen


def test_guard_asked_nonsense_answers_and_goes_on(put_on_trial: Put) -> None:
    guard = put_on_trial()
    assert guard.ask(op="start")["code"] == "malformed"
    guard.line.sendall(b"not json\n")
    assert json.loads(guard.line.recv(1 << 16))["code"] == "malformed"
    assert guard.claim()["ok"]


def test_guard_never_claimed_goes_away(put_on_trial: Put) -> None:
    guard = put_on_trial(ttl_ms=SHORT_TTL_MS)
    assert guard.end().outcome == "expired"


def _runs(pid: int) -> bool:
    process = find_process(pid)
    return process is not None and process.is_alive
