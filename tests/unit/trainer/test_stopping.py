"""SIGTERM before there is anything to save, and the words for what goes wrong."""

import errno
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gpu_runtime.checkpoints.manifest import DamagedCheckpoint
from gpu_runtime.runner.attempt import BadAttempt, read_attempt
from gpu_runtime.runner.verdict import failure_message
from gpu_runtime.trainer.text import DataError
from gpu_runtime.trainer.training import NotANumber
from tests.unit.trainer import runs

LISTENING = """
import signal, sys
from gpu_runtime.runner.stopping import Stopping
stopping = Stopping()
stopping.install()
if sys.argv[1] == "work":
    stopping.hold_for_work()
print("listening", flush=True)
sys.stdin.read()
sys.exit(10 if stopping.asked() else 11)
"""


@pytest.mark.parametrize(("phase", "code"), [("import", 75), ("work", 10)])
def test_sigterm_before_work_ends_at_once_and_during_work_is_kept(phase: str, code: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", LISTENING, phase],
        cwd=runs.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "listening\n"
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate()
    assert process.returncode == code
    assert ("nothing new to save" in errors) == (phase == "import")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "Out of memory. Lower batch"),
        (torch.OutOfMemoryError("CUDA out of memory"), "Out of memory. Lower batch"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "Out of memory. Lower batch"),
        (NotANumber("At step 3 the loss is nan."), "Training diverged. At step 3"),
        (DamagedCheckpoint("step_1: x is missing."), "was refused. step_1: x is missing."),
        (DataError("No sources."), "No sources."),
        (OSError(errno.ENOSPC, "No space left", "/ck/model.pt"), "The disk is full: /ck/model.pt"),
        (PermissionError(errno.EACCES, "Permission denied", "/ck"), "could not be used: .*/ck"),
    ],
)
def test_verdict_expected_failure_in_plain_words(error: Exception, words: str) -> None:
    message = failure_message(error)
    assert message is not None
    assert re.search(words, message)


def test_verdict_fault_in_the_program_keeps_its_trace() -> None:
    assert failure_message(RuntimeError("shape mismatch")) is None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"world_size": 1', '"world_size": 2', "needs the place where they meet"),
        ('"train_lm"', '"train_xy"', "no train_lm section"),
        ('"cpu-emulated"', '"tpu"', "must have one backend"),
        ('"resume": null', '"resume": {"step": 1, "name": "../x", "manifest_sha256": "0"}', "no checkpoint's name"),
        ('"devices": [{', '"gear": [{', "malformed"),
        ('{"spec"', '["spec"', "not JSON"),
    ],
)
def test_attempt_malformed_refused_in_words(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = runs.write_attempt(tmp_path / "run") / "attempt.json"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(BadAttempt, match=words):
        read_attempt(path.parent)


def test_attempt_on_several_gpus_trains_in_a_process_each(tmp_path: Path) -> None:
    path = runs.write_attempt(tmp_path / "run") / "attempt.json"
    one = '{"uuid": "EMU-0001", "chip_model": "H200 SXM", "backend": "cpu-emulated"}'
    two = one.replace("cpu-emulated", "nvml")
    path.write_text(path.read_text().replace(one, f"{two}, {two}"))
    attempt = read_attempt(path.parent)
    assert (attempt.processes_here, attempt.is_gang) == (2, True)
