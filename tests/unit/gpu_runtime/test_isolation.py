"""What a host can give, tried and told truly."""

import os
from pathlib import Path

import pytest

from gpu_runtime.guard.isolation import (
    FIRST_RUNNER_UID,
    Containment,
    Isolation,
    can_use_other_user,
    probe_containment,
)
from gpu_runtime.guard.plan import choose_uid

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.mark.parametrize(
    ("own_user", "containment", "admits"),
    [
        (True, Containment.PID_NAMESPACE, True),
        (True, Containment.CGROUP, True),
        (True, Containment.SWEEP, False),
        (False, Containment.PID_NAMESPACE, False),
        (False, Containment.CGROUP, False),
        (False, Containment.SWEEP, False),
    ],
)
def test_isolation_admits_team_commands_only_at_the_full_level(
    own_user: bool, containment: Containment, admits: bool
) -> None:
    assert Isolation(own_user, containment).admits_team_commands is admits


def test_isolation_is_written_as_user_and_containment() -> None:
    assert str(Isolation(False, Containment.PID_NAMESPACE)) == "same-user+pid-namespace"


def test_containment_is_probed_without_leaving_our_own_namespace() -> None:
    before = os.readlink("/proc/self/ns/pid_for_children")
    assert probe_containment() in Containment
    assert os.readlink("/proc/self/ns/pid_for_children") == before


@as_root
def test_other_user_that_cannot_reach_a_program_is_not_used(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "python").write_text("")
    assert can_use_other_user(FIRST_RUNNER_UID, ["/bin/sh"])
    assert not can_use_other_user(FIRST_RUNNER_UID, ["/bin/sh", str(closed / "python")])


@as_root
def test_user_of_a_job_owns_no_other_jobs_checkpoints(tmp_path: Path) -> None:
    kept, runs = tmp_path / "kept", tmp_path / "runs"
    kept.mkdir()
    runs.mkdir()
    for name in ("job-1", "job-2"):
        uid = choose_uid(kept / name, ["/bin/sh"], runs)
        assert uid is not None
        (kept / name).mkdir()
        os.chown(kept / name, uid, uid)
    owners = {path.stat().st_uid for path in kept.iterdir()}
    assert owners == {FIRST_RUNNER_UID, FIRST_RUNNER_UID + 1}
    assert choose_uid(kept / "job-2", ["/bin/sh"], runs) == (kept / "job-2").stat().st_uid
