"""The plant on trial: servers, web, worker and pulse in the hub, three hosts on wires of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from gpu_runtime.guard.order import MARKER, Marker, read_paper
from gpu_runtime.guard.processes import living_descendants
from tests.chaos.network import HUB, Wires
from tests.chaos.servers import Postgres, Redis

ROOT: Final = Path(__file__).resolve().parents[2]
AGENT: Final = Path(__file__).with_name("agent.py")
TIMES: Final = {"WRIT_TTL_MS": "8000", "WRIT_GRACE_MS": "3000", "WRIT_MARGIN_MS": "3000", "WRIT_RENEW_MS": "1000"}
POSTGRES_PORT, REDIS_PORT, WEB_PORT, FRONT_PORT = 5432, 6379, 8000, 9000
DISK_BYTES: Final = 24 << 20
FAKETIME: Final = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


class Plant:
    """Starts processes, starts killed ones again, and finds guards by their own markers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wires = Wires()
        self.postgres, self.redis = Postgres(HUB, POSTGRES_PORT), Redis(HUB, REDIS_PORT)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.hosts: list[str] = []
        self.commands: dict[str, list[str]] = {}
        self.environments: dict[str, dict[str, str]] = {}
        for name in ("hosts", "records", "clocks", "shared"):
            (folder / name).mkdir(mode=0o711)

    def add_control_plane(self, environment: dict[str, str]) -> None:
        """Web, worker and pulse."""
        python = sys.executable
        self.commands |= {
            "web": [
                python, "-m", "granian", "--interface", "wsgi", "--host", HUB, "--port", str(WEB_PORT),
                "--workers", "1", "--blocking-threads", "4", "--log-level", "warning", "config.wsgi:application",
            ],
            "worker": [
                python, "-m", "celery", "--app", "config.celery", "worker", "--queues", "control", "--pool", "solo",
                "--without-gossip", "--without-mingle", "--loglevel", "WARNING",
            ],
            "pulse": [python, "manage.py", "pulse"],
        }  # fmt: skip
        for name in ("web", "worker", "pulse"):
            self.environments[name] = environment

    def add_host(self, name: str, serials: list[str], code: str, store: str) -> None:
        """A host in a namespace of its own, its folder a small disk; hosts of one store share their checkpoints."""
        inside = self.wires.add(name)
        state = self.folder / "hosts" / name
        state.mkdir(mode=0o711)
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0711", "writ-disk", str(state)], check=True
        )
        self._share(state, store)
        records = self.folder / "records" / name
        records.mkdir()
        records.chmod(0o1777)
        (self.folder / "clocks" / name).write_text("+0\n")
        self.hosts.append(name)
        self.environments[name] = {**os.environ, "PYTHONPATH": str(ROOT), **self._clock(name)}
        self.commands[name] = [
            *inside, sys.executable, str(AGENT), "--state-dir", str(state), "--name", name, "--control-url",
            f"http://{HUB}:{FRONT_PORT}", "--emulate", str(len(serials)), "--chip", "H200 SXM", "--serials",
            ",".join(serials), "--enrol-code", code,
            "--address", self.wires.address(name),
        ]  # fmt: skip

    def _share(self, state: Path, store: str) -> None:
        shared = self.folder / "shared" / store
        shared.mkdir(mode=0o711, exist_ok=True)
        (state / "checkpoints").mkdir(mode=0o711)
        subprocess.run(["mount", "--bind", str(shared), str(state / "checkpoints")], check=True)

    def _clock(self, name: str) -> dict[str, str]:
        if not FAKETIME.exists():
            return {}
        return {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(self.folder / "clocks" / name),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def move_clock(self, name: str, seconds: int) -> bool:
        """Move a host's wall clock; False where libfaketime is not installed. A file half written would stop it."""
        clock = self.folder / "clocks" / name
        clock.with_suffix(".next").write_text(f"{seconds:+d}\n")
        os.replace(clock.with_suffix(".next"), clock)
        return FAKETIME.exists()

    def start_servers(self) -> None:
        """PostgreSQL and Redis, or whichever of them has ended."""
        if self.redis.process is None or self.redis.process.poll() is not None:
            self.redis.start(self.folder / "redis.log")
        if self.postgres.process is None or self.postgres.process.poll() is not None:
            self.postgres.start(self.folder / "postgres.log")

    def start(self, name: str) -> None:
        """Start a process, or start it again."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                self.commands[name],
                cwd=ROOT,
                env=self.environments[name],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def keep_up(self) -> None:
        """Start again whatever has ended, as a service manager would."""
        self.start_servers()
        for name, process in list(self.running.items()):
            if process.poll() is not None:
                self.start(name)

    def kill(self, name: str) -> bool:
        """SIGKILL a process of ours; the web with its worker process, which answers for it."""
        process = self.running[name]
        if name != "web":
            return send(process.pid, signal.SIGKILL)
        for pid in (process.pid, *living_descendants(process.pid)):
            send(pid, signal.SIGKILL)
        return True

    def bells(self, name: str) -> list[int]:
        """The Celery workers that a host's agent listens with."""
        return [
            pid for pid in living_descendants(self.running[name].pid) if "gpu_runtime.agent.bell" in command_of(pid)
        ]

    def guards(self) -> dict[str, Marker]:
        """Attempt -> marker of every guard that lives."""
        found = {}
        for name in self.hosts:
            for folder in (self.folder / "hosts" / name / "private" / "attempts").glob("*"):
                marker = _marker(folder)
                if marker is not None and Path(f"/proc/{marker.guard_pid}").exists():
                    found[folder.name] = marker
        return found

    def stop(self) -> None:
        """Stop everything, the agents first so that they take their guards along."""
        for name in [*self.hosts, "pulse", "worker", "web"]:
            process = self.running.pop(name, None)
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for marker in self.guards().values():
            send(marker.guard_pid, signal.SIGCONT)
        until(lambda: not self.guards(), 20)
        for marker in self.guards().values():
            send(marker.guard_pid, signal.SIGKILL)


def _marker(folder: Path) -> Marker | None:
    try:
        return read_paper(Marker, folder / MARKER)
    except (ValueError, OSError):
        return None


def command_of(pid: int) -> str:
    """A process's command line; empty where it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


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
        time.sleep(0.2)
    return bool(condition())
