"""What a host remembers: its key, who it is, the last sequence it signed, and the folders of its attempts."""

import fcntl
import logging
import os
import subprocess
import time
import uuid
from pathlib import Path

from nacl.signing import SigningKey

from gpu_runtime.guard.order import read_paper, write_paper
from gpu_runtime.protocol import load_or_create_key
from gpu_runtime.protocol.messages import EnrolAnswer

STORE_NAME = ".store"
MAX_STORE_NAME = 64
TRAVERSABLE = 0o711
PRIVATE = 0o700
GONE = ".gone-"
REMOVE = ("rm", "-rf", "--one-file-system", "--")

log = logging.getLogger("writ.agent")


class StateInUse(Exception):
    """Another agent holds this state folder."""


class HostState:
    """One state folder, held by one agent at a time.

    `private/` (0700) is hidden from runners. `runs/` and `checkpoints/` hold what belongs to runners' users,
    who may pass through, and list nothing.
    """

    def __init__(self, root: Path) -> None:
        """Open the folder, and make it the first time.

        Raises:
            StateInUse: if another agent has it.
            OSError: if it cannot be made or written.
            KeyUnusable: if the host's key file is damaged or open to others.
        """
        self.root = root.absolute()
        self.private = self.root / "private"
        self.attempts = self.private / "attempts"
        self.runs = self.root / "runs"
        self.checkpoints = self.root / "checkpoints"
        self._make_folders()
        self._lock = self._hold()
        self._remover: subprocess.Popen[bytes] | None = None
        self._removed = self.root
        self._cannot_go: set[Path] = set()
        self.key: SigningKey = load_or_create_key(self.private / "host.key")
        self._sequence_file = os.open(self.private / "sequence", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._sequence = int(os.pread(self._sequence_file, 32, 0) or b"0")

    def _make_folders(self) -> None:
        self.root.mkdir(mode=TRAVERSABLE, parents=True, exist_ok=True)
        for path, mode in (
            (self.private, PRIVATE),
            (self.attempts, PRIVATE),
            (self.runs, TRAVERSABLE),
            (self.checkpoints, TRAVERSABLE),
        ):
            path.mkdir(mode=mode, exist_ok=True)
            path.chmod(mode)

    def _hold(self) -> int:
        lock = os.open(self.private / "agent.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise StateInUse(f"another agent holds {self.root}; stop it, or choose another --state-dir") from error
        return lock

    @property
    def identity(self) -> EnrolAnswer | None:
        """What enrolment settled; None for a host that has not enrolled."""
        return read_paper(EnrolAnswer, self.private / "identity.json")

    def remember_identity(self, answer: EnrolAnswer) -> None:
        """Keep what enrolment settled: the host's id, and the warrant keys that it obeys from now on."""
        write_paper(self.private / "identity.json", answer)

    def next_sequence(self) -> int:
        """A number above every one that this host signed before, also if its clock went back."""
        self._sequence = max(time.time_ns(), self._sequence + 1)
        os.pwrite(self._sequence_file, b"%020d" % self._sequence, 0)
        return self._sequence

    def checkpoint_store(self) -> str:
        """The name of the folder that checkpoints lie in, kept in the folder itself: hosts that share it share it."""
        path = self.checkpoints / STORE_NAME
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            return path.read_text(encoding="ascii").strip()[:MAX_STORE_NAME]
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            name = uuid.uuid4().hex
            file.write(name)
        return name

    def attempt_folders(self) -> list[Path]:
        """The guards' folders that are here, of this agent or of one before it."""
        found = (path for path in self.attempts.iterdir() if not path.name.startswith(GONE))
        return sorted(path for path in found if path.is_dir())

    def forget_attempt(self, attempt_id: str) -> None:
        """Set an attempt's folders aside once its end has been taken, for `clear_gone`; checkpoints stay.

        Raises:
            OSError: if the guard's own folder cannot be set aside.
        """
        aside = f"{GONE}{attempt_id}-{time.time_ns()}"
        try:
            os.rename(self.runs / attempt_id, self.runs / aside)
        except FileNotFoundError:
            pass  # a guard that started no runner makes no folder for one
        except OSError as error:
            log.error("the folder of attempt %s's runner stays where it is: %s", attempt_id, error)
        os.rename(self.attempts / attempt_id, self.attempts / aside)

    def clear_gone(self) -> None:
        """Remove one folder that was set aside, in a process of its own: a runner may leave any number of levels
        and files, and neither may hold up renewals. One that cannot be removed stays until the agent starts anew.
        """
        if self._remover is not None:
            if self._remover.poll() is None:
                return
            if self._remover.returncode:
                self._cannot_go.add(self._removed)
                log.error("%s could not be removed and is kept; standard error says why", self._removed)
            self._remover = None
        waiting = (path for folder in (self.runs, self.attempts) for path in folder.glob(f"{GONE}*"))
        path = next((path for path in waiting if path not in self._cannot_go), None)
        if path is None:
            return
        self._removed = path
        self._remover = subprocess.Popen([*REMOVE, str(path)], stdin=subprocess.DEVNULL, start_new_session=True)
