"""The processes of a Writ on one machine, declared: what `manage.py up` and `manage.py demo` start and stop."""

import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.embedded.state import state_folder

READY_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Process:
    """One process to run.

    Attributes:
        name: its name, and that of its log `.writ/log/NAME.log`.
        argv: the command.
        env: what its environment has beyond ours.
        is_ready: asked until it says yes; None where being alive is enough.
        stop_timeout_s: how long it may take to end after SIGTERM.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    is_ready: Callable[[], bool] | None = None
    stop_timeout_s: float = 10.0


def control_plane(port: int) -> tuple[Process, ...]:
    """The web, the doorbell's worker and the pulse (sealer, relay, scheduler pass, housekeeping)."""
    python = sys.executable
    return (
        Process(
            "web",
            (
                python, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
                "--workers", "1", "--blocking-threads", "8", "--log-level", "warning", "config.wsgi:application",
            ),
            env={"WRIT_DATABASE_POOL": "10"},
            is_ready=answers(f"http://127.0.0.1:{port}/account/login/"),
        ),
        Process(
            "worker",
            (
                python, "-m", "celery", "--app", "config.celery", "worker", "--queues", "control", "--pool", "threads",
                "--concurrency", "2", "--hostname", "control@%h", "--without-gossip", "--without-mingle",
                "--loglevel", "WARNING",
            ),
        ),
        Process("pulse", (python, "manage.py", "pulse")),
    )  # fmt: skip


def host_agent(port: int) -> Process:
    """The agent of this machine as a GPU host (emulated devices where it has none)."""
    return Process(
        "agent",
        (sys.executable, "-m", "gpu_runtime.agent"),
        env={"WRIT_URL": f"http://127.0.0.1:{port}", "WRIT_HOST_STATE": str(host_state())},
        stop_timeout_s=30.0,
    )


def host_state() -> Path:
    """Where the local agent keeps its key and its runs."""
    return state_folder() / "host"


def answers(url: str) -> Callable[[], bool]:
    """A check that a web address answers without a server error."""

    def is_answering() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bool(answer.status < 500)
        except urllib.error.HTTPError as error:
            return error.code < 500
        except OSError:
            return False

    return is_answering
