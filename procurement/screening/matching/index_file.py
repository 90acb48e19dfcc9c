"""The index in one file, so that a process has a whole list in a moment: written once, mapped by every process.

Layout: a magic line, the SHA-256 of all that follows, the header's length, the header (JSON: arrays with type, place
and length; the fingerprint of the code that made it), then the arrays, each on a boundary of 64 bytes.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import tempfile
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from procurement.screening.matching.arrays import IndexArrays

MAGIC = b"writ-screening-index-1\n"
START = len(MAGIC) + hashlib.sha256().digest_size
ALIGNMENT = 64


class IndexFileBroken(Exception):
    """The file is no index, is damaged, or was made by another version of the matcher: build it anew."""


@cache
def fingerprint() -> str:
    """A hash of the matcher's own source: an index that other code made is not read."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def save(arrays: IndexArrays, path: Path) -> None:
    """Write an index whole or not at all; readable by its owner alone.

    Raises:
        OSError: the folder cannot be written.
    """
    payload, table = _laid_out(arrays)
    header = json.dumps({"arrays": table, "fingerprint": fingerprint()}).encode()
    body = len(header).to_bytes(4, "little") + header
    body = body.ljust(_aligned(START + len(body)) - START, b"\0") + payload
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=".unfinished-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(MAGIC + hashlib.sha256(body).digest())
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except OSError:
        Path(unfinished).unlink(missing_ok=True)
        raise


def load(path: Path) -> IndexArrays:
    """The index in a file, its arrays mapped and not copied.

    Raises:
        IndexFileBroken: damaged, or made by other code.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size < START + 4:
            raise IndexFileBroken(f"{path.name} is too short.")
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if mapped[: len(MAGIC)] != MAGIC:
        raise IndexFileBroken(f"{path.name} is not an index of this form.")
    if hashlib.sha256(memoryview(mapped)[START:]).digest() != mapped[len(MAGIC) : START]:
        raise IndexFileBroken(f"{path.name}: its content does not have the hash it states.")
    header, first = _header(mapped)
    if header["fingerprint"] != fingerprint():
        raise IndexFileBroken(f"{path.name} was made by another version of the matcher.")
    payload = memoryview(mapped)[first:]
    return IndexArrays(**{name: _mapped(payload, kind, at, count) for name, kind, at, count in header["arrays"]})


def _mapped(payload: memoryview, kind: str, at: int, count: int) -> NDArray[Any]:
    return np.frombuffer(payload, kind, count, at) if count else np.zeros(0, kind)


def _header(mapped: mmap.mmap) -> tuple[dict[str, Any], int]:
    """The header of a file whose hash is right, and where the arrays begin."""
    at = START + 4
    end = at + int.from_bytes(mapped[START:at], "little")
    header: dict[str, Any] = json.loads(mapped[at:end])
    return header, _aligned(end)


def _laid_out(arrays: IndexArrays) -> tuple[bytes, list[tuple[str, str, int, int]]]:
    """All arrays one after the other, and where each lies."""
    payload = bytearray()
    table = []
    for field in fields(arrays):
        values = getattr(arrays, field.name)
        table.append((field.name, values.dtype.str, len(payload), len(values)))
        payload += values.tobytes()
        payload += bytes(_aligned(len(payload)) - len(payload))
    return bytes(payload), table


def _aligned(length: int) -> int:
    return -(-length // ALIGNMENT) * ALIGNMENT
