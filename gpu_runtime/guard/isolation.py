"""How a host keeps an attempt's processes together and apart: the strongest way that works here.

Three ways to hold them, best first: an own PID namespace, in which the kernel kills everything when its
first process ends; a cgroup that is killed whole; a sweep by a child subreaper. The level is recorded with
each attempt, because below "own user, and PID namespace or cgroup" only the built-in trainer may run.
"""

import os
import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from gpu_runtime.guard import kernel
from gpu_runtime.guard.processes import living_descendants
from gpu_runtime.protocol.levels import admits_commands

# Named to be covered, not used.
SHARED_SCRATCH = ("/tmp", "/var/tmp")  # noqa: S108
SHARED_MEMORY = "/dev/shm"  # noqa: S108


class Containment(StrEnum):
    """What holds the processes of an attempt together."""

    PID_NAMESPACE = "pid-namespace"
    CGROUP = "cgroup"
    SWEEP = "sweep"


@dataclass(frozen=True, slots=True)
class Isolation:
    """The level of one host or attempt, written as "own-user+pid-namespace" and the like."""

    own_user: bool
    containment: Containment

    def __str__(self) -> str:
        user = "own-user" if self.own_user else "same-user"
        return f"{user}+{self.containment}"

    @property
    def admits_team_commands(self) -> bool:
        """Whether a team's own command may run under it, and not the built-in trainer alone."""
        return admits_commands(str(self))


def probe_isolation(run_root: Path, programs: Iterable[str]) -> Isolation:
    """The strongest level that works on this host, found by trying it in short-lived children.

    Args:
        run_root: the folder below which the runners' folders lie.
        programs: files that a runner must be able to read: the interpreter, our sources.
    """
    own_user = can_use_other_user(FIRST_RUNNER_UID, [str(run_root), *programs])
    return Isolation(own_user, probe_containment())


def probe_containment() -> Containment:
    """The strongest containment that works on this host."""
    if _succeeds_in_child(_try_pid_namespace):
        return Containment.PID_NAMESPACE
    return Containment.CGROUP if own_cgroup() else Containment.SWEEP


FIRST_RUNNER_UID = 61_184
LAST_RUNNER_UID = 65_519


def can_use_other_user(uid: int, paths: Iterable[str]) -> bool:
    """Whether we may become this user, and it can then reach every path (an interpreter under /root: no)."""
    wanted = list(paths)
    return os.geteuid() == 0 and _succeeds_in_child(lambda: _reach_as(uid, wanted))


def _reach_as(uid: int, paths: list[str]) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    for path in paths:
        needed = os.X_OK if os.path.isdir(path) else os.R_OK
        if not os.access(path, needed):
            raise PermissionError(path)


def _try_pid_namespace() -> None:
    enter_new_pid_namespace()
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    if os.waitpid(pid, 0)[1] != 0:
        raise OSError("the first process of a new PID namespace failed")


def enter_new_pid_namespace() -> None:
    """Have the caller's next child be the first process of a new PID namespace.

    Without root this takes a user namespace too, in which the caller keeps its own user and group.

    Raises:
        OSError: where the system does not allow it.
    """
    if os.geteuid() == 0:
        kernel.unshare(kernel.CLONE_NEWPID)
        return
    uid, gid = os.geteuid(), os.getegid()
    kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWPID)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1", encoding="ascii")


def take_private_view(hidden_folders: Iterable[str], scratch: str | None = None) -> list[str]:
    """Give the caller its own mounts: /proc of its own PID namespace, shared memory of its own, nothing in the
    hidden folders.

    Args:
        scratch: a folder that is to lie over /tmp and /var/tmp; None leaves them as they are.

    Returns:
        What could not be done, in words; the processes are held together all the same.
    """
    problems: list[str] = []
    try:
        kernel.unshare(kernel.CLONE_NEWNS)
        kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    except OSError as error:
        return [f"no own mounts: {error}"]
    safe = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    mounts: list[tuple[str, str, str, int, str | None]] = [("proc", "/proc", "proc", safe, None)]
    mounts += [
        ("tmpfs", path, "tmpfs", safe | kernel.MS_RDONLY, "size=4k,mode=0")
        for path in hidden_folders
        if os.path.isdir(path)
    ]
    if os.path.isdir(SHARED_MEMORY):
        mounts.append(("tmpfs", SHARED_MEMORY, "tmpfs", safe, "size=50%,mode=1777"))
    if scratch is not None:
        mounts += [(scratch, path, "", kernel.MS_BIND, None) for path in SHARED_SCRATCH]
    for mount in mounts:
        try:
            kernel.mount(*mount)
        except OSError as error:
            problems.append(str(error))
    return problems


def own_cgroup() -> Path | None:
    """Our cgroup of version 2, if we may make children in it and the kernel can kill one whole."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
        groups = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    roots = [line.split()[4] for line in mounts if " - cgroup2 " in line]
    paths = [line.partition("0::")[2] for line in groups if line.startswith("0::")]
    if not roots or not paths:
        return None
    folder = Path(roots[0]) / paths[0].lstrip("/")
    probe = folder / f"writ-probe-{os.getpid()}"
    try:
        probe.mkdir()
        usable = (probe / "cgroup.kill").exists()
        probe.rmdir()
    except OSError:
        return None
    return folder if usable else None


def living_in_cgroup(group: Path) -> list[int]:
    """Numbers of the processes in a cgroup; none where it is gone."""
    try:
        return [int(line) for line in (group / "cgroup.procs").read_text(encoding="ascii").split()]
    except FileNotFoundError:
        return []


def kill_cgroup(group: Path) -> None:
    """Kill every process in a cgroup at once."""
    (group / "cgroup.kill").write_text("1", encoding="ascii")


def kill_descendants(pid: int) -> list[int]:
    """Send SIGKILL to every living descendant of `pid`, stopping them first so that none forks on.

    Returns:
        The processes that were there; call again until it is empty.
    """
    found = living_descendants(pid)
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for process in found:
            send(process, number)
    return found


def send(pid: int, number: int) -> None:
    """Send a signal to a process that may just have gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _succeeds_in_child(attempt: Callable[[], None]) -> bool:
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            attempt()
            status = 0
        except OSError:
            status = 2
        finally:
            os._exit(status)
    return os.waitpid(pid, 0)[1] == 0
