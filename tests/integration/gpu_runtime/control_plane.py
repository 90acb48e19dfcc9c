"""A small control plane for tests: real HTTP, real signatures, and knobs to misbehave with."""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

from nacl.signing import VerifyKey

from gpu_runtime.protocol import (
    Envelope,
    MessageMalformed,
    RequestRefused,
    WarrantDocument,
    as_json,
    generate_key,
    key_id_of,
    parse_json,
    parse_public_key,
    public_key_text,
    sign_warrant,
    spec_digest,
    verify_request,
)
from gpu_runtime.protocol.messages import (
    PREFIX,
    AttemptPlace,
    CheckpointRequest,
    ClaimAnswer,
    ClaimRequest,
    EndRequest,
    EnrolAnswer,
    EnrolRequest,
    MetricsRequest,
    PollAnswer,
    PollRequest,
    RenewAnswer,
    RenewRequest,
    RenewVerdict,
    ReportAnswer,
    ReportRequest,
    Resume,
    WarrantKey,
)

CODE = "one-time-code"
REQUESTS = {
    "enrol": EnrolRequest,
    "report": ReportRequest,
    "poll": PollRequest,
    "claim": ClaimRequest,
    "renew": RenewRequest,
    "metrics": MetricsRequest,
    "checkpoint": CheckpointRequest,
    "end": EndRequest,
}


class Conflict(Exception):
    """409."""


@dataclass
class Placed:
    """One attempt that waits, or runs, on the test's host."""

    attempt_id: str
    spec: dict[str, Any]
    device_uuids: tuple[str, ...]
    fencing_token: int = 7
    start: bool = True
    answer: str = "run"
    window_ms: int = 1000
    resume: Resume | None = None
    nonce: str | None = None
    claimed: ClaimAnswer | None = None
    end: EndRequest | None = None
    loss: list[dict[str, Any]] = field(default_factory=list)
    checkpoints: list[CheckpointRequest] = field(default_factory=list)
    log: str = ""


class SmallControlPlane:
    """Knows one host. Everything that it hears is kept in `heard`; `changed` wakes who waits for it."""

    def __init__(self, ttl_ms: int = 1500, grace_ms: int = 500, renew_interval_ms: int = 200) -> None:
        self.ttl_ms, self.grace_ms, self.renew_interval_ms = ttl_ms, grace_ms, renew_interval_ms
        self.warrant_key = generate_key()
        self.key_id = key_id_of(self.warrant_key.verify_key)
        self.host_id = str(uuid4())
        self.host_key: VerifyKey | None = None
        self.last_sequence = 0
        self.devices: tuple[str, ...] = ()
        self.placed: dict[str, Placed] = {}
        self.heard: dict[str, list[Any]] = defaultdict(list)
        self.refused: list[str] = []
        self.silent_for: set[str] = set()
        self.deaf_after: set[str] = set()
        self.tamper: Callable[[str, dict[str, Any]], dict[str, Any]] = lambda name, answer: answer
        self.changed = threading.Condition()
        self.server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        assert self.server is not None
        return f"http://127.0.0.1:{self.server.server_port}"

    def place(self, **fields: Any) -> Placed:
        """Place an attempt on the host."""
        with self.changed:
            self.changed.wait_for(lambda: self.devices, timeout=20)
            placed = Placed(str(uuid4()), fields.pop("spec", {"steps": 3}), self.devices[:1], **fields)
            self.placed[placed.attempt_id] = placed
        return placed

    def wait_for(self, condition: Callable[[], Any], seconds: float = 20.0) -> Any:
        """Wait until something that was heard makes the condition true."""
        with self.changed:
            assert self.changed.wait_for(condition, timeout=seconds), "the control plane waited in vain"
            return condition()

    def warrant(self, placed: Placed, own_nonce: str, kind: str = "run", **changes: Any) -> Envelope:
        """A warrant as the real one signs it, with any field changed."""
        fields: dict[str, Any] = {
            "kind": kind,
            "key_id": self.key_id,
            "attempt_id": placed.attempt_id,
            "fencing_token": placed.fencing_token,
            "spec_sha256": spec_digest(placed.spec),
            "host_id": self.host_id,
            "device_uuids": tuple(sorted(placed.device_uuids)),
            "rests_on": (),
            "ttl_ms": self.ttl_ms,
            "window_ms": placed.window_ms if kind == "drain" else None,
            "nonce": own_nonce,
            "issued_at": "2026-01-01T00:00:00+00:00",
        }
        return sign_warrant(WarrantDocument(**{**fields, **changes}), self.warrant_key)

    def place_of(self, placed: Placed) -> AttemptPlace:
        """The attempt's place, alone in its gang."""
        return AttemptPlace(
            attempt_id=placed.attempt_id,
            job_ref="JOB-2026-00001",
            number=1,
            fencing_token=placed.fencing_token,
            rank=0,
            world_size=1,
            rendezvous=None,
            resume=placed.resume,
            checkpoint_name="JOB-2026-00001",
            start=placed.start,
        )

    def handle(self, name: str, headers: Any, path: str, body: bytes) -> Any:
        """Check a request as the real one does, keep it, and answer it."""
        message = parse_json(REQUESTS[name], body)
        key = parse_public_key(message.public_key) if name == "enrol" else self.host_key
        assert key is not None
        signed = verify_request(
            method="POST", path=path, headers=headers, body=body, public_key=key, last_sequence=self.last_sequence
        )
        self.last_sequence = signed.sequence
        answer = getattr(self, f"on_{name}")(message)
        self.heard[name].append(message)
        return answer

    def on_enrol(self, message: EnrolRequest) -> EnrolAnswer:
        if message.code != CODE:
            raise Conflict("code")
        self.host_key = parse_public_key(message.public_key)
        self.devices = tuple(device.uuid for device in message.devices)
        keys = (WarrantKey(self.key_id, public_key_text(self.warrant_key.verify_key)),)
        times = (self.renew_interval_ms, self.ttl_ms, self.grace_ms, 500)
        return EnrolAnswer(self.host_id, "site", f"gpu.{self.host_id}", keys, *times)

    def on_report(self, message: ReportRequest) -> ReportAnswer:
        return ReportAnswer("2026-01-01T00:00:00+00:00")

    def on_poll(self, message: PollRequest) -> PollAnswer:
        return PollAnswer(tuple(each.attempt_id for each in self.placed.values() if each.nonce is None))

    def on_claim(self, message: ClaimRequest) -> ClaimAnswer:
        placed = self.placed.get(message.attempt_id)
        if placed is None or placed.nonce not in (None, message.nonce):
            raise Conflict("claimed_elsewhere")
        if placed.claimed is None:
            placed.nonce = message.nonce
            placed.claimed = ClaimAnswer(self.warrant(placed, message.nonce), placed.spec, self.place_of(placed))
        return placed.claimed

    def on_renew(self, message: RenewRequest) -> RenewAnswer:
        return RenewAnswer(tuple(self.verdict(item) for item in message.attempts))

    def verdict(self, item: Any) -> RenewVerdict:
        placed = self.placed[item.attempt_id]
        warrant = None if placed.answer == "stop" else self.warrant(placed, item.nonce, placed.answer)
        return RenewVerdict(item.attempt_id, placed.answer, placed.start, warrant, f"test says {placed.answer}")

    def on_metrics(self, message: MetricsRequest) -> object:
        placed = self.placed[message.attempt_id]
        placed.loss.extend(message.metrics)
        placed.log = placed.log[: message.log.offset] + message.log.text
        return {}

    def on_checkpoint(self, message: CheckpointRequest) -> object:
        self.placed[message.attempt_id].checkpoints.append(message)
        return {}

    def on_end(self, message: EndRequest) -> object:
        placed = self.placed[message.attempt_id]
        if message.fencing_token != placed.fencing_token:
            raise Conflict("stale_token")
        placed.end = placed.end or message
        return {}


def _handler(plane: SmallControlPlane) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            name = self.path.removeprefix(PREFIX)
            with plane.changed:
                if name in plane.silent_for:
                    self.close_connection = True
                    return
                status, answer = self.answer(name, body)
                plane.changed.notify_all()
                if name in plane.deaf_after:
                    self.close_connection = True
                    return
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def answer(self, name: str, body: bytes) -> tuple[int, Any]:
            try:
                answer = plane.handle(name, self.headers, self.path, body)
                return 200, plane.tamper(name, answer if isinstance(answer, dict) else as_json(answer))
            except Conflict as conflict:
                plane.refused.append(f"{name}: {conflict}")
                return 409, {"code": str(conflict), "message": "refused"}
            except MessageMalformed as malformed:
                plane.refused.append(f"{name}: {malformed.code}")
                return 422, {"code": malformed.code, "message": str(malformed)}
            except RequestRefused as refused:
                plane.refused.append(f"{name}: {refused.code}")
                return 401, {"code": refused.code, "message": refused.message}

        def handle(self) -> None:
            with suppress(ConnectionResetError):  # an agent that is killed hangs up like this
                super().handle()

        def log_message(self, *args: Any) -> None:
            return

    return Handler


@contextmanager
def small_control_plane(**times: int) -> Iterator[SmallControlPlane]:
    """A control plane that listens on a free port of the loopback."""
    plane = SmallControlPlane(**times)
    plane.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(plane))
    plane.server.daemon_threads = True
    thread = threading.Thread(target=plane.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield plane
    finally:
        plane.server.shutdown()
        plane.server.server_close()
        thread.join()
