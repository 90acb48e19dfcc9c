"""Makes sure that PostgreSQL and Redis answer: embedded ones are started and shared, outside ones are checked."""

import atexit
import fcntl
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from config.embedded import external, roles, urls
from config.embedded.servers import log_file
from config.embedded.state import ROOT, SetupFault, private_folder, socket_folder, state_folder

ANSWER_TIMEOUT_S = 150.0
END_TIMEOUT_S = 5.0
_held: list[socket.socket] = []


def ensure() -> None:
    """Returns when both services answer and both database roles exist; holds the embedded ones until this process ends.

    Raises:
        SetupFault: with one message that says what is wrong and what to do.
    """
    if _held:
        return
    if not urls.is_database_embedded():
        external.check_database()
    if not urls.is_redis_embedded():
        external.check_redis()
    needed = [
        name
        for name, is_ours in (("postgres", urls.is_database_embedded()), ("valkey", urls.is_redis_embedded()))
        if is_ours
    ]
    if needed:
        with _progress("starting " + " and ".join(needed)):
            _held.append(_connect(needed))
        atexit.register(release)
    if urls.is_database_embedded():
        roles.provision_embedded()


def release() -> None:
    """Lets go of the embedded services; waits for their end where this process was the last to need them."""
    while _held:
        with _held.pop() as connection:
            try:
                connection.sendall(b"bye\n")
                if connection.recv(16):
                    _wait_for_end_of(connection)
            except OSError:
                return  # the keeper is gone already


def _wait_for_end_of(connection: socket.socket) -> None:
    """Waits until the keeper, which has stopped its servers, is gone itself."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    keeper, _user, _group = struct.unpack("3i", credentials)
    watched = os.pidfd_open(keeper)
    try:
        select.select([watched], [], [], END_TIMEOUT_S)
    finally:
        os.close(watched)


def _connect(needed: list[str]) -> socket.socket:
    deadline = time.monotonic() + ANSWER_TIMEOUT_S
    while time.monotonic() < deadline:
        connection = _try_to_connect() or _start_keeper_and_connect()
        answer = _ask(connection, needed) if connection else ""
        if connection and answer == "ok":
            return connection
        if connection:
            connection.close()
        if answer.startswith("fault "):
            raise SetupFault(answer.removeprefix("fault "))
        time.sleep(0.05)  # the keeper was just leaving: ask the next one
    raise SetupFault(f"The embedded services did not answer in {ANSWER_TIMEOUT_S:.0f} s. See {state_folder() / 'log'}.")


def _try_to_connect() -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(ANSWER_TIMEOUT_S)
    try:
        connection.connect(str(socket_folder() / "keeper.sock"))
    except OSError:
        connection.close()
        return None
    return connection


def _start_keeper_and_connect() -> socket.socket | None:
    """Starts the keeper, unless another process did while we waited for the right to."""
    with _locked("start.lock"):
        connection = _try_to_connect()
        if connection:
            return connection
        _start_keeper()
        return _try_to_connect()


def _start_keeper() -> None:
    with log_file("keeper") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "config.embedded.keeper"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    said = keeper.stdout
    if said is None or said.readline().strip() != b"ready":
        log_path = state_folder() / "log" / "keeper.log"
        raise SetupFault(f"The keeper of the embedded services did not start. See {log_path}.")
    said.close()
    threading.Thread(target=keeper.wait, daemon=True, name="reaps the keeper").start()


def _ask(connection: socket.socket, needed: list[str]) -> str:
    answer = b""
    try:
        connection.sendall(" ".join(needed).encode() + b"\n")
        while not answer.endswith(b"\0"):
            piece = connection.recv(65536)
            if not piece:
                return ""
            answer += piece
    except OSError:
        return ""
    return answer.rstrip(b"\0").decode()


@contextmanager
def _locked(name: str) -> Iterator[None]:
    descriptor = os.open(private_folder(socket_folder()) / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _progress(what: str) -> Iterator[None]:
    """Says what takes so long, from the second second on."""
    done = threading.Event()
    started = time.monotonic()

    def tell() -> None:
        while not done.wait(2.0):
            print(f"writ: {what} … {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
