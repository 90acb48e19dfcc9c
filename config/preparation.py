"""What has to be so before Writ serves: the port is free, the tables are there, static files are collected."""

import errno
import fcntl
import hashlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management import call_command

from config.embedded.state import ROOT, SetupFault, state_folder

LOWEST_FREE_MB = 200


def prepare(report: Callable[[str], None]) -> None:
    """Migrates as `writ_owner` and collects the static files, where that is needed."""
    _refuse_full_disk()
    migrate(report)
    collect_static(report)


def _refuse_full_disk() -> None:
    status = os.statvfs(state_folder())
    free_mb = status.f_bavail * status.f_frsize // 2**20
    if free_mb < LOWEST_FREE_MB:
        raise SetupFault(
            f"The disk that holds {state_folder()} has {free_mb} MB free, and Writ needs {LOWEST_FREE_MB} MB. "
            "Free some, or move the folder (WRIT_STATE)."
        )


def migrate(report: Callable[[str], None]) -> None:
    """Brings the tables up to date, in a process of its own that signs in as the owner."""
    report("bringing the database up to date")
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SetupFault(f"The database could not be migrated:\n{(done.stdout + done.stderr).strip()[-3000:]}")


def collect_static(report: Callable[[str], None]) -> None:
    """Collects, names by content and compresses the static files, where one has changed."""
    stamp = settings.STATIC_ROOT / ".stamp"
    mark = _static_mark()
    if stamp.exists() and stamp.read_text() == mark:
        return
    report("collecting the static files")
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(mark)


def _static_mark() -> str:
    mark = hashlib.sha256()
    for path in sorted((ROOT / "assets").rglob("*")):
        if path.is_file():
            found = path.stat()
            mark.update(f"{path.relative_to(ROOT)} {found.st_size} {found.st_mtime_ns}\n".encode())
    return mark.hexdigest()


def refuse_busy_port(port: int) -> None:
    """Stops before anything starts where the port is taken.

    Raises:
        SetupFault: naming the way out.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be opened ({error.strerror})"
            raise SetupFault(
                f"Port {port} {reason}. Choose another one (make up PORT={port + 1 if port < 65535 else 8000}), "
                f"or see who has it: ss -ltnp 'sport = :{port}'"
            ) from error


@contextmanager
def only_one_at_a_time(url: str) -> Iterator[None]:
    """Holds the right to run this checkout's Writ; a second one is told where the first answers.

    Raises:
        SetupFault: another process holds it.
    """
    path = state_folder() / "running.json"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise SetupFault(_already_running(path.read_text())) from error
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"url": url, "pid": os.getpid()}).encode(), 0)
        yield
    finally:
        os.ftruncate(descriptor, 0)
        os.close(descriptor)


def _already_running(record: str) -> str:
    try:
        found = json.loads(record)
    except ValueError:
        found = {}
    where = f"at {found['url']} (process {found['pid']})" if found else "in another process"
    return f"Writ runs already from this folder, {where}. Use that one, or stop it first (Ctrl-C in its terminal)."
