"""The agent against crashes, silence and forged bells; agent, guard and runner are real processes."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from gpu_runtime.guard.order import MARKER, Marker, read_paper
from gpu_runtime.guard.processes import find_process
from gpu_runtime.guard.watch import NOT_ITS_OWN_USER
from gpu_runtime.protocol import MessageMalformed
from gpu_runtime.protocol.messages import EndRequest
from tests.integration.gpu_runtime.control_plane import CODE, Placed, SmallControlPlane
from tests.integration.gpu_runtime.hosts import AgentOnTrial, until


def _marker(agent: AgentOnTrial, placed: Placed) -> Marker:
    return until(lambda: read_paper(Marker, agent.folder(placed) / MARKER))


def _lives(pid: int) -> bool:
    process = find_process(pid)
    return process is not None and process.is_alive


def test_attempt_placed_is_claimed_run_and_ended_with_its_receipt(
    agent: AgentOnTrial, plane: SmallControlPlane
) -> None:
    agent.runner = "quick.sh"
    agent.start()
    placed = plane.place()
    end = plane.wait_for(lambda: placed.end)
    assert (end.outcome, end.receipt, end.devices_clear) == ("succeeded", {"steps": 1}, True)
    assert {"step": 1, "loss": 1.0} in placed.loss
    assert placed.log.removeprefix(NOT_ITS_OWN_USER.decode()) == "done\n"
    until(lambda: not agent.folder(placed).exists())


def test_end_that_cannot_be_taken_is_told_again_without_its_receipt(
    agent: AgentOnTrial, plane: SmallControlPlane
) -> None:
    def choke(message: EndRequest) -> object:
        if message.receipt is not None or message.log_tail:
            raise MessageMalformed("receipt: no")
        return type(plane).on_end(plane, message)

    plane.on_end = choke
    agent.runner = "quick.sh"
    agent.start()
    placed = plane.place()
    end = plane.wait_for(lambda: placed.end)
    assert (end.outcome, end.exit_code, end.receipt, end.devices_clear) == ("succeeded", 0, None, True)
    assert plane.refused == ["end: malformed"]
    until(lambda: not agent.folder(placed).exists())


def test_attempt_renewed_runs_on_and_drained_reports_its_checkpoint(
    agent: AgentOnTrial, plane: SmallControlPlane
) -> None:
    agent.start()
    placed = plane.place()
    plane.wait_for(lambda: len(plane.heard["renew"]) >= 12)
    assert placed.end is None
    placed.answer = "drain"
    end = plane.wait_for(lambda: placed.end)
    assert (end.outcome, end.exit_code, end.devices_clear) == ("drained", 75, True)
    assert [checkpoint.name for checkpoint in placed.checkpoints] == ["step_00000002"]
    assert "stopping" in placed.log


def test_attempt_ordered_to_stop_is_killed(agent: AgentOnTrial, plane: SmallControlPlane) -> None:
    agent.runner = "stubborn.sh"
    agent.start()
    placed = plane.place()
    plane.wait_for(lambda: "started" in placed.log)
    placed.answer = "stop"
    assert plane.wait_for(lambda: placed.end).outcome == "killed"


def test_control_plane_silent_lets_the_lease_run_out(agent: AgentOnTrial, plane: SmallControlPlane) -> None:
    agent.start()
    placed = plane.place()
    plane.wait_for(lambda: "started" in placed.log)
    with plane.changed:
        plane.silent_for.add("renew")
    end = plane.wait_for(lambda: placed.end)
    assert (end.outcome, end.exit_code) == ("expired", 75)


def test_control_plane_gone_entirely_lets_the_lease_run_out_on_the_host(
    agent: AgentOnTrial, plane: SmallControlPlane
) -> None:
    agent.start()
    placed = plane.place()
    plane.wait_for(lambda: "started" in placed.log)
    cradle = _marker(agent, placed).cradle_pid
    with plane.changed:
        plane.silent_for.update({"renew", "poll", "metrics", "report", "end", "checkpoint", "claim"})
    until(lambda: not _lives(cradle))
    with plane.changed:
        plane.silent_for.clear()
    assert plane.wait_for(lambda: placed.end).outcome == "expired"


def test_claim_answer_lost_is_asked_again_with_the_same_nonce(agent: AgentOnTrial, plane: SmallControlPlane) -> None:
    with plane.changed:
        plane.deaf_after.add("claim")
    agent.start()
    placed = plane.place()
    plane.wait_for(lambda: len(plane.heard["claim"]) >= 2)
    with plane.changed:
        plane.deaf_after.clear()
    plane.wait_for(lambda: "started" in placed.log)
    assert len({claim.nonce for claim in plane.heard["claim"]}) == 1


def test_claim_refused_leaves_nothing_behind(agent: AgentOnTrial, plane: SmallControlPlane) -> None:
    agent.start()
    placed = plane.place()
    with plane.changed:
        placed.nonce = "f" * 32
        plane.on_poll = lambda message: type(plane).on_poll(plane, message).__class__((placed.attempt_id,))
    plane.wait_for(lambda: "claim: claimed_elsewhere" in plane.refused)
    until(lambda: not agent.folder(placed).exists())
    assert placed.end is None


@pytest.mark.parametrize("field", ["host_id", "nonce", "attempt_id", "spec_sha256"])
def test_control_plane_answer_altered_on_the_way_runs_nothing(
    agent: AgentOnTrial, plane: SmallControlPlane, field: str
) -> None:
    def alter(name: str, answer: dict) -> dict:
        if name == "claim":
            answer = {**answer, "warrant": {**answer["warrant"], "document": dict(answer["warrant"]["document"])}}
            answer["warrant"]["document"][field] = answer["warrant"]["document"][field][::-1]
        return answer

    plane.tamper = alter
    agent.start()
    placed = plane.place()
    assert plane.wait_for(lambda: placed.end).outcome == "refused"
    assert placed.log == ""


def test_start_held_back_until_the_gang_is_whole(agent: AgentOnTrial, plane: SmallControlPlane) -> None:
    agent.start()
    placed = plane.place(start=False)
    plane.wait_for(lambda: len(plane.heard["renew"]) >= 10)
    assert not (agent.folder(placed) / MARKER).exists()
    placed.start = True
    plane.wait_for(lambda: "started" in placed.log)


def test_agent_killed_leaves_its_guard_and_the_next_agent_goes_on_with_it(
    agent: AgentOnTrial, plane: SmallControlPlane
) -> None:
    plane.ttl_ms, plane.grace_ms = 8000, 1000
    agent.start()
    placed = plane.place()
    plane.wait_for(lambda: "started" in placed.log)
    marker = _marker(agent, placed)
    agent.kill()
    assert _lives(marker.guard_pid)
    renewals = len(plane.heard["renew"])
    agent.start()
    plane.wait_for(lambda: len(plane.heard["renew"]) > renewals + 3)
    assert _lives(marker.guard_pid)
    assert _marker(agent, placed) == marker
    placed.answer = "drain"
    end = plane.wait_for(lambda: placed.end)
    assert (end.outcome, end.fencing_token) == ("drained", placed.fencing_token)
    assert placed.log.count("started") == 1


def test_agent_killed_for_longer_than_ttl_finds_the_end_and_reports_it(
    agent: AgentOnTrial, plane: SmallControlPlane
) -> None:
    agent.start()
    placed = plane.place()
    plane.wait_for(lambda: "started" in placed.log)
    guard_pid = _marker(agent, placed).guard_pid
    agent.kill()
    until(lambda: not _lives(guard_pid))
    agent.start()
    assert plane.wait_for(lambda: placed.end).outcome == "expired"


def test_guard_killed_is_reported_failed_with_clear_devices(agent: AgentOnTrial, plane: SmallControlPlane) -> None:
    agent.runner = "stubborn.sh"
    agent.start()
    placed = plane.place()
    plane.wait_for(lambda: "started" in placed.log)
    marker = _marker(agent, placed)
    os.kill(marker.guard_pid, signal.SIGKILL)
    end = plane.wait_for(lambda: placed.end)
    assert (end.outcome, end.devices_clear) == ("failed", True)
    assert not _lives(marker.cradle_pid)


def test_guard_stopped_does_not_hold_up_the_others_renewals(agent: AgentOnTrial, plane: SmallControlPlane) -> None:
    plane.ttl_ms, plane.grace_ms = 6000, 1000
    agent.runner = "stubborn.sh"
    agent.start()
    frozen, other = plane.place(), plane.place()
    plane.wait_for(lambda: "started" in frozen.log and "started" in other.log)
    os.kill(_marker(agent, frozen).guard_pid, signal.SIGSTOP)
    heard = len(plane.heard["renew"])
    plane.wait_for(lambda: len(plane.heard["renew"]) > heard + 6)
    assert [item.attempt_id for item in plane.heard["renew"][-1].attempts] == [other.attempt_id]
    assert frozen.end is None
    assert other.end is None


def test_agent_told_to_end_stops_its_attempts_and_reports_them(agent: AgentOnTrial, plane: SmallControlPlane) -> None:
    agent.start()
    placed = plane.place()
    plane.wait_for(lambda: "started" in placed.log)
    guard_pid = _marker(agent, placed).guard_pid
    assert agent.kill(signal.SIGTERM) == 0
    assert not _lives(guard_pid)
    assert placed.end is not None
    assert placed.end.outcome == "killed"


def test_agent_hung_up_leaves_its_guards(agent: AgentOnTrial, plane: SmallControlPlane) -> None:
    plane.ttl_ms = 8000
    agent.start()
    placed = plane.place()
    plane.wait_for(lambda: "started" in placed.log)
    assert agent.kill(signal.SIGHUP) == 0
    assert _lives(_marker(agent, placed).guard_pid)


def test_agent_enrols_once_and_keeps_its_key_and_devices(agent: AgentOnTrial, plane: SmallControlPlane) -> None:
    agent.start()
    plane.wait_for(lambda: plane.heard["report"])
    agent.kill()
    with plane.changed:
        plane.heard["report"].clear()
    agent.start("--name", "renamed")
    report = plane.wait_for(lambda: plane.heard["report"])[0]
    assert len(plane.heard["enrol"]) == 1
    assert tuple(device.uuid for device in report.devices) == plane.devices
    assert {device.backend for device in report.devices} == {"cpu-emulated"}
    assert (agent.state / "private" / "host.key").stat().st_mode & 0o777 == 0o600


def test_agent_with_a_wrong_code_says_so(agent: AgentOnTrial) -> None:
    agent.start("--enrol-code", "wrong")
    assert agent.process is not None
    _, words = agent.process.communicate(timeout=30)
    assert agent.process.returncode == 2
    assert b"refused" in words


def test_second_agent_on_one_state_is_turned_away(agent: AgentOnTrial, plane: SmallControlPlane) -> None:
    agent.start()
    plane.wait_for(lambda: plane.heard["report"])
    second = AgentOnTrial(agent.state.parent, plane).start()
    assert second.process is not None
    _, words = second.process.communicate(timeout=30)
    assert (second.process.returncode, b"another agent holds" in words) == (2, True)


def test_runner_that_plants_a_link_for_its_metrics_has_nothing_forwarded(
    agent: AgentOnTrial, plane: SmallControlPlane, tmp_path: Path
) -> None:
    target = tmp_path / "stolen.jsonl"
    target.write_text('{"step": 1, "password": "hunter2"}\n')
    runner = tmp_path / "linking.sh"
    runner.write_text(f'ln -s {target} "$1/metrics.jsonl"; ln -s {target} "$1/receipt.json"; echo linked\n')
    agent.runner = str(runner)
    agent.start()
    placed = plane.place()
    end = plane.wait_for(lambda: placed.end)
    assert (end.outcome, end.receipt, placed.loss) == ("succeeded", None, [])


def test_runner_that_writes_odd_metrics_has_only_plain_ones_forwarded(
    agent: AgentOnTrial, plane: SmallControlPlane, tmp_path: Path
) -> None:
    runner = tmp_path / "odd.sh"
    lines = [
        '{"step": 1, "loss": NaN}',
        '{"step": 2, "nested": {"a": 1}, "loss": 1e999}',
        "not json",
        '["a list"]',
        '{"step": 3, "text": "a\\u0000b", "loss": 2.0}',
    ]
    shutil.copy("/dev/null", runner)
    runner.write_text("".join(f"echo '{line}' >> \"$1/metrics.jsonl\"\n" for line in lines))
    agent.runner = str(runner)
    agent.start()
    placed = plane.place()
    plane.wait_for(lambda: placed.end)
    assert placed.loss == [{"step": 1, "loss": None}, {"step": 2, "loss": None}, {"step": 3, "loss": 2.0}]


def test_code_given_again_after_enrolment_is_not_used(agent: AgentOnTrial, plane: SmallControlPlane) -> None:
    agent.start()
    plane.wait_for(lambda: plane.heard["report"])
    agent.kill()
    agent.start("--enrol-code", CODE)
    heard = len(plane.heard["report"])
    plane.wait_for(lambda: len(plane.heard["report"]) > heard)
    assert len(plane.heard["enrol"]) == 1
