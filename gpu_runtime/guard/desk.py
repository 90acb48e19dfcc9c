"""The guard's desk: a unix socket in its own folder where the agent asks and answers, a JSON line each.

A path to a unix socket holds 107 bytes at most, and folders are deep: both sides go through
`/proc/self/fd/N/`, which is always short.
"""

import json
import os
import selectors
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gpu_runtime.guard.order import SOCKET
from gpu_runtime.protocol import MessageMalformed, decode_json

MAX_LINE_BYTES = 4 << 20
MAX_VISITORS = 8

Ask = Callable[[dict[str, Any]], dict[str, Any]]


@contextmanager
def _short_path(folder: Path) -> Iterator[str]:
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET}"
    finally:
        os.close(descriptor)


def connect_to_desk(folder: Path) -> socket.socket:
    """Connect to the guard of this folder, without ever waiting for it.

    Raises:
        OSError: where no guard listens (any more), or too many wait already.
    """
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    line.setblocking(False)
    try:
        with _short_path(folder) as path:
            line.connect(path)
    except OSError:
        line.close()
        raise
    return line


class Desk:
    """The listening side. `answer` turns one question into one answer."""

    def __init__(self, folder: Path, selector: selectors.BaseSelector, answer: Ask) -> None:
        self._selector, self._answer = selector, answer
        self._visitors: dict[socket.socket, bytes] = {}
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.setblocking(False)
        with _short_path(folder) as path:
            self._listener.bind(path)
        self._listener.listen(MAX_VISITORS)
        selector.register(self._listener, selectors.EVENT_READ, self._welcome)

    def _welcome(self) -> None:
        try:
            visitor, _ = self._listener.accept()
        except OSError:
            return
        if len(self._visitors) >= MAX_VISITORS or not _is_ours(visitor):
            visitor.close()
            return
        visitor.setblocking(False)
        self._visitors[visitor] = b""
        self._selector.register(visitor, selectors.EVENT_READ, lambda: self._listen_to(visitor))

    def _listen_to(self, visitor: socket.socket) -> None:
        try:
            data = visitor.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._visitors[visitor] += data
        if not data or len(self._visitors[visitor]) > MAX_LINE_BYTES:
            self._dismiss(visitor)
            return
        *lines, self._visitors[visitor] = self._visitors[visitor].split(b"\n")
        for line in lines:
            self._reply(visitor, line)

    def _reply(self, visitor: socket.socket, line: bytes) -> None:
        try:
            question = decode_json(line)
            if not isinstance(question, dict):
                raise MessageMalformed("a question is a JSON object")
            answer = self._answer(question)
        except MessageMalformed as error:
            answer = {"ok": False, "code": error.code, "message": str(error)}
        try:
            visitor.sendall(json.dumps(answer).encode() + b"\n")
        except OSError:
            self._dismiss(visitor)

    def _dismiss(self, visitor: socket.socket) -> None:
        if visitor in self._visitors:
            del self._visitors[visitor]
            self._selector.unregister(visitor)
        visitor.close()


def _is_ours(visitor: socket.socket) -> bool:
    peer = visitor.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", peer)
    return uid in (0, os.geteuid())
