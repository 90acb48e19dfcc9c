"""The agent's lines to its guards. A guard that is stopped must not hold up the others' renewals."""

import json
import select
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gpu_runtime.guard.clock import boot_id
from gpu_runtime.guard.desk import connect_to_desk
from gpu_runtime.guard.isolation import Containment, kill_cgroup, living_in_cgroup, send
from gpu_runtime.guard.order import MARKER, Marker, read_paper
from gpu_runtime.guard.processes import find_process, living_descendants, living_with_home
from gpu_runtime.protocol import MessageMalformed, decode_json

PATIENCE_SECONDS = 0.5


class GuardLine:
    """One line to one guard: a question, its answer, one at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._line: socket.socket | None = None
        self._heard = b""

    def fileno(self) -> int:
        """The descriptor to wait on between questions: it becomes readable when the guard has ended."""
        return self._line.fileno() if self._line else -1

    @property
    def is_open(self) -> bool:
        """Whether the line stands, as far as we know."""
        return self._line is not None

    def open(self) -> bool:
        """Take up the line, unless it stands.

        Returns:
            False where no guard listens any more; True also for one that is stopped and lets us wait.
        """
        if self._line is not None:
            return True
        try:
            self._line = connect_to_desk(self.folder)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._line.settimeout(PATIENCE_SECONDS)
        self._heard = b""
        return True

    def put(self, question: Mapping[str, Any]) -> bool:
        """Ask; False where it cannot be asked now."""
        if self._line is None:
            return False
        try:
            self._line.sendall(json.dumps(question).encode() + b"\n")
        except OSError:
            self.close()
            return False
        return True

    def hear(self) -> dict[str, Any] | None:
        """The answer, if all of it has come. A line that has ended, or speaks nonsense, is closed."""
        if self._line is None:
            return None
        try:
            data = self._line.recv(1 << 16)
        except OSError:
            data = b""
        self._heard += data
        if not data:
            self.close()
            return None
        line, end, self._heard = self._heard.partition(b"\n")
        if not end:
            self._heard = line
            return None
        try:
            answer = decode_json(line)
        except MessageMalformed:
            answer = None
        if not isinstance(answer, dict):
            self.close()
            return None
        return answer

    def close(self) -> None:
        """Let go of the line; a late answer on it is never taken for another."""
        if self._line is not None:
            self._line.close()
            self._line = None


def ask_guards(
    questions: Mapping[GuardLine, Mapping[str, Any]], seconds: float = PATIENCE_SECONDS
) -> dict[GuardLine, dict[str, Any]]:
    """Ask many guards at once and wait for all of them together, never longer than `seconds`.

    Returns:
        The answers that came. A line without one is closed, to be taken up again later.
    """
    waiting = {line for line, question in questions.items() if line.open() and line.put(question)}
    answers: dict[GuardLine, dict[str, Any]] = {}
    until = time.monotonic() + seconds
    while waiting and (left := until - time.monotonic()) > 0:
        for line in select.select(list(waiting), [], [], left)[0]:
            answer = line.hear()
            if answer is not None:
                answers[line] = answer
            if answer is not None or not line.is_open:
                waiting.discard(line)
    for line in waiting:
        line.close()
    return answers


def living_of(folder: Path) -> list[int]:
    """Living processes of an attempt, seen from outside: the cradle, what is below it, and known strays."""
    marker = read_paper(Marker, folder / MARKER)
    if marker is None or marker.boot_id != boot_id():
        return []
    found: set[int] = set()
    cradle = find_process(marker.cradle_pid)
    if cradle and cradle.is_alive and cradle.started == marker.cradle_started:
        found.update((cradle.pid, *living_descendants(cradle.pid)))
    if marker.cgroup:
        found.update(living_in_cgroup(Path(marker.cgroup)))
    if marker.isolation.endswith(Containment.SWEEP):
        found.update(living_with_home(marker.run_folder))
    return sorted(found)


def kill_leftovers(folder: Path) -> list[int]:
    """Kill what a dead guard may have left. Call again until nothing is left.

    Returns:
        The processes that were there.
    """
    found = living_of(folder)
    marker = read_paper(Marker, folder / MARKER)
    if marker and marker.cgroup and Path(marker.cgroup).exists():
        kill_cgroup(Path(marker.cgroup))
        if not found:
            Path(marker.cgroup).rmdir()
    for pid in found:
        send(pid, 9)
    return found
