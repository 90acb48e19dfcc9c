"""`python -m gpu_runtime.runner.command RUN_DIR`: lay out a team's own program and become it.

It reads the attempt, verifies the checkpoint to go on from, writes the files that came with the job, and gives its
process over to the program: signals and the exit code are then the program's own. Standard library only.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gpu_runtime.checkpoints.manifest import DamagedCheckpoint, verify

EXIT_BAD_ATTEMPT, EXIT_CANNOT_START = 2, 127
WORK = "work"


def main(arguments: list[str]) -> int:
    """Prepare and exec; only a failure returns."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.stderr.write("Usage: python -m gpu_runtime.runner.command RUN_DIR (a folder that holds attempt.json)\n")
        return EXIT_BAD_ATTEMPT
    run_dir = Path(arguments[0])
    try:
        attempt = json.loads((run_dir / "attempt.json").read_bytes())
        command = attempt["spec"]["command"]
        environment = {**os.environ, **_told(attempt, run_dir), **command.get("environment", {})}
        work = _lay_out(command.get("files", {}), run_dir / WORK)
    except DamagedCheckpoint as error:
        sys.stderr.write(f"The checkpoint to resume from was refused. {error}\n")
        return 1
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"The attempt cannot be run: {type(error).__name__}: {error}.\n")
        return EXIT_BAD_ATTEMPT
    return _become(command["argv"], environment, work)


def _told(attempt: Mapping[str, Any], run_dir: Path) -> dict[str, str]:
    """The `WRIT_*` variables: see docs/operations.md, "A team's own program"."""
    spec, devices = attempt["spec"], attempt["devices"]
    checkpoints = Path(attempt["checkpoint_dir"])
    told = {
        "WRIT_JOB": attempt.get("job_ref", ""),
        "WRIT_ATTEMPT": str(attempt.get("number", 1)),
        "WRIT_RUN_DIR": str(run_dir),
        "WRIT_METRICS": str(run_dir / "metrics.jsonl"),
        "WRIT_CHECKPOINT_DIR": str(checkpoints),
        "WRIT_DEVICE_COUNT": str(len(devices)),
        "WRIT_BACKEND": ",".join(sorted({device["backend"] for device in devices})),
        "WRIT_RANK": str(attempt.get("rank", 0)),
        "WRIT_WORLD_SIZE": str(attempt.get("world_size", 1)),
        "WRIT_RENDEZVOUS": attempt.get("rendezvous") or "",
        "WRIT_TIME_LIMIT_MS": str(spec["time_limit_ms"]),
        "WRIT_PYTHON": sys.executable,
        **_array(spec.get("array")),
    }
    return told | _resume(attempt.get("resume"), checkpoints)


def _array(place: Mapping[str, int] | None) -> dict[str, str]:
    if place is None:
        return {}
    return {"WRIT_ARRAY_INDEX": str(place["index"]), "WRIT_ARRAY_SIZE": str(place["size"])}


def _resume(resume: Mapping[str, Any] | None, checkpoints: Path) -> dict[str, str]:
    """Where to go on from, after every file of it was checked against the manifest that was announced."""
    if resume is None:
        return {}
    name = str(resume["name"])
    if not name.startswith("step_") or not name[5:].isdigit():
        raise DamagedCheckpoint(f"{name!r} is no checkpoint's name.")
    step = verify(checkpoints / name, resume["manifest_sha256"])
    return {"WRIT_RESUME_DIR": str(checkpoints / name), "WRIT_RESUME_STEP": str(step)}


def _lay_out(files: Mapping[str, str], work: Path) -> Path:
    work.mkdir(mode=0o700, exist_ok=True)
    for name, text in files.items():
        if "/" in name or name in ("", ".", ".."):
            raise ValueError(f"{name!r} is no plain file name")
        path = work / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o700)
    return work


def _become(argv: list[str], environment: dict[str, str], work: Path) -> int:
    os.chdir(work)
    try:
        os.execvpe(argv[0], argv, environment)  # noqa: S606 - no shell
    except OSError as error:
        sys.stderr.write(f"{argv[0]} cannot be started: {error.strerror}.\n")
        return EXIT_CANNOT_START


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
