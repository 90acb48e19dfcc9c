"""A team's own program under the guard: only where it is kept apart, with its own variables, scratch and limits."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from gpu_runtime.guard.isolation import (
    FIRST_RUNNER_UID,
    LAST_RUNNER_UID,
    Containment,
    can_use_other_user,
    probe_containment,
)
from gpu_runtime.guard.plan import PROGRAMS, SOURCES, SYSTEM_PYTHON, lies_in_shared_scratch
from tests.integration.gpu_runtime.control_plane import SmallControlPlane
from tests.integration.gpu_runtime.hosts import GuardOnTrial, until

KEEPS_APART = probe_containment() is not Containment.SWEEP and can_use_other_user(
    FIRST_RUNNER_UID, [SYSTEM_PYTHON, *PROGRAMS[1:]]
)
needs_apart = pytest.mark.skipif(not KEEPS_APART, reason="this system gives no own user with a namespace or cgroup")
Put = Callable[..., GuardOnTrial]
WORDS = "import os, sys, signal, time\n"


def spec_of(script: str, argv: list[str]) -> dict[str, object]:
    """A job that runs a Python script of the team's, unless told otherwise."""
    return {
        "name": "own",
        "time_limit_ms": 60_000,
        "command": {"argv": argv, "environment": {"EPOCHS": "3"}, "files": {"x.py": WORDS + script}},
        "array": {"index": 2, "size": 5},
    }


@pytest.fixture
def run_own(plane: SmallControlPlane) -> Iterator[Put]:
    """Starts guards over own programs, outside the shared scratch folders, and leaves none behind."""
    root = Path(tempfile.mkdtemp(dir="/opt" if os.access("/opt", os.W_OK) else None, prefix="writ-test-"))
    guards: list[GuardOnTrial] = []
    plane.ttl_ms = 20_000

    def run(script: str, containment: str = "best", argv: list[str] | None = None) -> GuardOnTrial:
        guard = GuardOnTrial(root, plane, containment=containment)
        guard.placed.spec = spec_of(script, argv or [SYSTEM_PYTHON, "x.py"])
        guards.append(guard)
        guard.claim()
        return guard

    yield run
    for guard in guards:
        guard.clear()
    shutil.rmtree(root)


def test_own_program_is_refused_where_nothing_keeps_it_apart(run_own: Put) -> None:
    guard = run_own("print('never')\n", containment="sweep")
    end = guard.end()
    assert end.outcome == "refused"
    assert "own user, and own PID namespace or cgroup" in end.message
    assert "sweep" in end.message
    assert not guard.run_folder.exists()


@needs_apart
def test_own_program_runs_as_its_own_user_with_its_variables_and_nothing_of_ours(run_own: Put) -> None:
    names = "sorted(n for n in os.environ)"
    guard = run_own(f"print(os.getuid(), {names})\nprint(os.environ['WRIT_ARRAY_INDEX'], os.environ['EPOCHS'])\n")
    end = guard.end()
    assert (end.outcome, end.exit_code) == ("succeeded", 0), end
    told, values = end.log_tail.splitlines()[:2]
    assert FIRST_RUNNER_UID <= int(told.split()[0]) <= LAST_RUNNER_UID
    assert values == "2 3"
    for name in ("WRIT_JOB", "WRIT_ATTEMPT", "WRIT_CHECKPOINT_DIR", "WRIT_METRICS", "WRIT_TIME_LIMIT_MS"):
        assert f"'{name}'" in told
    assert "DATABASE" not in told
    assert guard.marker().isolation.startswith("own-user+")


@needs_apart
@pytest.mark.parametrize(("code", "outcome"), [(0, "succeeded"), (3, "failed"), (75, "failed")])
def test_exit_code_that_nobody_asked_for_is_success_only_where_it_is_zero(
    run_own: Put, code: int, outcome: str
) -> None:
    end = run_own(f"sys.exit({code})\n").end()
    assert (end.outcome, end.exit_code) == (outcome, code)


@needs_apart
def test_own_program_commits_a_checkpoint_on_sigterm_and_is_drained(run_own: Put) -> None:
    script = """
import pathlib, subprocess
def save(*_):
    folder = pathlib.Path(os.environ["WRIT_CHECKPOINT_DIR"]) / "draft"
    folder.mkdir()
    (folder / "state").write_text("at step 7")
    commit = [os.environ["WRIT_PYTHON"], "-m", "gpu_runtime.checkpoints.commit", str(folder), "7"]
    sys.exit(75 if subprocess.run(commit).returncode == 0 else 1)
signal.signal(signal.SIGTERM, save)
print("ready", flush=True)
while True: time.sleep(0.05)
"""
    guard = run_own(script)
    until(lambda: "ready" in guard.log())
    guard.renew("drain", window_ms=15_000, ttl_ms=20_000)
    end = guard.end()
    assert (end.outcome, end.exit_code) == ("drained", 75), end.log_tail
    told = (guard.run_folder / "metrics.jsonl").read_text()
    assert '"kind": "checkpoint", "step": 7, "name": "step_00000007"' in told


@needs_apart
def test_double_forked_child_in_a_session_of_its_own_dies_with_the_guard(run_own: Put) -> None:
    script = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.environ.clear()
        while True: time.sleep(0.05)
    os._exit(0)
print("ready", flush=True)
while True: time.sleep(0.05)
"""
    guard = run_own(script)
    until(lambda: "ready" in guard.log() and len(guard.living()) >= 3)
    os.kill(guard.marker().guard_pid, signal.SIGKILL)
    until(lambda: not guard.living())


@needs_apart
@pytest.mark.skipif(probe_containment() is not Containment.PID_NAMESPACE, reason="mounts of its own need a namespace")
@pytest.mark.skipif(
    any(map(lies_in_shared_scratch, (SOURCES, sys.executable))), reason="a private /tmp would cover this checkout"
)
def test_own_program_has_a_scratch_folder_and_shared_memory_of_its_own(run_own: Put) -> None:
    mine = f"writ-{uuid4()}"
    with tempfile.NamedTemporaryFile(dir="/tmp") as ours, tempfile.NamedTemporaryFile(dir="/dev/shm") as shared:  # noqa: S108
        script = f"""
print([os.path.exists(p) for p in ({ours.name!r}, {shared.name!r})])
open("/tmp/{mine}", "w").close(); open("/dev/shm/{mine}", "w").close()
print(os.path.exists(os.path.join(os.environ["TMPDIR"], "{mine}")))
"""
        end = run_own(script).end()
    assert end.log_tail.splitlines() == ["[False, False]", "True"], end
    assert not Path("/tmp", mine).exists()  # noqa: S108
    assert not Path("/dev/shm", mine).exists()  # noqa: S108


@needs_apart
def test_own_program_is_bounded_and_gains_no_right(run_own: Put) -> None:
    script = """
import resource
print(resource.getrlimit(resource.RLIMIT_CORE), resource.getrlimit(resource.RLIMIT_NPROC)[0] <= 16384)
print([line.strip() for line in open("/proc/self/status") if line.startswith(("NoNewPrivs", "CapEff", "CapBnd"))])
"""
    log = run_own(script).end().log_tail
    assert "(0, 0) True" in log
    assert "'CapEff:\\t0000000000000000', 'CapBnd:\\t0000000000000000', 'NoNewPrivs:\\t1'" in log


@needs_apart
def test_program_that_is_not_there_fails_with_its_name(run_own: Put) -> None:
    end = run_own("", argv=["/no/such/program"]).end()
    assert (end.outcome, end.exit_code) == ("failed", 127)
    assert "/no/such/program cannot be started" in end.log_tail
