"""What a runner tells of itself, carried to the control plane: metrics, checkpoints, the log.

The runner's files are not trusted: no link is followed, lines and numbers are bounded, and only flat
metrics of plain values pass. Each piece may be sent twice after a crash; step and offset tell.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gpu_runtime.agent.control import ControlPlane
from gpu_runtime.guard.log import printable, read_log
from gpu_runtime.guard.order import METRICS, read_paper, read_untrusted, write_json
from gpu_runtime.protocol import MessageMalformed, as_json, parse
from gpu_runtime.protocol.messages import CheckpointRequest, LogText, MetricsRequest

BATCH_BYTES = 64 << 10
MAX_FIELDS = 32
MAX_NAME = 64
MAX_TEXT = 256
MAX_NUMBER = 2**53
FORWARDED = "forwarded.json"


@dataclass(frozen=True, slots=True)
class Forwarded:
    """How far the control plane has heard: bytes of the metrics file, bytes of the log."""

    metrics_bytes: int = 0
    log_bytes: int = 0


class Forwarder:
    """Carries one attempt's news."""

    def __init__(self, attempt_id: str, fencing_token: int, folder: Path, run_folder: Path) -> None:
        self._attempt_id, self._token = attempt_id, fencing_token
        self._folder, self._run_folder = folder, run_folder
        self._done = read_paper(Forwarded, folder / FORWARDED) or Forwarded()

    def forward(self, control: ControlPlane) -> bool:
        """Send the next piece.

        Returns:
            Whether there was one, so that more may follow.

        Raises:
            Denied, Unreachable: as the control plane answers; the piece will be sent again.
        """
        raw = read_untrusted(self._run_folder / METRICS, offset=self._done.metrics_bytes, limit=BATCH_BYTES)
        whole = raw[: raw.rfind(b"\n") + 1] or (raw if len(raw) == BATCH_BYTES else b"")
        start, text = read_log(self._folder, self._done.log_bytes, BATCH_BYTES)
        text = _whole_characters(text)
        if not whole and not text:
            return False
        lines = list(_plain_lines(whole))
        metrics = tuple(line for line in lines if line.get("kind") != "checkpoint")
        log = LogText(start, printable(text))
        control.tell("metrics", MetricsRequest(self._attempt_id, self._token, metrics, log))
        for checkpoint in filter(None, map(self._checkpoint, lines)):
            control.tell("checkpoint", checkpoint)
        self._remember(Forwarded(self._done.metrics_bytes + len(whole), start + len(text)))
        return True

    def _checkpoint(self, line: dict[str, Any]) -> CheckpointRequest | None:
        if line.get("kind") != "checkpoint":
            return None
        told = {name: line.get(name) for name in ("step", "name", "manifest_sha256", "size_bytes")}
        try:
            return parse(CheckpointRequest, {"attempt_id": self._attempt_id, "fencing_token": self._token, **told})
        except MessageMalformed:
            return None

    def _remember(self, done: Forwarded) -> None:
        write_json(self._folder / FORWARDED, as_json(done), durable=False)
        self._done = replace(done)


def _whole_characters(text: bytes) -> bytes:
    """The text without the first bytes of a character whose rest is still to come (UTF-8: at most 3)."""
    for cut in range(min(4, len(text))):
        try:
            text[: len(text) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return text[: len(text) - cut] or text
    return text


def _plain_lines(raw: bytes) -> Iterator[dict[str, Any]]:
    for line in raw.splitlines():
        try:
            value = json.loads(line, parse_constant=lambda name: None)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and len(value) <= MAX_FIELDS:
            yield {name: _plain(item) for name, item in value.items() if _is_plain(name, item)}


def _is_plain(name: str, value: object) -> bool:
    if not (len(name) <= MAX_NAME and name.isascii() and name.isprintable()):
        return False
    if isinstance(value, str):
        return len(value) <= MAX_TEXT and value.isprintable()
    if isinstance(value, int):
        return abs(value) <= MAX_NUMBER
    return value is None or isinstance(value, float)


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
