"""The embedded servers: shared while somebody needs them, gone with the last one, however it ends."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from config.embedded.state import ROOT

_HOLD = """
import sys
from config.embedded.services import ensure
from config.embedded.state import SetupFault
try:
    ensure()
except SetupFault as fault:
    print("fault", fault, flush=True)
else:
    print("up", flush=True)
    sys.stdin.read()
"""
Client = subprocess.Popen[str]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state folder of these tests' own, too deep for sockets."""
    folder = tmp_path_factory.mktemp("state-" + "d" * 60)
    yield folder
    shutil.rmtree((folder / "socket-folder").read_text(), ignore_errors=True)


@pytest.fixture
def hold(state: Path) -> Iterator[Callable[[], Client]]:
    """Starts a process that needs the servers of that folder until its standard input closes."""
    environment = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    environment["WRIT_STATE"] = str(state)
    environment["TMPDIR"] = "/tmp"
    started: list[Client] = []

    def start() -> Client:
        client = subprocess.Popen(
            [sys.executable, "-c", _HOLD], cwd=ROOT, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        started.append(client)
        return client

    yield start
    for client in started:
        client.communicate()


def _servers(state: Path) -> list[psutil.Process]:
    """The keeper's and the servers' processes of this folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("WRIT_STATE") == str(state) and "-c" not in process.cmdline()[1:2]:
                found.append(process)
        except psutil.Error:
            continue
    return found


def _wait_until_gone(processes: list[psutil.Process]) -> list[psutil.Process]:
    _gone, alive = psutil.wait_procs(processes, timeout=60)
    return alive


def test_servers_end_with_the_last_client(hold: Callable[[], Client], state: Path) -> None:
    first, second = hold(), hold()
    assert (first.stdout.readline(), second.stdout.readline()) == ("up\n", "up\n")
    servers = _servers(state)
    assert len([one for one in servers if "config.embedded.keeper" in one.cmdline()]) == 1
    first.communicate()
    assert all(one.is_running() for one in servers if "config.embedded.keeper" in one.cmdline())
    second.communicate()
    assert _servers(state) == []


def test_servers_end_with_a_client_that_is_killed(hold: Callable[[], Client], state: Path) -> None:
    client = hold()
    assert client.stdout.readline() == "up\n"
    servers = _servers(state)
    client.kill()
    assert _wait_until_gone(servers) == []


def test_servers_end_with_a_keeper_that_is_killed_and_start_again(hold: Callable[[], Client], state: Path) -> None:
    client = hold()
    assert client.stdout.readline() == "up\n"
    servers = _servers(state)
    (keeper,) = [one for one in servers if "config.embedded.keeper" in one.cmdline()]
    keeper.send_signal(signal.SIGKILL)
    assert _wait_until_gone(servers) == []
    assert hold().stdout.readline() == "up\n"


def test_postgres_killed_hard_is_started_again_by_the_keeper(hold: Callable[[], Client], state: Path) -> None:
    client = hold()
    assert client.stdout.readline() == "up\n"
    pid_file = state / "postgres" / "postmaster.pid"
    first = pid_file.read_text().splitlines()[0]
    os.kill(int(first), signal.SIGKILL)
    while (
        not pid_file.exists() or first in (lines := pid_file.read_text().splitlines()) or lines[-1].strip() != "ready"
    ):
        os.sched_yield()
    assert hold().stdout.readline() == "up\n"


def test_state_folder_is_left_closed_to_others(hold: Callable[[], Client], state: Path) -> None:
    modes = {path: path.stat().st_mode for path in state.parents}
    client = hold()
    assert client.stdout.readline() == "up\n"
    open_to_others = [path for path in state.iterdir() if path.is_dir() and path.stat().st_mode & 0o077]
    assert open_to_others == []
    assert {path: path.stat().st_mode for path in state.parents} == modes
