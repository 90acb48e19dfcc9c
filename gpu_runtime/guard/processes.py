"""Which processes live, and whose descendants they are, as /proc tells it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_DEAD_STATES = frozenset("ZXx")


@dataclass(frozen=True, slots=True)
class Process:
    """One process. `started` (clock ticks after boot) tells it from a later one with the same number."""

    pid: int
    parent: int
    state: str
    started: int

    @property
    def is_alive(self) -> bool:
        """Whether it can still run code; a zombie cannot."""
        return self.state not in _DEAD_STATES


def find_process(pid: int) -> Process | None:
    """The process with this number, or None where there is none.

    Source: proc(5), /proc/PID/stat; the command in parentheses may itself hold blanks and parentheses.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()
    return Process(pid, int(fields[1]), fields[0], int(fields[19]))


def all_processes() -> Iterator[Process]:
    """Every process that /proc shows."""
    for name in os.listdir("/proc"):
        if name.isdecimal() and (process := find_process(int(name))):
            yield process


def living_descendants(pid: int) -> list[int]:
    """Numbers of the living processes below `pid`, itself not counted."""
    children: dict[int, list[Process]] = {}
    for process in all_processes():
        children.setdefault(process.parent, []).append(process)
    found, queue = [], [pid]
    while queue:
        for child in children.get(queue.pop(), ()):
            queue.append(child.pid)
            if child.is_alive:
                found.append(child.pid)
    return found


def living_in_namespace(namespace: str) -> list[int]:
    """Numbers of the living processes whose PID namespace is `namespace`, such as "pid:[4026532101]"."""
    found = []
    for process in all_processes():
        try:
            inside = os.readlink(f"/proc/{process.pid}/ns/pid") == namespace
        except OSError:
            continue
        if inside and process.is_alive:
            found.append(process.pid)
    return found


def living_with_home(home: str) -> list[int]:
    """Numbers of the living processes whose environment was given this HOME.

    A process can hide from this by changing its environment: good for finding strays where neither a PID
    namespace nor a cgroup holds them, no proof of absence.
    """
    wanted = b"HOME=" + os.fsencode(home)
    found = []
    for process in all_processes():
        try:
            environment = Path(f"/proc/{process.pid}/environ").read_bytes()
        except OSError:
            continue
        if process.is_alive and wanted in environment.split(b"\0"):
            found.append(process.pid)
    return found
