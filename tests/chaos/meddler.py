"""A meddler between hosts and the control plane: messages lost, doubled, late, replayed, altered and forged.

Hosts know its address alone. What it doubles, replays, alters or forges must never be taken a second time: it counts
what was, and anything but 0 is a violation.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from gpu_runtime.protocol import generate_key, sign_request
from tests.chaos.network import HUB
from tests.chaos.plant import FRONT_PORT, WEB_PORT

ODDS: Final = 0.06
OLD_KEPT: Final = 200
LATE_SECONDS: Final = 2.5
TIMEOUT_SECONDS: Final = 10.0
SIGNED: Final = ("Writ-Host", "Writ-Nonce", "Writ-Sequence", "Writ-Signature", "Content-Type")


@dataclass(frozen=True)
class Message:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Meddler:
    """Counts what it did (`done`) and which of its own inventions were taken (`taken`)."""

    seed: int
    is_meddling: bool = False
    done: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._choose = random.Random(self.seed)  # noqa: S311 - a schedule, no secret
        self._old: deque[Message] = deque(maxlen=OLD_KEPT)
        self._lock = threading.Lock()
        self._stranger = generate_key()

    def serve(self) -> None:
        """Listen in threads of this process."""
        server = ThreadingHTTPServer((HUB, FRONT_PORT), _handler(self))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def pass_on(self, message: Message) -> tuple[int, bytes] | None:
        """What the host is answered; None where its answer is lost."""
        act = "" if message.path.endswith("/enrol") else self._act()
        if act == "late":
            time.sleep(self._choose.uniform(0.2, LATE_SECONDS))
        if act == "altered":
            self._invent("altered", _altered(message))
            return None
        if act == "forged":
            self._invent("forged", self._forged(message))
        answer = forward(message)
        if answer[0] != http.client.OK or message.path.endswith("/enrol"):
            return answer  # not taken, so that a second copy may be; or taken once and answered alike ever after
        if act == "doubled":
            self._invent("doubled", message)
        if act == "replayed" and self._old:
            self._invent("replayed", self._choose.choice(list(self._old)))
        self._old.append(message)
        return None if act == "answer lost" else answer

    def _act(self) -> str:
        with self._lock:
            if not self.is_meddling or self._choose.random() > 6 * ODDS:
                return ""
            act = self._choose.choice(("late", "altered", "forged", "doubled", "replayed", "answer lost"))
            self.done[f"message {act}"] += 1
            return act

    def _invent(self, what: str, message: Message) -> None:
        try:
            status, _ = forward(message)
        except (OSError, http.client.HTTPException):
            return
        with self._lock:
            self.taken[what] += status == http.client.OK

    def _forged(self, message: Message) -> Message:
        """The same words under a stranger's key."""
        headers = sign_request(
            self._stranger,
            method="POST",
            path=message.path,
            host_id=message.headers.get("Writ-Host", ""),
            sequence=time.time_ns() + 10**18,
            body=message.body,
        )
        return Message(message.path, {**message.headers, **headers}, message.body)


def _altered(message: Message) -> Message:
    """The same signature over other words."""
    words: dict[str, Any] = json.loads(message.body)
    return Message(message.path, message.headers, json.dumps({**words, "altered": True}).encode())


def forward(message: Message) -> tuple[int, bytes]:
    """Send a request to the web process."""
    line = http.client.HTTPConnection(HUB, WEB_PORT, timeout=TIMEOUT_SECONDS)
    try:
        line.request("POST", message.path, message.body, message.headers)
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()


def _handler(meddler: Meddler) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept = {name: value for name, value in self.headers.items() if name.title() in _KEPT}
            try:
                answer = meddler.pass_on(Message(self.path, kept, body))
            except (OSError, http.client.HTTPException):
                answer = None
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer[0])
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer[1])))
            self.end_headers()
            self.wfile.write(answer[1])

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                return

        def log_message(self, *args: Any) -> None:
            return

    return Handler


_KEPT: Final = frozenset(name.title() for name in SIGNED)
