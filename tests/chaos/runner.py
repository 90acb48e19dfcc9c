"""The job of the trial: writes down when it lives, commits checkpoints, and leaves a child that no signal asks to go.

`python -I -S runner.py RUN_DIR`. It goes on from the checkpoint that its attempt names, and says from which step.
Its records lie outside the host's own folder, which may be full.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from gpu_runtime.checkpoints.commit import commit_checkpoint
from gpu_runtime.checkpoints.manifest import verify

BEAT_SECONDS = 0.1
STEPS_DEFAULT = 40
STEPS_PER_CHECKPOINT = 10
DRAINED = 75


class Record:
    """A file of one process's life: a word and the wall clock a line, each line one write."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)

    def say(self, what: str) -> None:
        """Note that the process lives now."""
        os.write(self._file, f"{what} {time.time():.6f}\n".encode())


def leave_a_child(path: Path) -> None:
    """A grandchild in a session of its own that ignores every polite signal: only a whole kill reaches it."""
    if os.fork():
        os.wait()
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    record = Record(path)
    record.say("start")
    while True:
        time.sleep(BEAT_SECONDS)
        record.say("beat")


def save(run_dir: Path, checkpoints: Path, step: int) -> None:
    """Commit a checkpoint, as a team's own program would."""
    aside = checkpoints / f"aside-{run_dir.name}"
    aside.mkdir(exist_ok=True)
    (aside / "state.json").write_text(json.dumps({"step": step}))
    commit_checkpoint(
        aside, step, {"WRIT_CHECKPOINT_DIR": str(checkpoints), "WRIT_METRICS": str(run_dir / "metrics.jsonl")}
    )


def begin(attempt: dict, checkpoints: Path) -> int:
    """The step to go on from, of a checkpoint that is whole."""
    resume = attempt.get("resume")
    return verify(checkpoints / resume["name"], resume["manifest_sha256"]) if resume else 0


def main(run_dir: Path) -> int:
    """Work until done or told to stop; a stop is written down before anything else is done about it."""
    state = run_dir.parents[1]
    records = state.parents[1] / "records" / state.name
    record = Record(records / run_dir.name)
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: (record.say("term"), stopped.append(number)))
    record.say("start")
    attempt = json.loads((run_dir / "attempt.json").read_bytes())
    leave_a_child(records / f"{run_dir.name}.child")
    checkpoints = Path(attempt["checkpoint_dir"])
    step = first = begin(attempt, checkpoints)
    record.say(f"from-{first}")
    steps = attempt["spec"]["train_lm"].get("steps", STEPS_DEFAULT)
    while step < steps and not stopped:
        time.sleep(BEAT_SECONDS)
        step += 1
        record.say("beat")
        if step % STEPS_PER_CHECKPOINT == 0 and attempt["rank"] == 0:
            save(run_dir, checkpoints, step)
    if stopped and step > first and attempt["rank"] == 0:
        save(run_dir, checkpoints, step)
    record.say("stop" if stopped else "done")
    return DRAINED if stopped else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
