"""Which user a job runs as: the owner of its checkpoints. There are 4,336, and the folders of ended jobs stay.

Where all are taken, the folder that was left alone longest is closed: it goes to root, and its group remembers whose it
was. Its user may then serve another job. A job that comes back to a closed folder is handed its files.
"""

import os
import subprocess
import time
from pathlib import Path

from gpu_runtime.guard.isolation import FIRST_RUNNER_UID, LAST_RUNNER_UID

LEFT_ALONE_SECONDS = 86_400
HAND_OVER_SECONDS = 600
CLOSED = 0o700


class NoUserFree(Exception):
    """Every user of this host is taken; `str()` says by what."""


def take_user(checkpoints: Path, runs: Path) -> int:
    """The user for the job that keeps this folder; the caller holds the folder around it for itself alone.

    Args:
        runs: where the folders of attempts on this host lie; their owners are at work.

    Raises:
        NoUserFree: if every user is at work, or its folder was written within the last day.
        OSError: if a folder cannot be closed, or the job's own files not handed over.
    """
    kept, at_work = _users_in(checkpoints.parent), set(_users_in(runs).values())
    if checkpoints.name in kept:
        return kept[checkpoints.name]
    taken = at_work | set(kept.values())
    former = _former_user(checkpoints)
    if former is not None and former not in taken:
        return former
    free = (uid for uid in range(FIRST_RUNNER_UID, LAST_RUNNER_UID + 1) if uid not in taken)
    uid = next(free, None) or _close_one(checkpoints.parent, kept, at_work)
    if former is not None:
        _hand_over(checkpoints, former, uid)
    return uid


def _is_runners(uid: int) -> bool:
    return FIRST_RUNNER_UID <= uid <= LAST_RUNNER_UID


def _users_in(folder: Path) -> dict[str, int]:
    """The runners' users that own something in a folder, by its name."""
    with os.scandir(folder) as found:
        owners = {each.name: each.stat(follow_symlinks=False).st_uid for each in found}
    return {name: uid for name, uid in owners.items() if _is_runners(uid)}


def _former_user(checkpoints: Path) -> int | None:
    try:
        found = os.stat(checkpoints, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return found.st_gid if _is_runners(found.st_gid) else None


def _close_one(folder: Path, kept: dict[str, int], at_work: set[int]) -> int:
    """Close the folder that was left alone longest, and say whose it was."""
    idle = [(os.stat(folder / name).st_mtime, name) for name, uid in kept.items() if uid not in at_work]
    touched, name = min(idle, default=(time.time(), ""))
    if time.time() - touched < LEFT_ALONE_SECONDS:
        users = LAST_RUNNER_UID - FIRST_RUNNER_UID + 1
        raise NoUserFree(f"all {users:,} users of this host are taken, by attempts and by checkpoints of the last day")
    os.chmod(folder / name, CLOSED)
    os.chown(folder / name, 0, kept[name], follow_symlinks=False)
    return kept[name]


def _hand_over(checkpoints: Path, former: int, uid: int) -> None:
    """Give a closed folder's files, and nothing that another user owns, to the job's new user."""
    command = ["chown", "-R", "-h", f"--from={former}", f"{uid}:{uid}", "--", str(checkpoints)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=HAND_OVER_SECONDS)
    except subprocess.SubprocessError as error:
        raise OSError(f"the job's checkpoints could not be handed to its user: {error}") from error
