"""An agent's turns over attempts written on paper: whose processes they are, and that renewals come first."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from gpu_runtime.agent.attempts import HostedAttempt, end_of_dead_guard
from gpu_runtime.agent.bell import Bell
from gpu_runtime.agent.driver import DriverDevice
from gpu_runtime.agent.host import Agent, Host
from gpu_runtime.agent.inventory import DriverInventory
from gpu_runtime.agent.state import HostState
from gpu_runtime.guard.clock import boot_id
from gpu_runtime.guard.order import CLAIM, END, MARKER, METRICS, ORDER, Marker, Order, write_paper
from gpu_runtime.guard.processes import find_process
from gpu_runtime.launchers.local import LocalLauncher
from gpu_runtime.protocol.messages import AttemptPlace, CheckpointRequest, ClaimAnswer, EnrolAnswer, PollAnswer
from tests.unit.gpu_runtime.papers import SPEC, warrant
from tests.unit.gpu_runtime.test_driver import PaperDriver

RENEW_MS = 2_000
ROUND_TRIP_SECONDS = 0.25
LEVELS = 1_200


@dataclass
class PaperClock:
    """Time that passes only where the test says so."""

    now: float = 1_000.0

    def monotonic(self) -> float:
        return self.now


class PaperControl:
    """Takes everything that it is told."""

    def __init__(self, clock: "PaperClock | None" = None) -> None:
        self.told: list[tuple[str, Any]] = []
        self.clock = clock or PaperClock()

    def tell(self, name: str, message: object) -> None:
        self.told.append((name, message))
        self.clock.now += ROUND_TRIP_SECONDS

    def call(self, name: str, message: object, answer: type) -> object:
        assert (name, answer) == ("poll", PollAnswer)
        self.clock.now += ROUND_TRIP_SECONDS
        return PollAnswer(())


@pytest.fixture
def state(tmp_path: Path) -> Iterator[HostState]:
    """A host's state. Its deep folders are removed whatever fails: pytest's own clearing cannot."""
    yield HostState(tmp_path / "host")
    subprocess.run(["rm", "-rf", str(tmp_path / "host")], check=True)


@pytest.fixture
def start() -> Iterator[Callable[[], int]]:
    """Starts processes that do nothing, and leaves none behind."""
    started: list[subprocess.Popen[bytes]] = []

    def one() -> int:
        started.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))
        return started[-1].pid

    yield one
    for process in started:
        process.communicate()


def put_attempt(state: HostState, device: str, pid: int) -> str:
    """An attempt that holds one device, and whose processes are this one and those below it."""
    name = str(uuid4())
    folder, process = state.attempts / name, find_process(pid)
    assert process is not None
    folder.mkdir()
    (state.runs / name).mkdir()
    run_folder = str(state.runs / name)
    write_paper(folder / ORDER, Order(name, "host-1", (), (), 20_000, 8_000, run_folder, str(state.checkpoints), ()))
    marker = Marker(1, pid, process.started, boot_id(), "own-user+pid-namespace", None, run_folder)
    write_paper(folder / MARKER, marker)
    place = AttemptPlace(name, "JOB-1", 1, 7, 0, 1, None, None, "JOB-1", start=True)
    write_paper(folder / CLAIM, ClaimAnswer(warrant(attempt_id=name, device_uuids=(device,)), SPEC, place))
    return name


def agent_of(state: HostState, *devices: DriverDevice, clock: PaperClock | None = None) -> tuple[Agent, PaperControl]:
    control = PaperControl(clock)
    identity = EnrolAnswer("host-1", "site", "gpu.host-1", (), RENEW_MS, 20_000, 8_000, 500)
    bell = Bell(None, "gpu.host-1", state.root / "bell.log")
    inventory = DriverInventory(PaperDriver(devices))
    host = Host(state, identity, control, inventory, LocalLauncher(), bell, "own-user+pid-namespace")  # type: ignore[arg-type]
    return Agent(host), control


def device(uuid: str, *pids: int) -> DriverDevice:
    return DriverDevice(uuid=uuid, serial=uuid, name="NVIDIA H200", memory_bytes=1, pids=pids)


def test_attempt_that_computes_on_anothers_and_on_an_idle_device_is_foreign_there_and_stopped(
    state: HostState, start: Callable[[], int], caplog: pytest.LogCaptureFixture
) -> None:
    first, second = start(), start()
    name, other = put_attempt(state, "GPU-1", first), put_attempt(state, "GPU-2", second)
    agent, control = agent_of(state, device("GPU-1", first), device("GPU-2", first, second), device("GPU-3", first))
    with caplog.at_level(logging.ERROR, logger="writ.agent"):
        agent._report_when_due()
    ((_, report),) = control.told
    assert {each.uuid: each.foreign_pids for each in report.devices} == {
        "GPU-1": (), "GPU-2": (first,), "GPU-3": (first,)
    }  # fmt: skip
    stopped = [record.getMessage() for record in caplog.records]
    assert [f"attempt {name} is stopped" in words for words in stopped] == [True, True]
    assert not any(other in words for words in stopped)


def test_attempts_that_keep_to_their_own_devices_are_not_foreign(state: HostState, start: Callable[[], int]) -> None:
    first, second = start(), start()
    put_attempt(state, "GPU-1", first)
    put_attempt(state, "GPU-2", second)
    agent, control = agent_of(state, device("GPU-1", first), device("GPU-2", second))
    agent._report_when_due()
    assert [each.foreign_pids for each in control.told[0][1].devices] == [(), ()]


def renewals_of(agent: Agent, clock: PaperClock) -> list[float]:
    """The moments at which the agent turns to its renewals, from now on."""
    moments: list[float] = []
    is_due = agent._is_due

    def watched(what: str, seconds: float) -> bool:
        if found := is_due(what, seconds):
            moments.extend([clock.now] if what == "renew" else [])
        return found

    agent._is_due = watched  # type: ignore[method-assign]
    return moments


def flood(state: HostState, name: str, lines: int = 5_000) -> None:
    """A runner's file of as many checkpoints as it pleases."""
    line = {"kind": "checkpoint", "name": "c", "manifest_sha256": "0" * 64, "size_bytes": 1}
    text = "".join(json.dumps({**line, "step": step}) + "\n" for step in range(lines))
    (state.runs / name / METRICS).write_text(text)


@pytest.mark.parametrize("has_ended", [True, False])
def test_floods_of_checkpoints_hold_up_no_renewal_and_the_newest_of_each_piece_is_told(
    state: HostState, start: Callable[[], int], monkeypatch: pytest.MonkeyPatch, has_ended: bool
) -> None:
    clock, pid = PaperClock(), start()
    monkeypatch.setattr("gpu_runtime.agent.host.time", clock)
    names = [put_attempt(state, f"GPU-{number}", pid) for number in range(8)]
    for name in names:
        flood(state, name)
        if has_ended:
            write_paper(state.attempts / name / END, end_of_dead_guard(started=True))
    agent, control = agent_of(state, clock=clock)
    if not has_ended:
        agent._stands = lambda attempt: True  # type: ignore[method-assign]
    moments = renewals_of(agent, clock)

    def is_all_told() -> bool:
        return {each.attempt_id for _, each in control.told if getattr(each, "step", 0) == 4_999} == set(names)

    while agent.attempts if has_ended else not is_all_told():
        agent.turn()
        clock.now += 0.05
        assert clock.now < 1_300, "the news are never all told"
    gaps = [later - earlier for earlier, later in zip(moments, moments[1:], strict=False)]
    assert max(gaps) < 2 * RENEW_MS / 1000
    assert is_all_told()
    checkpoints = [each for _, each in control.told if isinstance(each, CheckpointRequest)]
    assert len(checkpoints) < 20 * len(names)


def nest(folder: Path, levels: int) -> None:
    """Folders in folders, deeper than any path may be long."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("x" * 60, dir_fd=here)
        below = os.open("x" * 60, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


def clear_all(state: HostState) -> None:
    """Turns of clearing, until nothing is left to be tried."""
    state.clear_gone()
    while state._remover is not None:
        state._remover.wait()
        state.clear_gone()


def hosted(agent: Agent, name: str) -> HostedAttempt:
    return agent.attempts[name]


def test_folder_of_1200_levels_that_a_runner_left_is_removed_and_the_agent_goes_on(
    state: HostState, start: Callable[[], int]
) -> None:
    name = put_attempt(state, "GPU-1", start())
    nest(state.runs / name, LEVELS)
    agent, _ = agent_of(state)
    agent._forget(hosted(agent, name))
    assert (agent.attempts, state.attempt_folders()) == ({}, [])
    clear_all(state)
    assert (list(state.runs.iterdir()), list(state.attempts.iterdir())) == ([], [])


def test_folder_that_cannot_be_removed_is_kept_said_and_in_nobodys_way(
    state: HostState, start: Callable[[], int], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    name = put_attempt(state, "GPU-1", start())
    agent, _ = agent_of(state)
    monkeypatch.setattr("gpu_runtime.agent.state.REMOVE", ("false",))
    agent._forget(hosted(agent, name))
    clear_all(state)
    kept = [path.name for path in (*state.runs.iterdir(), *state.attempts.iterdir())]
    assert [each.startswith(f".gone-{name}") for each in kept] == [True, True]
    assert [record.getMessage().endswith("is kept; standard error says why") for record in caplog.records] == [True] * 2
    assert state.attempt_folders() == []


def test_attempt_whose_folder_cannot_be_set_aside_ends_no_turn(
    state: HostState, start: Callable[[], int], caplog: pytest.LogCaptureFixture
) -> None:
    name = put_attempt(state, "GPU-1", start())
    agent, _ = agent_of(state)
    (state.attempts / name).rename(state.root / "taken away")
    agent._forget(hosted(agent, name))
    assert agent.attempts == {}
    assert f"what attempt {name} left stays on this host" in caplog.text
