"""What a runner tells of itself, carried to the control plane: metrics, checkpoints, the log.

The runner's files are not trusted: no link is followed, lines and numbers are bounded, and only flat
metrics of plain values pass. Each piece may be sent twice after a crash; step and offset tell.
"""

import json
import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from gpu_runtime.agent.control import ControlPlane, Denied
from gpu_runtime.guard.log import printable, read_log
from gpu_runtime.guard.order import METRICS, read_paper, read_untrusted, write_json
from gpu_runtime.protocol import MessageMalformed, as_json, parse
from gpu_runtime.protocol.messages import CheckpointRequest, LogText, MetricsRequest

BATCH_BYTES = 64 << 10
LEFT_OUT = (HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.TOO_MANY_REQUESTS)
MAX_FIELDS = 32
MAX_NAME = 64
MAX_TEXT = 256
MAX_NUMBER = 2**53 - 1
FORWARDED = "forwarded.json"

log = logging.getLogger("writ.agent")


@dataclass(frozen=True, slots=True)
class Forwarded:
    """How far the control plane has heard, in bytes, and how far the piece goes that is on its way.

    A piece is sent again just as it was: the control plane keeps the first text of an offset.
    """

    metrics_bytes: int = 0
    log_bytes: int = 0
    metrics_until: int = 0
    log_until: int = 0

    @property
    def is_on_its_way(self) -> bool:
        """Whether a piece was begun of which it is not known that it was heard."""
        return (self.metrics_until, self.log_until) != (self.metrics_bytes, self.log_bytes)


class Forwarder:
    """Carries one attempt's news."""

    def __init__(self, attempt_id: str, fencing_token: int, folder: Path, run_folder: Path) -> None:
        self._attempt_id, self._token = attempt_id, fencing_token
        self._folder, self._metrics_file = folder, run_folder / METRICS
        self._done = _remembered(folder / FORWARDED)

    def forward(self, control: ControlPlane) -> bool:
        """Send the next piece: two requests at most, for of its checkpoints only the newest counts.

        What the control plane finds malformed or too much is left out for good.

        Returns:
            Whether there was one, so that more may follow.

        Raises:
            Denied, Unreachable: as the control plane answers; the piece will be sent again.
        """
        if not self._done.is_on_its_way:
            self._remember(self._next_piece())
        if not self._done.is_on_its_way:
            return False
        done = self._done
        raw = read_untrusted(
            self._metrics_file, offset=done.metrics_bytes, limit=done.metrics_until - done.metrics_bytes
        )
        lines = list(_plain_lines(raw))
        start, text = read_log(self._folder, done.log_bytes, done.log_until - done.log_bytes)
        metrics = tuple(line for line in lines if line.get("kind") != "checkpoint" and _has_step(line))
        piece = LogText(start, printable(text))
        _tell(control, "metrics", MetricsRequest(self._attempt_id, self._token, metrics, piece))
        newest = next(filter(None, map(self._checkpoint, reversed(lines))), None)
        if newest is not None:
            _tell(control, "checkpoint", newest)
        until = (done.metrics_until, done.log_until)
        self._remember(Forwarded(*until, *until))
        return True

    def _next_piece(self) -> Forwarded:
        """Whole lines of metrics, whole characters of log; a line longer than a piece is cut, and lost."""
        done = self._done
        raw = read_untrusted(self._metrics_file, offset=done.metrics_bytes, limit=BATCH_BYTES)
        whole = raw.rfind(b"\n") + 1 or (len(raw) if len(raw) == BATCH_BYTES else 0)
        start, text = read_log(self._folder, done.log_bytes, BATCH_BYTES)
        return Forwarded(
            metrics_bytes=done.metrics_bytes,
            log_bytes=start,
            metrics_until=done.metrics_bytes + whole,
            log_until=start + len(_whole_characters(text)),
        )

    def _checkpoint(self, line: dict[str, Any]) -> CheckpointRequest | None:
        if line.get("kind") != "checkpoint":
            return None
        told = {name: line.get(name) for name in ("step", "name", "manifest_sha256", "size_bytes")}
        try:
            return parse(CheckpointRequest, {"attempt_id": self._attempt_id, "fencing_token": self._token, **told})
        except MessageMalformed:
            return None

    def _remember(self, done: Forwarded) -> None:
        if done != self._done:
            write_json(self._folder / FORWARDED, as_json(done), durable=False)
            self._done = done


def _remembered(path: Path) -> Forwarded:
    """How far it was heard; a file that a loss of power left empty counts as nothing, and all is sent again."""
    try:
        return read_paper(Forwarded, path) or Forwarded()
    except MessageMalformed:
        return Forwarded()


def _tell(control: ControlPlane, name: str, message: object) -> None:
    try:
        control.tell(name, message)
    except Denied as denied:
        if denied.status not in LEFT_OUT:
            raise
        log.warning("the control plane did not take %s: %s", name, denied)


def _has_step(line: dict[str, Any]) -> bool:
    step = line.get("step")
    return type(step) is int and step >= 0


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
