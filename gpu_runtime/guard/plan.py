"""What a runner is given: its folder, its devices, a bare environment, and nothing that is not its own."""

import fcntl
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from gpu_runtime.guard.inside import RunnerPlan
from gpu_runtime.guard.isolation import (
    FIRST_RUNNER_UID,
    SHARED_SCRATCH,
    Containment,
    Isolation,
    can_use_other_user,
)
from gpu_runtime.guard.order import ATTEMPT, HostDevice, Order, write_json
from gpu_runtime.guard.users import NoUserFree, take_user
from gpu_runtime.protocol import MessageMalformed
from gpu_runtime.protocol.levels import COMMAND_NEEDS
from gpu_runtime.protocol.messages import AttemptPlace, ClaimAnswer

SOURCES = Path(__file__).resolve().parents[2]
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
PROGRAMS = (os.__file__, str(Path(__file__).with_name("__init__.py")))
RUNNER = (sys.executable, "-m", "gpu_runtime.runner")
COMMAND_RUNNER = ("-m", "gpu_runtime.runner.command")
SYSTEM_PYTHON = "/usr/bin/python3"
NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class Held:
    """How an attempt is held together, and which program runs the built-in trainer."""

    containment: Containment
    runner: tuple[str, ...] = RUNNER


class LevelTooLow(Exception):
    """This host cannot keep the program apart as it has to be; `str()` says what it can."""


def plan_runner(order: Order, claim: ClaimAnswer, devices: tuple[str, ...], held: Held) -> RunnerPlan:
    """Lay out the runner's folders and say how it is to be started.

    Raises:
        MessageMalformed: if the checkpoint's name is no plain file name.
        LevelTooLow: for a team's own program where its isolation is not enough; for any where no user is free.
        OSError: if a folder cannot be made.
    """
    folder = Path(order.run_folder)
    checkpoints = Path(order.checkpoint_root) / plain_name(claim.attempt.checkpoint_name)
    if "command" in claim.spec and held.containment is Containment.SWEEP:
        raise LevelTooLow(_too_low(Isolation(os.geteuid() == 0, held.containment)))
    with _alone_in(checkpoints.parent):
        runner, needed = _program(claim.spec, held)
        uid = choose_uid(checkpoints, [*needed, str(folder.parent), str(checkpoints.parent)], folder.parent)
        level = Isolation(uid is not None, held.containment)
        if "command" in claim.spec and not level.admits_team_commands:
            raise LevelTooLow(_too_low(level))
        _own_folder(checkpoints, uid)
        os.utime(checkpoints)
    own = [device for device in order.devices if device.uuid in devices]
    for path in (folder, folder / "tmp"):
        _own_folder(path, uid)
    write_json(folder / ATTEMPT, _attempt_paper(claim.spec, claim.attempt, own, checkpoints), mode=0o644)
    return RunnerPlan(
        argv=(*runner, str(folder)),
        environment=runner_environment(folder, own, len(order.devices)),
        folder=str(folder),
        uid=uid,
        hidden_folders=order.hidden_folders,
        has_private_tmp=not any(lies_in_shared_scratch(path) for path in (folder, checkpoints, SOURCES, runner[0])),
    )


def _program(spec: Mapping[str, object], held: Held) -> tuple[tuple[str, ...], list[str]]:
    """The program that starts an attempt, and the files that its user must be able to reach.

    What starts a team's own program needs the standard library alone: where another user cannot reach our
    interpreter, the system's does.
    """
    if "command" not in spec:
        return held.runner, [held.runner[0], *PROGRAMS]
    ours, systems = [sys.executable, *PROGRAMS], [SYSTEM_PYTHON, *PROGRAMS[1:]]
    is_hidden = os.geteuid() == 0 and not can_use_other_user(FIRST_RUNNER_UID, ours)
    needed = systems if is_hidden and can_use_other_user(FIRST_RUNNER_UID, systems) else ours
    return (needed[0], *COMMAND_RUNNER), needed


def lies_in_shared_scratch(path: Path | str) -> bool:
    """Whether covering the shared scratch folders would take this path out of the runner's sight."""
    return any(Path(path).resolve().is_relative_to(scratch) for scratch in SHARED_SCRATCH)


def _too_low(level: Isolation) -> str:
    return f"a team's own program runs only with {COMMAND_NEEDS}; this host gives {level}"


def plain_name(name: str) -> str:
    """The name, if it can only be a file's name and nothing else.

    Raises:
        MessageMalformed: for a path, a hidden name or other characters.
    """
    if not 0 < len(name) <= MAX_NAME or name.startswith(".") or not NAME_CHARACTERS.issuperset(name):
        raise MessageMalformed(f"{name[:MAX_NAME]!r} is no plain name: letters, digits, '.', '_', '-'")
    return name


def _attempt_paper(
    spec: Mapping[str, object], place: AttemptPlace, devices: list[HostDevice], checkpoints: Path
) -> dict[str, object]:
    return {
        "spec": dict(spec),
        "job_ref": place.job_ref,
        "number": place.number,
        "devices": [asdict(device) for device in devices],
        "rank": place.rank,
        "world_size": place.world_size,
        "rendezvous": place.rendezvous,
        "checkpoint_dir": str(checkpoints),
        "resume": asdict(place.resume) if place.resume else None,
    }


def choose_uid(checkpoints: Path, needed: list[str], runs: Path) -> int | None:
    """The user for this job: the owner of its checkpoints, or one that owns no other job's.

    Returns:
        None where the runner has to keep our user: we are not root, or another user could not reach what
        it needs.

    Raises:
        LevelTooLow: where every user is taken. It never runs as ours instead.
    """
    if not can_use_other_user(FIRST_RUNNER_UID, needed):
        return None
    try:
        return take_user(checkpoints, runs)
    except NoUserFree as error:
        raise LevelTooLow(str(error)) from error


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One guard at a time: two jobs that start together must not be given one user."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _own_folder(path: Path, uid: int | None) -> None:
    path.mkdir(mode=0o700, exist_ok=True)
    if uid is not None:
        os.chown(path, uid, uid, follow_symlinks=False)


# Where this host keeps data sets and models for jobs: see docs/training.md.
KEPT_FOLDERS = ("WRIT_DATASETS", "WRIT_MODELS")


def runner_environment(folder: Path, devices: list[HostDevice], devices_of_host: int) -> dict[str, str]:
    """All that the runner learns from its environment: no address, no credential of ours."""
    uuids = ",".join(device.uuid for device in devices)
    threads = max(1, (os.cpu_count() or 1) * len(devices) // max(1, devices_of_host))
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{SYSTEM_PATH}",
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(SOURCES),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": str(threads),
        "WRIT_DEVICES": uuids,
    }
    if all(device.backend == "nvml" for device in devices):
        environment["CUDA_VISIBLE_DEVICES"] = uuids
    return environment | {name: os.environ[name] for name in KEPT_FOLDERS if name in os.environ}
