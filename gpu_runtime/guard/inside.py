"""Inside the cradle: the life of the process that holds the runner, and how the runner is dressed for its own.

It begins as a fork of the guard and never returns into the guard's code.
"""

import contextlib
import json
import os
import resource
import select
import signal
import struct
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from gpu_runtime.guard import kernel
from gpu_runtime.guard.clock import boottime_ms
from gpu_runtime.guard.isolation import Containment, kill_descendants, send, take_private_view

NOFILE = 65_536
NPROC = 16_384
REAP_SECONDS = 0.5
SWEEP_SECONDS = 0.005
CANNOT_START = 127
GO = b"g"
DEADLINE = struct.Struct(">q")
LATE_GUARD_MS = 250


@dataclass(frozen=True, slots=True)
class RunnerPlan:
    """How the runner is to be started. `uid` is None where it keeps our user.

    `has_private_tmp`: its own `tmp` folder lies over /tmp and /var/tmp, where nothing that it needs lies there.
    """

    argv: tuple[str, ...]
    environment: dict[str, str]
    folder: str
    uid: int | None
    hidden_folders: tuple[str, ...]
    has_private_tmp: bool = False


class Inside:
    """The life of the cradle's own process, from its first moment to its exit.

    SIGTERM is blocked from before its birth until it has a runner to pass it on to: the kernel would throw
    it away (the first process of a namespace), or kill the cradle by it.
    """

    def __init__(
        self,
        plan: RunnerPlan,
        containment: Containment,
        cgroup: Path | None,
        leash: int,
        status: int,
        log: int,
    ) -> None:
        self.plan, self.containment, self.cgroup = plan, containment, cgroup
        self.leash, self.status, self.log = leash, status, log
        self.runner: int | None = None
        self.runner_status: int | None = None
        self.deadline_ms: int | None = None

    def live(self) -> NoReturn:
        """Everything; never returns into the guard's code."""
        code = CANNOT_START
        try:
            code = self._hold_runner()
        except OSError as error:
            self._say({"note": f"the cradle failed: {error}"})
        finally:
            _tell_fault()
            os._exit(code)

    def _hold_runner(self) -> int:
        signal.signal(signal.SIGTERM, self._pass_on)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if self.containment is Containment.PID_NAMESPACE:
            kernel.set_parent_death_signal(signal.SIGKILL)
        _close_all_but({0, 1, 2, self.leash, self.status, self.log})
        self._settle()
        if os.read(self.leash, 1) != GO:
            return CANNOT_START
        self.runner = os.fork()
        if self.runner == 0:
            self._become_runner()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        os.close(self.log)
        self._watch(os.pidfd_open(self.runner))
        return 0

    def _settle(self) -> None:
        os.setsid()
        if self.containment is not Containment.PID_NAMESPACE:
            kernel.become_child_subreaper()
        if self.cgroup is not None:
            (self.cgroup / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
        if self.containment is Containment.PID_NAMESPACE:
            scratch = os.path.join(self.plan.folder, "tmp") if self.plan.has_private_tmp else None
            for problem in take_private_view(self.plan.hidden_folders, scratch):
                self._say({"note": problem})

    def _watch(self, runner_exit: int) -> None:
        """Until the runner has left, the guard has, or the guard is late: reap, then sweep, then say how it left."""
        while self.runner_status is None:
            ready, _, _ = select.select([self.leash, runner_exit], [], [], self._pause())
            if self.leash in ready and not self._hear_deadline():
                self._sweep()
                return
            if self._is_guard_late():
                self._say({"note": "its guard did not kill it in time; the cradle did"})
                self._sweep()
                return
            self._reap()
        self._sweep()
        code = os.waitstatus_to_exitcode(self.runner_status)
        self._say({"exit_code": code if code >= 0 else None, "signal": -code if code < 0 else None})

    def _hear_deadline(self) -> bool:
        """Take the guard's newest deadline; False where the guard has gone."""
        heard = os.read(self.leash, DEADLINE.size * 512)
        if not heard:
            return False
        self.deadline_ms = DEADLINE.unpack(heard[-DEADLINE.size :])[0]
        return True

    def _pause(self) -> float:
        """Seconds until the next look: sooner where the deadline comes sooner."""
        if self.deadline_ms is None:
            return REAP_SECONDS
        return min(REAP_SECONDS, max(0.0, (self.deadline_ms + LATE_GUARD_MS - boottime_ms()) / 1000))

    def _is_guard_late(self) -> bool:
        """Whether the deadline has passed and all still lives: a guard that is stopped itself cannot count."""
        return self.deadline_ms is not None and boottime_ms() >= self.deadline_ms + LATE_GUARD_MS

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.runner:
                self.runner_status = status

    def _sweep(self) -> None:
        if self.containment is Containment.PID_NAMESPACE:
            return
        while kill_descendants(os.getpid()):
            self._reap()
            time.sleep(SWEEP_SECONDS)

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        if self.runner and self.runner_status is None:
            send(self.runner, number)

    def _say(self, what: dict[str, object]) -> None:
        os.write(self.status, json.dumps(what).encode() + b"\n")

    def _become_runner(self) -> NoReturn:
        try:
            self._dress()
            os.execve(self.plan.argv[0], list(self.plan.argv), self.plan.environment)  # noqa: S606 - no shell
        except OSError as error:
            self._say({"note": f"the runner could not be started: {error}"})
        finally:
            _tell_fault()
            os._exit(CANNOT_START)

    def _dress(self) -> None:
        os.setsid()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        nowhere = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nowhere, 0), (self.log, 1), (self.log, 2)):
            os.dup2(source, target)
        os.set_inheritable(self.status, False)
        os.close(self.leash)
        _prefer_for_killing()
        _limit_resources(has_own_user=self.plan.uid is not None)
        _give_up_rights(self.plan.uid)
        if self.containment is not Containment.PID_NAMESPACE:
            kernel.set_parent_death_signal(signal.SIGKILL)
        os.umask(0o077)
        os.chdir(self.plan.folder)


def _tell_fault() -> None:
    """Print the traceback of a fault on its way out, which `os._exit` would hide."""
    if sys.exc_info()[1] is not None:
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()


def _prefer_for_killing() -> None:
    """Where memory runs out, the runner goes before its guard, the agent or anybody else."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")


def _limit_resources(*, has_own_user: bool) -> None:
    """No core files, and many open files; the count of processes is the user's, so it is bounded for an own user."""
    if has_own_user:
        resource.setrlimit(resource.RLIMIT_NPROC, (NPROC, NPROC))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = NOFILE if hard == resource.RLIM_INFINITY else min(NOFILE, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _give_up_rights(uid: int | None) -> None:
    if os.geteuid() == 0:
        kernel.drop_capabilities_on_exec()
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    kernel.refuse_new_privileges()


def _close_all_but(kept: set[int]) -> None:
    low = 0
    for descriptor in sorted(kept):
        if descriptor > low:  # an empty range that starts at 0 closes everything (CPython 3.11)
            os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
