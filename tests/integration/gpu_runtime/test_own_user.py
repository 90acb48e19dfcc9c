"""A runner under its own user, where we are root and another user can reach what it needs."""

import os
import select
from pathlib import Path

import pytest

from gpu_runtime.guard.cradle import Cradle
from gpu_runtime.guard.inside import RunnerPlan
from gpu_runtime.guard.isolation import FIRST_RUNNER_UID, Containment, own_cgroup

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user"),
    pytest.mark.skipif(own_cgroup() is None, reason="this system allows us no cgroup"),
]


def test_runner_under_its_own_user_has_its_rights_alone(tmp_path: Path) -> None:
    """In a cgroup and not a PID namespace: that would take this very process along."""
    for path in (tmp_path, *tmp_path.parents[:3]):
        path.chmod(path.stat().st_mode | 0o011)
    folder, private = tmp_path / "run", tmp_path / "private"
    folder.mkdir(mode=0o700)
    private.mkdir(mode=0o700)
    os.chown(folder, FIRST_RUNNER_UID, FIRST_RUNNER_UID)
    words = f"id -u; id -G; grep -E '^(CapEff|NoNewPrivs)' /proc/self/status; ls {private} 2>&1; touch here"
    plan = RunnerPlan(("/bin/sh", "-c", words), {"PATH": "/usr/bin:/bin"}, str(folder), FIRST_RUNNER_UID, ())
    cradle = Cradle(plan, Containment.CGROUP, f"test-{os.getpid()}")
    cradle.let_go()
    assert select.select([cradle.exit_signal], [], [], 20)[0]
    left = cradle.bury()
    seen = os.read(cradle.log, 1 << 16).decode().splitlines()
    assert left.exit_code == 0
    assert seen[:4] == [str(FIRST_RUNNER_UID), str(FIRST_RUNNER_UID), "CapEff:\t" + "0" * 16, "NoNewPrivs:\t1"]
    assert "Permission denied" in seen[4]
    assert (folder / "here").stat().st_uid == FIRST_RUNNER_UID
