"""The messages between a host and the control plane: POST `/host/v1/<name>`, JSON in, JSON out.

Each name has its request and its answer. Times are ISO 8601 in UTC and only recorded; durations are
milliseconds. `parse` reads a message strictly, `as_json` writes it.
"""

from dataclasses import dataclass
from typing import Any, Literal

from gpu_runtime.protocol.parsing import MessageMalformed
from gpu_runtime.protocol.warrant import NONCE, Envelope

PREFIX = "/host/v1/"
MAX_BODY_BYTES = 4 << 20

Outcome = Literal["succeeded", "failed", "drained", "killed", "expired", "refused"]
Answer = Literal["run", "drain", "stop"]
Backend = Literal["nvml", "cpu-emulated"]


def _require_nonce(nonce: str) -> None:
    if not NONCE.fullmatch(nonce):
        raise MessageMalformed("nonce: expected 32 hexadecimal digits")


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """One accelerator as the host's driver, or its emulation, tells it. `health` is "ok" or what is wrong."""

    uuid: str
    serial: str
    index: int
    chip_model: str
    memory_bytes: int
    backend: Backend
    driver: str
    health: str
    foreign_pids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class EnrolRequest:
    """A new host presents its one-time code and its public key."""

    code: str
    name: str
    public_key: str
    agent_version: str
    isolation: str
    devices: tuple[DeviceReport, ...]


@dataclass(frozen=True, slots=True)
class WarrantKey:
    """A public warrant key that the host pins; `public_key` is base64 of 32 bytes."""

    key_id: str
    public_key: str


@dataclass(frozen=True, slots=True)
class EnrolAnswer:
    """Who the host is from now on, whose warrants it obeys, and the times it keeps.

    `bell_url` is where it listens for its bell, under a name and password of its own; empty where it is told otherwise.
    """

    host_id: str
    site: str
    queue: str
    warrant_keys: tuple[WarrantKey, ...]
    renew_interval_ms: int
    ttl_ms: int
    grace_ms: int
    margin_ms: int
    bell_url: str = ""


@dataclass(frozen=True, slots=True)
class AttemptReport:
    """One attempt on the host: its guard's state, and how many of its processes live."""

    attempt_id: str
    fencing_token: int
    state: str
    processes: int


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """The host's devices and attempts as they are now; `boot_id` changes when the host restarts.

    `checkpoint_store` names the folder of its checkpoints; hosts that share the folder send the same name.
    `address` is where other hosts reach it, for the processes of a gang; its name where it is empty.
    """

    boot_id: str
    isolation: str
    devices: tuple[DeviceReport, ...]
    attempts: tuple[AttemptReport, ...]
    checkpoint_store: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class ReportAnswer:
    """The control plane's clock, for the record."""

    server_time: str


@dataclass(frozen=True, slots=True)
class PollRequest:
    """The host asks which bells it may have missed."""


@dataclass(frozen=True, slots=True)
class PollAnswer:
    """Attempts placed on this host and not claimed yet."""

    bells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """A guard of this host claims an attempt, with its nonce."""

    attempt_id: str
    nonce: str

    def __post_init__(self) -> None:
        _require_nonce(self.nonce)


@dataclass(frozen=True, slots=True)
class Resume:
    """The whole checkpoint from which an attempt goes on."""

    step: int
    name: str
    manifest_sha256: str


@dataclass(frozen=True, slots=True)
class AttemptPlace:
    """Where in its job and gang an attempt stands. `start` is false until all hosts of the gang claimed."""

    attempt_id: str
    job_ref: str
    number: int
    fencing_token: int
    rank: int
    world_size: int
    rendezvous: str | None
    resume: Resume | None
    checkpoint_name: str
    start: bool


@dataclass(frozen=True, slots=True)
class ClaimAnswer:
    """The warrant, the spec it names by digest, and the attempt's place."""

    warrant: Envelope
    spec: dict[str, Any]
    attempt: AttemptPlace


@dataclass(frozen=True, slots=True)
class RenewItem:
    """One attempt that asks to go on, with its guard's fresh nonce."""

    attempt_id: str
    fencing_token: int
    nonce: str
    processes: int

    def __post_init__(self) -> None:
        _require_nonce(self.nonce)


@dataclass(frozen=True, slots=True)
class RenewRequest:
    """All attempts of a host in one request."""

    attempts: tuple[RenewItem, ...]


@dataclass(frozen=True, slots=True)
class RenewVerdict:
    """Run on under a fresh warrant, drain under a final one, or stop, which needs none."""

    attempt_id: str
    answer: Answer
    start: bool
    warrant: Envelope | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class RenewAnswer:
    """One verdict for each attempt that asked."""

    answers: tuple[RenewVerdict, ...]


@dataclass(frozen=True, slots=True)
class LogText:
    """A piece of the attempt's log, from `offset` bytes on."""

    offset: int
    text: str


@dataclass(frozen=True, slots=True)
class MetricsRequest:
    """Metrics lines of the trainer, and the log's next piece. Both may come twice; `step` and `offset` tell."""

    attempt_id: str
    fencing_token: int
    metrics: tuple[dict[str, Any], ...]
    log: LogText


@dataclass(frozen=True, slots=True)
class CheckpointRequest:
    """A whole checkpoint was written on the host."""

    attempt_id: str
    fencing_token: int
    step: int
    name: str
    manifest_sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class EndRequest:
    """An attempt is over and none of its processes is left.

    `signal_to_gone_ms` is measured on the host's monotonic clock from the first signal to the last process;
    it is None where no signal was needed. The two times are wall-clock, recorded only.
    """

    attempt_id: str
    fencing_token: int
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


@dataclass(frozen=True, slots=True)
class Accepted:
    """The empty answer."""


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """A refusal: a stable code and a sentence."""

    code: str
    message: str
