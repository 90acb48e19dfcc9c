"""News of a runner: each piece as it was, none twice in other words, none in the way of the next."""

import json
from pathlib import Path
from typing import Any

import pytest

from gpu_runtime.agent.control import Denied, Unreachable
from gpu_runtime.agent.forward import Forwarder
from gpu_runtime.guard.log import BoundedLog
from gpu_runtime.protocol.messages import CheckpointRequest, MetricsRequest


class Listener:
    """Hears what a forwarder tells, or refuses to."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.fault: Exception | None = None

    def tell(self, name: str, message: object) -> None:
        self.heard.append(message)
        if self.fault is not None:
            raise self.fault


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


def _write(run_folder: Path, *lines: object) -> None:
    with (run_folder / "metrics.jsonl").open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


def _forwarder(tmp_path: Path, run_folder: Path) -> Forwarder:
    return Forwarder("attempt-1", 7, tmp_path, run_folder)


def test_piece_of_which_nothing_is_known_is_sent_again_just_as_it_was(tmp_path: Path, run_folder: Path) -> None:
    log, listener = BoundedLog(tmp_path), Listener()
    log.append(b"first\n")
    _write(run_folder, {"step": 1})
    listener.fault = Unreachable("silence")
    with pytest.raises(Unreachable):
        _forwarder(tmp_path, run_folder).forward(listener)
    log.append(b"second\n")
    _write(run_folder, {"step": 2})
    listener.fault = None
    again = _forwarder(tmp_path, run_folder)
    while again.forward(listener):
        pass
    assert listener.heard[0] == listener.heard[1]
    assert [(message.log.offset, message.log.text) for message in listener.heard[1:]] == [
        (0, "first\n"),
        (6, "second\n"),
    ]
    assert [message.metrics for message in listener.heard[1:]] == [({"step": 1},), ({"step": 2},)]


def test_piece_found_malformed_does_not_stand_in_the_way(tmp_path: Path, run_folder: Path) -> None:
    listener = Listener()
    checkpoint = {"kind": "checkpoint", "step": 2, "name": "s", "manifest_sha256": "00", "size_bytes": 1}
    _write(run_folder, {"step": 1}, checkpoint)
    listener.fault = Denied(422, "malformed", "no")
    forwarder = _forwarder(tmp_path, run_folder)
    assert forwarder.forward(listener)
    assert [type(message) for message in listener.heard] == [MetricsRequest, CheckpointRequest]
    assert not forwarder.forward(listener)


def test_piece_denied_for_its_token_is_kept(tmp_path: Path, run_folder: Path) -> None:
    listener = Listener()
    _write(run_folder, {"step": 1})
    listener.fault = Denied(409, "stale_token", "no")
    forwarder = _forwarder(tmp_path, run_folder)
    for _ in range(2):
        with pytest.raises(Denied):
            forwarder.forward(listener)


@pytest.mark.parametrize("line", [{"loss": 1.0}, {"step": -1}, {"step": 1.5}, {"step": True}, {"step": "1"}])
def test_line_without_a_step_is_left_out(tmp_path: Path, run_folder: Path, line: dict[str, Any]) -> None:
    listener = Listener()
    _write(run_folder, line, {"step": 3})
    _forwarder(tmp_path, run_folder).forward(listener)
    assert listener.heard[0].metrics == ({"step": 3},)


@pytest.mark.parametrize("number", [2**53, -(2**53)])
def test_number_beyond_what_can_be_sealed_is_left_out(tmp_path: Path, run_folder: Path, number: int) -> None:
    listener = Listener()
    _write(run_folder, {"step": number}, {"step": 2**53 - 1, "tokens": number})
    _forwarder(tmp_path, run_folder).forward(listener)
    assert listener.heard[0].metrics == ({"step": 2**53 - 1},)


def test_line_not_finished_yet_waits(tmp_path: Path, run_folder: Path) -> None:
    (run_folder / "metrics.jsonl").write_text('{"step": 1}\n{"ste')
    listener = Listener()
    forwarder = _forwarder(tmp_path, run_folder)
    assert forwarder.forward(listener)
    assert not forwarder.forward(listener)
    with (run_folder / "metrics.jsonl").open("a") as file:
        file.write('p": 2}\n')
    assert forwarder.forward(listener)
    assert [message.metrics for message in listener.heard] == [({"step": 1},), ({"step": 2},)]


def test_line_without_an_end_is_skipped_and_the_next_is_heard(tmp_path: Path, run_folder: Path) -> None:
    (run_folder / "metrics.jsonl").write_text("x" * 200_000 + '\n{"step": 4}\n')
    listener = Listener()
    forwarder = _forwarder(tmp_path, run_folder)
    while forwarder.forward(listener):
        pass
    assert [line for message in listener.heard for line in message.metrics] == [{"step": 4}]


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_memory_that_a_loss_of_power_emptied_counts_as_nothing(tmp_path: Path, run_folder: Path, content: str) -> None:
    (tmp_path / "forwarded.json").write_text(content)
    _write(run_folder, {"step": 1})
    listener = Listener()
    assert _forwarder(tmp_path, run_folder).forward(listener)
    assert listener.heard[0].metrics == ({"step": 1},)
