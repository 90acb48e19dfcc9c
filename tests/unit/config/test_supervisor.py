"""The supervisor: what it starts ends with it, however deep and however stubborn."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from config.embedded.state import ROOT, SetupFault
from config.processes import Process
from config.supervisor import RESTARTS_ALLOWED, Supervisor

_RUN = """
import sys
from config.processes import Process
from config.supervisor import Supervisor, say
with Supervisor(report=say) as supervisor:
    supervisor.start([Process("sample", ({python!r}, "-c", {program!r}), stop_timeout_s=0.3)])
    say("started")
    supervisor.watch()
"""
_STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "600"], start_new_session=True)
open({pids!r}, "w").write(f"{{os.getpid()}} {{child.pid}}\\n")
time.sleep(600)
"""


def _start(program: str, state: Path) -> "subprocess.Popen[str]":
    code = _RUN.format(python=sys.executable, program=program)
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "WRIT_STATE": str(state)},
        stdout=subprocess.PIPE,
        text=True,
    )


def _read_until(process: "subprocess.Popen[str]", word: str) -> str:
    said = ""
    while word not in said:
        line = process.stdout.readline()
        assert line, f"ended before {word!r}: {said}"
        said += line
    return said


def _pids(path: Path) -> list[int]:
    while not path.exists() or not path.read_text().endswith("\n"):
        os.sched_yield()
    return [int(word) for word in path.read_text().split()]


def _tend_for_ever(supervisor: Supervisor) -> None:
    while True:
        supervisor.tend()


def test_process_orphaned_and_ended_is_reaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WRIT_STATE", str(tmp_path))
    pids = tmp_path / "pids"
    orphan = "import os, sys; open(sys.argv[1], 'w').write(f'{os.getpid()}\\n')"
    program = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {orphan!r}, {str(pids)!r}])"
    sample = Process("sample", (sys.executable, "-c", program))
    with Supervisor(report=lambda line: None) as supervisor:
        supervisor.start([sample])
        (pid,) = _pids(pids)
        while psutil.pid_exists(pid):
            with contextlib.suppress(SetupFault):
                supervisor.tend()
    assert not psutil.pid_exists(pid)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_supervisor_asked_to_stop_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    pids = tmp_path / "pids"
    running = _start(_STUBBORN.format(pids=str(pids)), tmp_path)
    _read_until(running, "started")
    started = _pids(pids)
    running.send_signal(number)
    assert running.wait(30) == 0
    assert [pid for pid in started if psutil.pid_exists(pid)] == []


def test_supervisor_killed_takes_its_processes_along(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    program = f"import os, time; open({str(pids)!r}, 'w').write(f'{{os.getpid()}}\\n'); time.sleep(600)"
    running = _start(program, tmp_path)
    _read_until(running, "started")
    (pid,) = _pids(pids)
    child = psutil.Process(pid)
    running.kill()
    running.wait(10)
    gone, _alive = psutil.wait_procs([child], timeout=10)
    assert gone == [child]


def test_process_that_ends_again_and_again_stops_it_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WRIT_STATE", str(tmp_path))
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    said: list[str] = []
    sample = Process("sample", (sys.executable, "-c", f"open({str(gate)!r}).read(); print('no such thing'); exit(7)"))
    with Supervisor(report=said.append) as supervisor:
        supervisor.start([sample])
        for ends in range(1, RESTARTS_ALLOWED + 1):
            gate.write_text("go")
            while len(said) < ends:
                supervisor.tend()
        gate.write_text("go")
        with pytest.raises(SetupFault, match=r"exit 7(?s:.*)no such thing"):
            _tend_for_ever(supervisor)
    assert said == ["sample ended by itself (exit 7); starting it again"] * RESTARTS_ALLOWED


def test_process_that_ends_at_start_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WRIT_STATE", str(tmp_path))
    sample = Process("sample", (sys.executable, "-c", "print('no such thing'); exit(7)"), is_ready=lambda: False)
    with Supervisor(report=print) as supervisor, pytest.raises(SetupFault, match=r"exit 7(?s:.*)no such thing"):
        supervisor.start([sample])
