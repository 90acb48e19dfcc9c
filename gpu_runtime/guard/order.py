"""What the agent writes down for a guard before it starts it, and where the guard keeps its own papers.

Two folders an attempt. The guard's own (order, marker, log, end, socket) lies under the host's private
folder, which the runner cannot see. The runner's (attempt, metrics, receipt) belongs to the runner's user.
"""

import json
import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from gpu_runtime.guard.lease import Terms
from gpu_runtime.protocol import as_json, parse, parse_public_key
from gpu_runtime.protocol.messages import Backend, Outcome, WarrantKey
from gpu_runtime.protocol.parsing import decode_json

ORDER, MARKER, CLAIM, END, SOCKET = "order.json", "started.json", "claim.json", "end.json", "guard.sock"
ATTEMPT, METRICS, RECEIPT = "attempt.json", "metrics.jsonl", "receipt.json"
MAX_RECEIPT_BYTES = 1 << 20
MAX_DEPTH = 32

Paper = TypeVar("Paper")


@dataclass(frozen=True, slots=True)
class HostDevice:
    """One device of this host, as far as a guard must know it."""

    uuid: str
    chip_model: str
    backend: Backend


@dataclass(frozen=True, slots=True)
class Order:
    """A guard's instructions. Paths are absolute."""

    attempt_id: str
    host_id: str
    devices: tuple[HostDevice, ...]
    warrant_keys: tuple[WarrantKey, ...]
    ttl_ms: int
    grace_ms: int
    run_folder: str
    checkpoint_root: str
    hidden_folders: tuple[str, ...]

    def found(self, indices: str | None) -> "Order":
        """The order with those of its devices that Slurm let this job have; all of them where it says nothing.

        A warrant that names another device is then refused, and the job ends; the node is not touched.
        """
        if not indices:
            return self
        spans = [part.partition("-") for part in indices.split(",")]
        taken = {index for first, _, last in spans for index in range(int(first), int(last or first) + 1)}
        return replace(self, devices=tuple(each for index, each in enumerate(self.devices) if index in taken))

    def terms(self) -> Terms:
        """What the lease must know of it."""
        return Terms(
            host_id=self.host_id,
            attempt_id=self.attempt_id,
            device_uuids=frozenset(device.uuid for device in self.devices),
            pinned_keys={key.key_id: parse_public_key(key.public_key) for key in self.warrant_keys},
            ttl_ms=self.ttl_ms,
            grace_ms=self.grace_ms,
        )


@dataclass(frozen=True, slots=True)
class Marker:
    """Written once, before the runner starts: it says who holds the runner, so that others can find it."""

    guard_pid: int
    cradle_pid: int
    cradle_started: int
    boot_id: str
    isolation: str
    cgroup: str | None
    run_folder: str


@dataclass(frozen=True, slots=True)
class End:
    """What a guard leaves behind: how the attempt ended, and that nothing of it lives."""

    outcome: Outcome
    exit_code: int | None
    signal: int | None
    message: str
    log_tail: str
    receipt: dict[str, Any] | None
    signalled_at: str | None
    last_process_gone_at: str | None
    signal_to_gone_ms: int | None
    devices_clear: bool


def write_paper(path: Path, paper: object) -> None:
    """Write a dataclass as JSON, whole or not at all, readable by its owner alone."""
    write_json(path, as_json(paper))


def write_json(path: Path, value: object, *, mode: int = 0o600, durable: bool = True) -> None:
    """Write JSON whole or not at all, so that a crash leaves the old file or the new one.

    Args:
        durable: whether it has to outlive a loss of power too.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(json.dumps(value).encode())
        file.flush()
        if durable:
            os.fsync(file.fileno())
    os.replace(draft, path)


def read_paper(cls: type[Paper], path: Path) -> Paper | None:
    """Read a dataclass back, strictly; None where there is no file."""
    try:
        return parse(cls, decode_json(path.read_bytes()))
    except FileNotFoundError:
        return None


def is_storable(value: object, depth: int = MAX_DEPTH) -> bool:
    """Whether a JSON value that the runner wrote can be kept: no NUL, no lone surrogate, at most 32 levels."""
    if isinstance(value, str):
        return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return depth > 0 and all(is_storable(each, depth - 1) for pair in value.items() for each in pair)
    if isinstance(value, list):
        return depth > 0 and all(is_storable(each, depth - 1) for each in value)
    return True


def read_untrusted(path: Path, *, offset: int = 0, limit: int) -> bytes:
    """Read up to `limit` bytes of a file that the runner wrote; nothing where it is no plain file.

    The runner may put a link, a pipe or a device in its place: none is followed, opened for long, or read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            return b""
        return os.pread(descriptor, limit, offset)
    finally:
        os.close(descriptor)
