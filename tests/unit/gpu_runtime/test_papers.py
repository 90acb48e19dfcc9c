"""Files of guard and agent: whole or not at all, and nothing of a runner's is followed."""

import os
from pathlib import Path

import pytest

from gpu_runtime.agent.attempts import is_attempt_id
from gpu_runtime.agent.forward import _plain_lines, _whole_characters
from gpu_runtime.agent.inventory import EmulatedInventory, InventoryUnusable
from gpu_runtime.agent.state import HostState, StateInUse
from gpu_runtime.guard.log import BoundedLog, log_tail, read_log
from gpu_runtime.guard.order import read_untrusted, write_json
from gpu_runtime.guard.plan import plain_name
from gpu_runtime.protocol import MessageMalformed


def test_untrusted_file_that_is_plain_is_read_from_its_offset(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b"0123456789")
    assert read_untrusted(path, offset=4, limit=3) == b"456"
    assert read_untrusted(path, offset=99, limit=3) == b""


def test_untrusted_link_pipe_folder_and_absence_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    os.symlink(secret, tmp_path / "link")
    other = tmp_path / "other"
    other.write_text("hunter2")
    os.link(other, tmp_path / "hard")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "hard", "pipe", ".", "absent"):
        assert read_untrusted(tmp_path / name, limit=100) == b""


def test_json_written_is_the_owners_alone_and_leaves_no_draft(tmp_path: Path) -> None:
    write_json(tmp_path / "paper.json", {"a": 1})
    assert [path.name for path in tmp_path.iterdir()] == ["paper.json"]
    assert (tmp_path / "paper.json").stat().st_mode & 0o777 == 0o600


def test_log_past_its_segments_keeps_the_newest_and_their_offsets(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path, segment_bytes=10)
    for piece in (b"aaaaaaaaaa", b"bbbbbbbbbb", b"cccccccccc", b"ddd"):
        log.append(piece)
    assert read_log(tmp_path, 0, 100) == (20, b"cccccccccc")
    assert read_log(tmp_path, 25, 100) == (25, b"ccccc")
    assert read_log(tmp_path, 30, 100) == (30, b"ddd")
    assert read_log(tmp_path, 33, 100) == (33, b"")
    assert log_tail(tmp_path, 5) == "ccddd"


def test_log_tail_has_no_nul_and_no_broken_text(tmp_path: Path) -> None:
    BoundedLog(tmp_path).append(b"a\0b\xff")
    assert log_tail(tmp_path) == "a\ufffdb\ufffd"


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_log_piece_that_ends_inside_a_character_waits_for_the_rest(cut: int) -> None:
    text = "grün 🚀".encode()
    assert _whole_characters(text[:-cut]) == "grün ".encode()
    assert _whole_characters(text) == text
    assert _whole_characters(b"\xff") == b"\xff"


def test_metrics_keep_plain_values_alone() -> None:
    raw = b'{"step": 1, "loss": NaN, "deep": [1], "big": 99999999999999999999, "ok": "text"}\n[1]\nnoise\n{"a":1}'
    assert list(_plain_lines(raw)) == [{"step": 1, "loss": None, "ok": "text"}, {"a": 1}]


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "/a", "a\0b", "a b", "x" * 101, "é"])
def test_checkpoint_name_that_is_a_path_is_refused(name: str) -> None:
    with pytest.raises(MessageMalformed):
        plain_name(name)


def test_checkpoint_name_of_a_job_is_taken() -> None:
    assert plain_name("JOB-2026-00001") == "JOB-2026-00001"


@pytest.mark.parametrize("text", ["", "..", "a/b", "0193AAAA-0000-7000-8000-000000000001", "{" + "0" * 36 + "}"])
def test_attempt_id_that_is_no_plain_uuid_becomes_no_folder(text: str) -> None:
    assert not is_attempt_id(text)


def test_state_folder_is_private_and_held_once(tmp_path: Path) -> None:
    state = HostState(tmp_path / "host")
    assert state.private.stat().st_mode & 0o777 == 0o700
    with pytest.raises(StateInUse):
        HostState(tmp_path / "host")


def test_sequence_rises_also_when_the_clock_goes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = HostState(tmp_path / "host")
    first = state.next_sequence()
    monkeypatch.setattr("time.time_ns", lambda: 5)
    assert state.next_sequence() == first + 1
    os.close(state._lock)
    again = HostState(tmp_path / "host")
    assert again.next_sequence() == first + 2


def test_emulated_devices_keep_their_names_and_take_given_serials(tmp_path: Path) -> None:
    path = tmp_path / "emulated.json"
    first = EmulatedInventory(path, 2, "H200 SXM", []).devices({})
    second = EmulatedInventory(path, 2, "H200 SXM", ["S1", "S2"]).devices({})
    third = EmulatedInventory(path, 3, "H200 SXM", []).devices({})
    assert [device.uuid for device in first] == [device.uuid for device in second]
    assert [device.serial for device in third[:2]] == ["S1", "S2"]
    assert {device.backend for device in third} == {"cpu-emulated"}
    assert len({device.uuid for device in third}) == 3


@pytest.mark.parametrize("serials", [["S1"], ["S1", "S1"], ["S1", "S2", "S3"]])
def test_emulated_devices_with_other_than_their_number_of_serials_are_refused(
    tmp_path: Path, serials: list[str]
) -> None:
    with pytest.raises(InventoryUnusable):
        EmulatedInventory(tmp_path / "emulated.json", 2, "H200 SXM", serials)
