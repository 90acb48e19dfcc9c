"""The cradle: the process between guard and runner that lets none of the runner's processes get away.

In a PID namespace it is the first process: when it ends, for whatever reason, the kernel kills the rest.
Elsewhere it is a child subreaper that sweeps. It does not outlive its guard: the leash, a pipe whose other
end only the guard holds, closes; in a PID namespace the kernel sends it SIGKILL besides. And it knows the deadline:
where the guard is stopped and cannot count, the cradle kills.
"""

import contextlib
import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from gpu_runtime.guard import kernel
from gpu_runtime.guard.inside import DEADLINE, GO, SWEEP_SECONDS, Inside, RunnerPlan
from gpu_runtime.guard.isolation import (
    Containment,
    enter_new_pid_namespace,
    kill_cgroup,
    kill_descendants,
    living_in_cgroup,
    own_cgroup,
)
from gpu_runtime.guard.processes import living_descendants, living_in_namespace


@dataclass(frozen=True, slots=True)
class Departure:
    """How the runner left: its exit code or the signal that ended it, and what the cradle had to say."""

    exit_code: int | None
    signal: int | None
    note: str


class Cradle:
    """The guard's hold on a cradle and on everything in it."""

    def __init__(self, plan: RunnerPlan, containment: Containment, name: str) -> None:
        """Make the cradle; the runner starts with `let_go`, and only then.

        Raises:
            OSError: if the containment cannot be had; nothing is left behind then.
        """
        self.containment = containment
        self.cgroup = _new_cgroup(name) if containment is Containment.CGROUP else None
        if containment is Containment.PID_NAMESPACE:
            enter_new_pid_namespace()
        elif containment is Containment.SWEEP:
            kernel.become_child_subreaper()
        leash, self._leash = os.pipe()
        self._status, status = os.pipe()
        self.log, log = os.pipe()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        self.pid = os.fork()
        if self.pid == 0:
            Inside(plan, containment, self.cgroup, leash, status, log).live()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        for descriptor in (leash, status, log):
            os.close(descriptor)
        self.exit_signal = os.pidfd_open(self.pid)
        self._namespace = os.open(f"/proc/{self.pid}/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        os.set_blocking(self.log, False)
        os.set_blocking(self._leash, False)
        self._killed = False
        self._told_ms: int | None = None

    def let_go(self) -> None:
        """Start the runner."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._leash, GO)

    def hold_until(self, deadline_ms: int) -> None:
        """Tell the cradle when everything must be dead (CLOCK_BOOTTIME), so that it can see to it without a guard.

        A cradle that is stopped does not read; what does not fit into the pipe is told it later.
        """
        if deadline_ms != self._told_ms:
            with contextlib.suppress(BrokenPipeError, BlockingIOError):
                os.write(self._leash, DEADLINE.pack(deadline_ms))
                self._told_ms = deadline_ms

    def terminate(self) -> None:
        """Ask the runner to stop: SIGTERM, passed on by the cradle."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.exit_signal, signal.SIGTERM)

    def kill(self) -> None:
        """Kill everything in the cradle, and the cradle. Call again while `remaining` is not empty."""
        self._killed = True
        if self.cgroup is not None and self.remaining():
            kill_cgroup(self.cgroup)
        if self.containment is Containment.SWEEP:
            kill_descendants(os.getpid())
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.exit_signal, signal.SIGKILL)

    def remaining(self) -> list[int]:
        """Numbers of the living processes of the attempt, the cradle itself counted while it lives."""
        match self.containment:
            case Containment.PID_NAMESPACE:
                return living_in_namespace(f"pid:[{os.fstat(self._namespace).st_ino}]")
            case Containment.CGROUP:
                return living_in_cgroup(self.cgroup) if self.cgroup else []
            case Containment.SWEEP:
                return _living_below_us()

    def bury(self) -> Departure:
        """Take leave of a cradle that has ended: kill what it left, until nothing is left.

        In a PID namespace nothing can be left: the kernel lets its first process be waited for only when all
        others are gone. It is looked at all the same.
        """
        _, status = os.waitpid(self.pid, 0)
        while self.remaining():
            self.kill()
            _reap_orphans()
            time.sleep(SWEEP_SECONDS)
        if self.cgroup is not None:
            self.cgroup.rmdir()
        return self._departure(os.waitstatus_to_exitcode(status))

    def _departure(self, cradle_exit: int) -> Departure:
        os.set_blocking(self._status, False)
        try:
            lines = os.read(self._status, 1 << 16).decode("utf-8", errors="replace").splitlines()
        except BlockingIOError:
            lines = []
        said = {name: value for line in lines for name, value in json.loads(line).items()}
        if "exit_code" in said:
            return Departure(said["exit_code"], said["signal"], said.get("note", ""))
        number = signal.SIGKILL if self._killed or cradle_exit >= 0 else -cradle_exit
        return Departure(None, int(number), said.get("note", ""))


def _living_below_us() -> list[int]:
    return living_descendants(os.getpid())


def _reap_orphans() -> None:
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                return
        except ChildProcessError:
            return


def _new_cgroup(name: str) -> Path:
    parent = own_cgroup()
    if parent is None:
        raise OSError("no cgroup of version 2 can be made here")
    group = parent / f"writ-{name}"
    group.mkdir()
    return group
