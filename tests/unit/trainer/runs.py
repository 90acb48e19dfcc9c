"""Starts the real runner in a folder of its own, and listens to it while it runs."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
SMALL: dict[str, object] = {
    "data": "python-stdlib", "layers": 1, "d_model": 32, "heads": 2, "kv_heads": 1, "context": 32, "batch": 4,
    "steps": 20, "evaluate_every": 10, "checkpoint_every": 5,
}  # fmt: skip
DEVICE = {"uuid": "EMU-0001", "chip_model": "H200 SXM", "backend": "cpu-emulated"}


def write_attempt(folder: Path, resume: dict[str, Any] | None = None, **changes: Any) -> Path:
    """Write a run folder whose checkpoints lie beside it; `changes` go into train_lm."""
    folder.mkdir(parents=True)
    attempt = {
        "spec": {"name": "t", "devices": 1, "train_lm": SMALL | changes}, "devices": [DEVICE], "rank": 0,
        "world_size": 1, "checkpoint_dir": str(folder.parent / "checkpoints"), "resume": resume,
    }  # fmt: skip
    (folder / "attempt.json").write_text(json.dumps(attempt))
    return folder


def start(folder: Path, devices: str = "EMU-0001", threads: int = 1, **told: str) -> subprocess.Popen[str]:
    """Start the runner as the guard does; `told` joins its environment."""
    environment = os.environ | {"WRIT_DEVICES": devices, "OMP_NUM_THREADS": str(threads)} | told
    return subprocess.Popen(
        [sys.executable, "-m", "gpu_runtime.runner", str(folder)],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def run(folder: Path, devices: str = "EMU-0001", **told: str) -> tuple[int, str, str]:
    """Run to the end: exit code, output, errors."""
    process = start(folder, devices, **told)
    out, errors = process.communicate()
    return process.returncode, out, errors


def metrics_as_they_come(folder: Path) -> Iterator[dict[str, Any]]:
    """The lines of metrics, each at the moment it is written; call before `start`, read after."""
    path = folder / "metrics.jsonl"
    os.mkfifo(path)

    def lines() -> Iterator[dict[str, Any]]:
        with path.open(encoding="utf-8") as file:
            yield from map(json.loads, file)

    return lines()


def metrics(folder: Path) -> list[dict[str, Any]]:
    """The lines of metrics of a run that has ended."""
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def receipt(folder: Path) -> dict[str, Any]:
    """The receipt of a run that has ended."""
    content: dict[str, Any] = json.loads((folder / "receipt.json").read_bytes())
    return content


def resume_from(line: dict[str, Any]) -> dict[str, Any]:
    """What the control plane sends back of an announced checkpoint."""
    return {key: line[key] for key in ("step", "name", "manifest_sha256")}
