"""Checkpoints are whole or refused by name."""

import os
from pathlib import Path

import pytest
import torch

from gpu_runtime.checkpoints.manifest import DamagedCheckpoint, verify
from gpu_runtime.checkpoints.store import KEEP_SECONDS, CheckpointStore, State

PARTS: dict[str, State] = {"model": {"w": torch.arange(8.0)}, "progress": {"step": 5, "random": torch.get_rng_state()}}


def test_checkpoint_written_reads_back(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path / "ck")
    record = store.write(5, PARTS)
    assert record.name == "step_00000005"
    assert record.size_bytes == sum(path.stat().st_size for path in (tmp_path / "ck" / record.name).iterdir())
    step, parts = store.read(record.name, record.manifest_sha256)
    assert (step, parts["progress"]["step"]) == (5, 5)
    assert torch.equal(torch.as_tensor(parts["model"]["w"]), torch.arange(8.0))


def test_checkpoint_written_again_replaces(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    assert store.write(5, PARTS) == store.write(5, PARTS)
    assert [path.name for path in tmp_path.iterdir()] == ["step_00000005"]


def test_store_opened_removes_what_a_kill_left(tmp_path: Path) -> None:
    torn = tmp_path / "step_00000007.incomplete"
    torn.mkdir()
    (torn / "model.pt").write_bytes(b"half")
    CheckpointStore(tmp_path)
    assert not torn.exists()


@pytest.mark.parametrize("damage", ["flip", "cut", "remove", "add", "no manifest", "other manifest", "not json"])
def test_checkpoint_damaged_refused_and_named(tmp_path: Path, damage: str) -> None:
    record = CheckpointStore(tmp_path).write(5, PARTS)
    folder = tmp_path / record.name
    model, manifest = folder / "model.pt", folder / "manifest.json"
    content = model.read_bytes()
    expected = record.manifest_sha256
    match damage:
        case "flip":
            model.write_bytes(bytes([content[0] ^ 1]) + content[1:])
        case "cut":
            model.write_bytes(content[:-1])
        case "remove":
            model.unlink()
        case "add":
            (folder / "extra.pt").write_bytes(b"")
        case "no manifest":
            manifest.unlink()
        case "other manifest":
            expected = "0" * 64
        case "not json":
            manifest.write_bytes(b"{")
    named = "manifest.json" if damage in ("no manifest", "other manifest", "not json") else "model.pt|extra.pt"
    with pytest.raises(DamagedCheckpoint, match=rf"step_00000005: ({named})"):
        verify(folder, None if damage == "not json" else expected)


def test_checkpoint_absent_refused_and_named(tmp_path: Path) -> None:
    with pytest.raises(DamagedCheckpoint, match="step_00000009: there is no such checkpoint"):
        CheckpointStore(tmp_path).read("step_00000009", None)


def test_store_thinned_out_keeps_the_last_three_and_the_young(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    now = 1_000_000.0
    for step in range(1, 7):
        store.write(step, PARTS)
        age = KEEP_SECONDS + 1 if step <= 5 and step != 2 else 0
        os.utime(tmp_path / f"step_{step:08d}", (now - age, now - age))
    store.thin_out(now)
    assert sorted(int(path.name[5:]) for path in tmp_path.iterdir()) == [2, 4, 5, 6]
