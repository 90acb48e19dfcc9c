"""The Slurm launcher: on a site that has Slurm, a guard is a job of Writ's own account that takes the whole node.

Writ decides who may use which device; Slurm is told that the node is taken. The guard is the job's one command, owned
by root, and everything else is as on any host: its desk, its warrant, its timer, which rests on no word of Slurm's.
Slurm's own death, or a cut to its controller, changes nothing of when an attempt ends.
"""

import json
import logging
import os
import platform
import shlex
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from gpu_runtime.guard.desk import connect_to_desk
from gpu_runtime.guard.order import write_json
from gpu_runtime.launchers import LaunchFailed
from gpu_runtime.launchers.local import GUARD, GUARD_LOG, guard_environment

# The agent waits for a launch, and its guards' renewals wait with it: far shorter than a warrant lives.
READY_SECONDS = 8.0
LOOK_SECONDS = 0.1
COMMAND_SECONDS = 5.0
JOB = "slurm.json"

log = logging.getLogger("writ.agent")


@dataclass(frozen=True, slots=True)
class SlurmSite:
    """Where this host stands in Slurm, and whose partition it is."""

    node: str
    account: str = "writ"
    partition: str = "writ"

    @classmethod
    def from_environment(cls) -> "SlurmSite":
        """As `WRIT_SLURM_NODE`, `WRIT_SLURM_ACCOUNT` and `WRIT_SLURM_PARTITION` say."""
        return cls(
            os.environ.get("WRIT_SLURM_NODE") or platform.node().partition(".")[0],
            os.environ.get("WRIT_SLURM_ACCOUNT") or "writ",
            os.environ.get("WRIT_SLURM_PARTITION") or "writ",
        )


class SlurmLauncher:
    """Submits each guard to its own node, exclusively, and takes the job away again when the attempt is over."""

    def __init__(self, site: SlurmSite, guard: tuple[str, ...] = GUARD) -> None:
        self._site, self._guard = site, guard

    def launch(self, folder: Path) -> None:
        """Submit a guard and wait until its desk is open, at most 8 s; a job that waits longer is taken back.

        Raises:
            LaunchFailed: if Slurm refuses the job, or has not started it in time.
        """
        job = self._submit(folder)
        write_json(folder / JOB, {"job": job})
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            if _is_open(folder):
                return
            time.sleep(LOOK_SECONDS)
        state = _say("squeue", "--noheader", "--jobs", job, "--format", "%T %r") or "gone"
        self.forget(folder)
        raise LaunchFailed(f"Slurm's job {job} did not open a guard's desk within {READY_SECONDS:g} s: {state}")

    def forget(self, folder: Path) -> None:
        """Take back the job of an attempt that is over, where Slurm still has it."""
        try:
            job = str(json.loads((folder / JOB).read_bytes())["job"])
        except FileNotFoundError:
            return
        _say("scancel", "--quiet", job)

    def _submit(self, folder: Path) -> str:
        words = [*self._guard, str(folder)]
        environment = [f"{name}={value}" for name, value in guard_environment().items()]
        script = f"exec /usr/bin/env {shlex.join([*environment, *words])}"
        try:
            answer = subprocess.run(
                self._sbatch(folder, script), capture_output=True, text=True, timeout=COMMAND_SECONDS, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            said = getattr(error, "stderr", None) or str(error)
            raise LaunchFailed(f"Slurm took no job: {str(said).strip()[-300:]}") from error
        return answer.stdout.strip().partition(";")[0]

    def _sbatch(self, folder: Path, script: str) -> list[str]:
        site = self._site
        return [
            "sbatch", "--parsable", "--exclusive", "--nodes=1", f"--nodelist={site.node}", f"--account={site.account}",
            f"--partition={site.partition}", f"--job-name=writ-{folder.name[:8]}", "--no-requeue", "--export=NONE",
            "--chdir=/", "--open-mode=append", f"--output={folder / GUARD_LOG}", "--wrap", script,
        ]  # fmt: skip


def _is_open(folder: Path) -> bool:
    try:
        connect_to_desk(folder).close()
    except OSError:
        return False
    return True


def _say(*words: str) -> str:
    """One command of Slurm's; what it cannot do now is logged and left, since nothing rests on it."""
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("%s: %s", words[0], error)
        return ""
