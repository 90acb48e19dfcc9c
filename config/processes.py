"""The processes of a Writ on one machine, declared: what `manage.py up` and `manage.py demo` start and stop."""

import hashlib
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from config.embedded.state import state_folder
from config.embedded.urls import app_url, broker_url

READY_TIMEOUT_S = 120.0


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


@dataclass(frozen=True)
class LocalHost:
    """This machine as a GPU host.

    Attributes:
        name: what people call it.
        enrol_code: the one-time code; needed until it has enrolled.
        emulate: how many devices the CPU emulates; None for the real ones that the driver reports.
        chip: the chip model that emulated devices stand for.
        serials: their serial numbers, as the receipt has them.
    """

    name: str
    enrol_code: str = ""
    emulate: int | None = None
    chip: str = "H200 SXM"
    serials: tuple[str, ...] = ()


@dataclass(frozen=True)
class SignIn:
    """One person of the demo, with a password that is no secret."""

    email: str
    password: str
    who: str


@dataclass(frozen=True)
class DemoPeople:
    """What `config.demo.people.seed()` made sure of: who may sign in, and which hosts this machine plays."""

    sign_ins: tuple[SignIn, ...] = ()
    hosts: tuple[LocalHost, ...] = ()


def host_agent(port: int, host: LocalHost) -> Process:
    """The agent of this machine as a GPU host."""
    argv = [
        sys.executable, "-m", "gpu_runtime.agent", "--state-dir", str(host_state(host.name)), "--name", host.name,
        "--control-url", f"http://127.0.0.1:{port}", "--redis-url", broker_url(),
    ]  # fmt: skip
    for name in _HIDDEN_FROM_RUNNERS:
        argv += ["--hide", str(state_folder() / name)]
    if host.emulate is not None:
        argv += ["--emulate", str(host.emulate), "--chip", host.chip, "--serials", ",".join(host.serials)]
    if host.enrol_code and not is_enrolled(host.name):
        argv += ["--enrol-code", host.enrol_code]
    return Process(f"agent-{host.name}", tuple(argv), stop_timeout_s=30.0)


_HIDDEN_FROM_RUNNERS = ("secrets", "keys", "postgres", "documents", "log", "run")


def host_state(name: str) -> Path:
    """Where the local agent keeps its key and its runs: a folder for each database, since it enrols in one."""
    database = conninfo_to_dict(app_url())
    place = "\0".join(str(database.get(key, "")) for key in ("host", "port", "dbname"))
    return state_folder() / "hosts" / f"{name}-{hashlib.sha256(place.encode()).hexdigest()[:8]}"


def is_enrolled(name: str) -> bool:
    """Whether the local host of that name has enrolled in the present database."""
    return (host_state(name) / "private" / "identity.json").exists()


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
