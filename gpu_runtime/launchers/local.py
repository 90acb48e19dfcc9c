"""The local launcher: guards are processes of this host, each in its own session, forked from a nest of their code."""

import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

from gpu_runtime.guard.isolation import send
from gpu_runtime.guard.plan import KEPT_FOLDERS
from gpu_runtime.launchers import LaunchFailed

GUARD = (sys.executable, "-m", "gpu_runtime.guard")
NEST = (sys.executable, "-m", "gpu_runtime.launchers.nest")
SOURCES = Path(__file__).resolve().parents[2]
READY_SECONDS = 20.0
NEST_SECONDS = 10.0
GUARD_LOG = "guard.log"


class LocalLauncher:
    """Starts each guard in its own session, so that neither a crash nor a terminal's Ctrl-C of the agent reaches it."""

    def __init__(self, nest: tuple[str, ...] = NEST, environment: dict[str, str] | None = None) -> None:
        """Prepare; the nest is started with the first guard, and again where it has gone.

        Args:
            environment: what guards learn beyond their usual environment.
        """
        self._command = nest
        self._environment = {**guard_environment(), **(environment or {})}
        self.guard_pid = 0
        self._nest: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None

    def launch(self, folder: Path) -> None:
        """Start a guard and wait until its desk is open, at most 20 s.

        Raises:
            LaunchFailed: with the last words of the guard's own log.
        """
        ready, said = os.pipe()
        with (folder / GUARD_LOG).open("ab") as log:
            try:
                self.guard_pid = self._hatch(folder, [said, log.fileno()])
            finally:
                os.close(said)
        if not _becomes_ready(ready):
            send(self.guard_pid, signal.SIGKILL)
            words = (folder / GUARD_LOG).read_text(encoding="utf-8", errors="replace")[-500:]
            raise LaunchFailed(f"the guard did not open its desk within {READY_SECONDS:g} s: {words}")

    def forget(self, folder: Path) -> None:
        """Nothing is left of a guard that has ended."""

    def close(self) -> None:
        """Let the nest go; guards that came from it go on."""
        if self._line is not None:
            self._line.close()
        if self._nest is not None:
            self._nest.kill()
            self._nest.wait()
        self._nest = self._line = None

    def _hatch(self, folder: Path, descriptors: list[int]) -> int:
        """Ask the nest for a guard; once more where it has gone since the last time. Returns the guard's number."""
        for _ in range(2):
            line = self._line
            if line is None or self._nest is None or self._nest.poll() is not None:
                line = self._start_nest(folder)
            try:
                socket.send_fds(line, [os.fsencode(folder)], descriptors)
                return int(line.recv(32))
            except (OSError, ValueError):
                self.close()
        raise LaunchFailed("the process that guards are forked from does not stay up")

    def _start_nest(self, folder: Path) -> socket.socket:
        self.close()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, (folder / GUARD_LOG).open("ab") as log:
            self._nest = subprocess.Popen(
                self._command,
                cwd="/",
                env=self._environment,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        ours.settimeout(NEST_SECONDS)
        self._line = ours
        return ours


def _becomes_ready(pipe: int) -> bool:
    """Whether the guard says so in time; at once not, where it ends without a word."""
    try:
        ready, _, _ = select.select([pipe], [], [], READY_SECONDS)
        return bool(ready) and bool(os.read(pipe, 1))
    finally:
        os.close(pipe)


def guard_environment() -> dict[str, str]:
    """All that a guard learns from its environment."""
    return {
        "PATH": os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin"),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(SOURCES),
        "PYTHONDONTWRITEBYTECODE": "1",
        **{name: os.environ[name] for name in KEPT_FOLDERS if name in os.environ},
    }
