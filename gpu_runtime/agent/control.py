"""The agent's way to the control plane: one signed request at a time, and never a long wait."""

import http.client
import json
import ssl
from typing import TypeVar
from urllib.parse import urlsplit

from gpu_runtime.agent.state import HostState
from gpu_runtime.protocol import MessageMalformed, as_json, parse, sign_request
from gpu_runtime.protocol.messages import MAX_BODY_BYTES, PREFIX
from gpu_runtime.protocol.parsing import decode_json

TIMEOUT_SECONDS = 4.0

Answer = TypeVar("Answer")


class Unreachable(Exception):
    """No answer that could be understood. Nothing is known of what the control plane did."""


class Denied(Exception):
    """The control plane refused a request: `status` 4xx, a stable `code`, a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message} (HTTP {status})")
        self.status, self.code = status, code


class ControlPlane:
    """Signs and sends. `host_id` is empty until the host has enrolled."""

    def __init__(self, url: str, state: HostState, host_id: str) -> None:
        """Prepare; nothing is sent yet.

        Raises:
            ValueError: if the address is not http:// or https://, with a host.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no address of a control plane; it begins with http:// or https://")
        self._scheme, self._host, self._port = parts.scheme, parts.hostname, parts.port
        self._prefix = parts.path.rstrip("/")
        self._state, self.host_id = state, host_id
        self._connection: http.client.HTTPConnection | None = None

    def call(self, name: str, request: object, answer: type[Answer]) -> Answer:
        """Send one message and read its answer strictly.

        Raises:
            Denied: if the control plane refuses it.
            Unreachable: if no such answer comes within 4 s.
        """
        status, body = self._exchange(name, json.dumps(as_json(request)).encode())
        try:
            decoded = decode_json(body)
            if status != http.HTTPStatus.OK:
                raise _denial(status, decoded)
            return parse(answer, decoded)
        except MessageMalformed as error:
            raise Unreachable(f"{name}: HTTP {status}, not the answer of a control plane: {error}") from error

    def tell(self, name: str, request: object) -> None:
        """Send one message whose answer says nothing but that it was taken.

        Raises:
            Denied: if the control plane refuses it.
            Unreachable: if no answer comes within 4 s.
        """
        status, body = self._exchange(name, json.dumps(as_json(request)).encode())
        if status != http.HTTPStatus.OK:
            try:
                raise _denial(status, decode_json(body))
            except MessageMalformed as error:
                raise Unreachable(f"{name}: HTTP {status}: {error}") from error

    def _exchange(self, name: str, body: bytes) -> tuple[int, bytes]:
        """Send once; over a kept connection that has meanwhile been closed, once more over a fresh one."""
        kept = self._connection is not None
        try:
            return self._send(name, body)
        except (OSError, http.client.HTTPException) as error:
            self._hang_up()
            if not (kept and isinstance(error, http.client.RemoteDisconnected | ConnectionError)):
                raise Unreachable(f"{name}: {error or type(error).__name__}") from error
        try:
            return self._send(name, body)
        except (OSError, http.client.HTTPException) as error:
            self._hang_up()
            raise Unreachable(f"{name}: {error or type(error).__name__}") from error

    def _send(self, name: str, body: bytes) -> tuple[int, bytes]:
        path = f"{self._prefix}{PREFIX}{name}"
        headers = sign_request(
            self._state.key,
            method="POST",
            path=path,
            host_id=self.host_id,
            sequence=self._state.next_sequence(),
            body=body,
        )
        if self._connection is None:
            self._connection = self._dial()
        self._connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
        response = self._connection.getresponse()
        answer = response.read(MAX_BODY_BYTES + 1)
        if len(answer) > MAX_BODY_BYTES:
            raise http.client.HTTPException(f"an answer above {MAX_BODY_BYTES} bytes")
        if response.will_close:
            self._hang_up()
        return response.status, answer

    def _dial(self) -> http.client.HTTPConnection:
        if self._scheme == "https":
            trust = ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=TIMEOUT_SECONDS, context=trust)
        return http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_SECONDS)

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _denial(status: int, body: object) -> Exception:
    if not 400 <= status < 500 or not isinstance(body, dict):
        return Unreachable(f"HTTP {status}")
    return Denied(status, str(body.get("code", "unknown")), str(body.get("message", "")))
