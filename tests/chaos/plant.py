"""The plant on trial: a database of its own, web, pulse and three hosts as processes, and two independent worlds."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gpu_runtime.guard.order import MARKER, Marker, read_paper

ROOT = Path(__file__).resolve().parents[2]
AGENT = ROOT / "tests" / "integration" / "gpu_runtime" / "stand_in_agent.py"
RUNNER = Path(__file__).with_name("runner.sh")
TIMES = {"WRIT_TTL_MS": "8000", "WRIT_GRACE_MS": "3000", "WRIT_MARGIN_MS": "3000", "WRIT_RENEW_MS": "1000"}


def free_port() -> int:
    """A TCP port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Plant:
    """Starts processes, starts killed ones again, and finds guards by their own markers."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.environment, self.port = folder, environment, free_port()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.hosts: dict[str, list[str]] = {}
        self.commands: dict[str, list[str]] = {
            "web": [
                sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(self.port),
                "--workers", "1", "--blocking-threads", "4", "--log-level", "warning", "config.wsgi:application",
            ],
            "pulse": [sys.executable, "manage.py", "pulse"],
        }  # fmt: skip

    def add_host(self, name: str, serials: list[str], code: str, redis_url: str) -> None:
        """A host with emulated devices; its runners keep their records in its folder."""
        state = self.folder / name
        (state / "records").mkdir(parents=True)
        self.commands[name] = [
            sys.executable, str(AGENT), str(RUNNER), "--state-dir", str(state), "--name", name, "--control-url",
            f"http://127.0.0.1:{self.port}", "--emulate", str(len(serials)), "--chip", "H200 SXM", "--serials",
            ",".join(serials), "--redis-url", redis_url, "--enrol-code", code,
        ]  # fmt: skip
        self.hosts[name] = serials

    def start(self, name: str) -> None:
        """Start a process, or start it again."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                self.commands[name], cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def keep_up(self) -> None:
        """Start again whatever has ended, as a service manager would."""
        for name, process in list(self.running.items()):
            if process.poll() is not None:
                self.start(name)

    def guards(self) -> dict[str, int]:
        """Attempt -> process number of every guard that lives."""
        found = {}
        for name in self.hosts:
            for folder in (self.folder / name / "private" / "attempts").glob("*"):
                marker = _marker(folder)
                if marker is not None and Path(f"/proc/{marker.guard_pid}").exists():
                    found[folder.name] = marker.guard_pid
        return found

    def stop(self) -> None:
        """Stop everything, the agents first so that they take their guards along."""
        for name in [*self.hosts, "pulse", "web"]:
            process = self.running.pop(name, None)
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
                try:
                    process.wait(timeout=30)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        for pid in self.guards().values():
            send(pid, signal.SIGKILL)


def _marker(folder: Path) -> Marker | None:
    try:
        return read_paper(Marker, folder / MARKER)
    except ValueError:
        return None


def send(pid: int, number: int) -> bool:
    """Send a signal to a process that may just have gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def until(condition: Callable[[], Any], seconds: float) -> bool:
    """Whether the condition comes to hold in time."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.5)
    return bool(condition())
