"""Where Writ keeps its local state (`.writ/`), its generated secrets, and the folder of its unix sockets."""

import hashlib
import os
import secrets
import stat
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOCKET_PATH_LIMIT = 107  # bytes; Linux sockaddr_un holds 108 with the closing NUL
_LONGEST_SOCKET_NAME = ".s.PGSQL.5432.lock"


class SetupFault(Exception):
    """Something on this machine keeps Writ from starting; the message says what to do."""


def state_folder() -> Path:
    """The private folder of this checkout, `.writ/` or WRIT_STATE, made with mode 0700."""
    folder = Path(os.environ.get("WRIT_STATE") or ROOT / ".writ").absolute()
    return private_folder(folder)


def private_folder(folder: Path) -> Path:
    """Makes a folder that only its owner can enter.

    Raises:
        SetupFault: the folder cannot be made or written to, or belongs to somebody else.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if stat.S_IMODE(folder.stat().st_mode) & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise SetupFault(_unwritable(folder, error.strerror or str(error))) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SetupFault(_unwritable(folder, "Permission denied"))
    return folder


def _unwritable(folder: Path, reason: str) -> str:
    return (
        f"Cannot write to {folder} ({reason}). "
        "Give it to the present user (chown), or name another folder in WRIT_STATE."
    )


def secret(name: str) -> str:
    """A secret of this checkout, generated on first use into `.writ/secrets/NAME` (mode 0600)."""
    path = private_folder(state_folder() / "secrets") / name
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_secret(path)
    except OSError as error:
        raise SetupFault(f"Cannot write {path}: {error.strerror}.") from error
    value = secrets.token_urlsafe(36)
    with os.fdopen(descriptor, "w") as file:
        file.write(value)
    return value


def _read_secret(path: Path) -> str:
    for _attempt in range(1000):  # a second process may be between creating the file and filling it
        value = path.read_text().strip()
        if value:
            return value
        os.sched_yield()
    raise SetupFault(f"{path} is empty. Remove it and start again.")


def socket_folder() -> Path:
    """The 0700 folder for unix sockets: `.writ/run`, or one in the temporary folder where that path is too long.

    The choice is recorded in `.writ/socket-folder`, so that every process of this checkout finds the same one.
    """
    preferred = state_folder() / "run"
    if fits_socket_path(preferred):
        return private_folder(preferred)
    record = state_folder() / "socket-folder"
    if record.exists() and _is_ours(Path(record.read_text())):
        return Path(record.read_text())
    folder = Path(tempfile.mkdtemp(prefix="writ-" + _checkout_mark() + "-"))
    if not fits_socket_path(folder):
        raise SetupFault(f"The temporary folder {folder.parent} is too deep for unix sockets. Set TMPDIR=/tmp.")
    record.write_text(str(folder))
    return folder


def fits_socket_path(folder: Path) -> bool:
    """Whether the longest socket that we make in this folder stays within the kernel's limit of 107 bytes."""
    return len(os.fsencode(folder)) + 1 + len(_LONGEST_SOCKET_NAME) <= SOCKET_PATH_LIMIT


def _is_ours(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o077


def _checkout_mark() -> str:
    return hashlib.sha256(os.fsencode(state_folder())).hexdigest()[:8]
