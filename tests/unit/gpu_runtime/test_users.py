"""The users of a host: 4,336 for any number of jobs, none shared by two, and never root's in their stead."""

import os
import time
from pathlib import Path

import pytest

from gpu_runtime.guard.isolation import FIRST_RUNNER_UID, LAST_RUNNER_UID
from gpu_runtime.guard.plan import LevelTooLow, choose_uid
from gpu_runtime.guard.users import LEFT_ALONE_SECONDS, take_user

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
LONG_AGO = LEFT_ALONE_SECONDS + 3_600


class Store:
    """A host's checkpoints in which every user has its folder, `job-0` the oldest."""

    def __init__(self, root: Path, age: int = LONG_AGO) -> None:
        self.kept, self.runs = root / "kept", root / "runs"
        self.kept.mkdir()
        self.runs.mkdir()
        for number, uid in enumerate(range(FIRST_RUNNER_UID, LAST_RUNNER_UID + 1)):
            self.give(self.kept / f"job-{number}", uid, age - number / 10)

    def give(self, folder: Path, uid: int, age: float = 0) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        os.chown(folder, uid, uid)
        os.utime(folder, (time.time() - age,) * 2)

    def take(self, name: str) -> int:
        uid = take_user(self.kept / name, self.runs)
        self.give(self.kept / name, uid)
        return uid


def test_job_on_a_host_with_every_user_taken_gets_the_one_left_alone_longest_and_cannot_see_its_folder(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path)
    (store.kept / "job-0").chmod(0o777)
    assert store.take("new") == FIRST_RUNNER_UID
    closed = (store.kept / "job-0").stat()
    assert (closed.st_uid, closed.st_mode & 0o777) == (0, 0o700)
    assert store.take("newer") == FIRST_RUNNER_UID + 1
    assert store.take("new") == FIRST_RUNNER_UID


def test_job_that_comes_back_to_a_closed_folder_owns_its_files_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for name, uid in (("mine", FIRST_RUNNER_UID), ("roots", 0)):
        (store.kept / "job-0" / name).write_text("x")
        os.chown(store.kept / "job-0" / name, uid, uid)
    store.give(store.kept / "job-0", FIRST_RUNNER_UID, 2 * LONG_AGO)
    store.take("new")
    uid = store.take("job-0")
    assert uid == FIRST_RUNNER_UID + 1
    assert (store.kept / "job-0").stat().st_uid == (store.kept / "job-0" / "mine").stat().st_uid == uid
    assert (store.kept / "job-0" / "roots").stat().st_uid == 0


def test_user_of_an_attempt_at_work_is_given_to_no_other_job(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.give(store.runs / "attempt", FIRST_RUNNER_UID)
    assert store.take("new") == FIRST_RUNNER_UID + 1
    assert (store.kept / "job-0").stat().st_uid == FIRST_RUNNER_UID


def test_job_for_which_no_user_is_free_is_refused_and_not_run_as_root(tmp_path: Path) -> None:
    store = Store(tmp_path, age=3_600)
    with pytest.raises(LevelTooLow, match="all 4,336 users of this host are taken"):
        choose_uid(store.kept / "new", ["/bin/sh"], store.runs)
