"""The cradle: the process between guard and runner that lets none of the runner's processes get away.

In a PID namespace it is the first process: when it ends, for whatever reason, the kernel kills the rest.
Elsewhere it is a child subreaper that sweeps. It does not outlive its guard: the leash, a pipe whose other
end only the guard holds, closes; in a PID namespace the kernel sends it SIGKILL besides.
"""

import contextlib
import json
import os
import resource
import select
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from gpu_runtime.guard import kernel
from gpu_runtime.guard.isolation import (
    Containment,
    enter_new_pid_namespace,
    kill_cgroup,
    kill_descendants,
    living_in_cgroup,
    own_cgroup,
    send,
    take_private_view,
)
from gpu_runtime.guard.processes import living_descendants, living_in_namespace

NOFILE = 65_536
REAP_SECONDS = 0.5
SWEEP_SECONDS = 0.005
CANNOT_START = 127
_GO = b"g"


@dataclass(frozen=True, slots=True)
class RunnerPlan:
    """How the runner is to be started. `uid` is None where it keeps our user."""

    argv: tuple[str, ...]
    environment: dict[str, str]
    folder: str
    uid: int | None
    hidden_folders: tuple[str, ...]


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
            _Inside(plan, containment, self.cgroup, leash, status, log).live()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        for descriptor in (leash, status, log):
            os.close(descriptor)
        self.exit_signal = os.pidfd_open(self.pid)
        self._namespace = os.open(f"/proc/{self.pid}/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        os.set_blocking(self.log, False)
        self._killed = False

    def let_go(self) -> None:
        """Start the runner."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._leash, _GO)

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


class _Inside:
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
        if os.read(self.leash, 1) != _GO:
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
            for problem in take_private_view(self.plan.hidden_folders):
                self._say({"note": problem})

    def _watch(self, runner_exit: int) -> None:
        """Until the runner has left or the guard has: reap, then sweep, then say how the runner left."""
        while self.runner_status is None:
            ready, _, _ = select.select([self.leash, runner_exit], [], [], REAP_SECONDS)
            if self.leash in ready:
                self._sweep()
                return
            self._reap()
        self._sweep()
        code = os.waitstatus_to_exitcode(self.runner_status)
        self._say({"exit_code": code if code >= 0 else None, "signal": -code if code < 0 else None})

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
        _limit_resources()
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


def _limit_resources() -> None:
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
