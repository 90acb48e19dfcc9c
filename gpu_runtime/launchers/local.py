"""The local launcher: guards are processes of this host, each in its own session."""

import os
import select
import subprocess
import sys
from pathlib import Path

from gpu_runtime.launchers import LaunchFailed

GUARD = (sys.executable, "-m", "gpu_runtime.guard")
SOURCES = Path(__file__).resolve().parents[2]
READY_SECONDS = 20.0
GUARD_LOG = "guard.log"


class LocalLauncher:
    """Starts each guard as a process in its own session, so that neither a crash nor a terminal's Ctrl-C of
    the agent reaches it.
    """

    def __init__(self, guard: tuple[str, ...] = GUARD) -> None:
        self._guard = guard
        self._started: list[subprocess.Popen[bytes]] = []

    def launch(self, folder: Path) -> None:
        """Start a guard and wait until its desk is open, at most 20 s.

        Raises:
            LaunchFailed: with the last words of the guard's own log.
        """
        self._started = [guard for guard in self._started if guard.poll() is None]
        with (folder / GUARD_LOG).open("ab") as log:
            guard = subprocess.Popen(
                [*self._guard, str(folder)],
                cwd="/",
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        if not _becomes_ready(guard):
            guard.kill()
            guard.wait()
            words = (folder / GUARD_LOG).read_text(encoding="utf-8", errors="replace")[-500:]
            raise LaunchFailed(f"the guard did not open its desk within {READY_SECONDS:g} s: {words}")
        self._started.append(guard)


def _becomes_ready(guard: subprocess.Popen[bytes]) -> bool:
    if guard.stdout is None:
        return False
    with guard.stdout as pipe:
        ready, _, _ = select.select([pipe], [], [], READY_SECONDS)
        return bool(ready) and bool(os.read(pipe.fileno(), 1))


def _environment() -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin"),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(SOURCES),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
