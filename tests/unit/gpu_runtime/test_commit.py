"""A team's own program commits a checkpoint: whole or not at all."""

import json
from pathlib import Path

import pytest

from gpu_runtime.checkpoints.commit import NotCommitted, commit_checkpoint
from gpu_runtime.checkpoints.manifest import DamagedCheckpoint, verify
from gpu_runtime.runner.command import _lay_out, _told


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "checkpoints").mkdir()
    return {"WRIT_CHECKPOINT_DIR": str(tmp_path / "checkpoints"), "WRIT_METRICS": str(tmp_path / "metrics.jsonl")}


def draft(environment: dict[str, str], text: str = "weights") -> Path:
    folder = Path(environment["WRIT_CHECKPOINT_DIR"]) / "draft"
    folder.mkdir()
    (folder / "state.bin").write_text(text)
    return folder


def test_committed_folder_is_renamed_verified_and_announced(environment: dict[str, str]) -> None:
    record = commit_checkpoint(draft(environment), 40, environment)
    whole = Path(environment["WRIT_CHECKPOINT_DIR"]) / "step_00000040"
    assert verify(whole, record.manifest_sha256) == 40
    told = json.loads(Path(environment["WRIT_METRICS"]).read_text())
    assert (told["kind"], told["step"], told["name"]) == ("checkpoint", 40, "step_00000040")
    assert told["manifest_sha256"] == record.manifest_sha256


def test_same_step_committed_again_keeps_the_whole_one_that_was_announced(environment: dict[str, str]) -> None:
    first = commit_checkpoint(draft(environment), 40, environment)
    again = commit_checkpoint(draft(environment, "other"), 40, environment)
    assert again == first
    assert verify(Path(environment["WRIT_CHECKPOINT_DIR"]) / "step_00000040", first.manifest_sha256) == 40


def test_torn_checkpoint_of_the_same_step_is_replaced(environment: dict[str, str]) -> None:
    commit_checkpoint(draft(environment), 40, environment)
    whole = Path(environment["WRIT_CHECKPOINT_DIR"]) / "step_00000040"
    (whole / "state.bin").write_text("torn")
    again = commit_checkpoint(draft(environment, "other"), 40, environment)
    assert verify(whole, again.manifest_sha256) == 40
    assert (whole / "state.bin").read_text() == "other"


@pytest.mark.parametrize("fault", ["elsewhere", "link", "inner_link", "inner_folder", "empty", "step"])
def test_folder_that_is_not_plain_is_not_committed(environment: dict[str, str], tmp_path: Path, fault: str) -> None:
    folder, step = draft(environment), 1
    if fault == "elsewhere":
        folder = folder.rename(tmp_path / "draft")
    elif fault == "link":
        target = folder.rename(tmp_path / "real")
        folder.symlink_to(target)
    elif fault == "inner_link":
        (folder / "link").symlink_to("/etc/passwd")
    elif fault == "inner_folder":
        (folder / "inner").mkdir()
    elif fault == "empty":
        (folder / "state.bin").unlink()
    else:
        step = 2**53
    with pytest.raises(NotCommitted):
        commit_checkpoint(folder, step, environment)
    assert not Path(environment["WRIT_METRICS"]).exists()


def test_altered_checkpoint_is_refused_before_the_program_starts(environment: dict[str, str], tmp_path: Path) -> None:
    record = commit_checkpoint(draft(environment), 40, environment)
    resume = {"step": 40, "name": record.name, "manifest_sha256": record.manifest_sha256}
    attempt = {
        "spec": {"time_limit_ms": 1},
        "devices": [],
        "checkpoint_dir": environment["WRIT_CHECKPOINT_DIR"],
        "resume": resume,
    }
    assert _told(attempt, tmp_path)["WRIT_RESUME_STEP"] == "40"
    (Path(environment["WRIT_CHECKPOINT_DIR"]) / record.name / "state.bin").write_text("altered")
    with pytest.raises(DamagedCheckpoint):
        _told(attempt, tmp_path)


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", ".."])
def test_file_that_would_lie_outside_the_work_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="no plain file name"):
        _lay_out({name: "x"}, tmp_path / "work")
