"""The log of an attempt, bounded: two segments, each named by the offset at which it starts.

The guard appends, the agent reads by offset. When a segment is full a new one begins and the oldest goes, so
a runner that writes without end costs a fixed room on the disk.
"""

import os
from pathlib import Path

SEGMENT_BYTES = 4 << 20
SEGMENTS_KEPT = 2
TAIL_BYTES = 8 << 10


def _segments(folder: Path) -> list[tuple[int, Path]]:
    return sorted((int(path.name.split(".")[1]), path) for path in folder.glob("runner.*.log"))


class BoundedLog:
    """The writing end. One guard, one log."""

    def __init__(self, folder: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._folder, self._segment_bytes = folder, segment_bytes
        self._end = self._start = 0
        self._file = self._open()

    def _open(self) -> int:
        path = self._folder / f"runner.{self._start:015d}.log"
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def append(self, data: bytes) -> None:
        """Add to the log; the oldest text goes where there is no room.

        Raises:
            OSError: where the disk is full.
        """
        if self._end - self._start >= self._segment_bytes:
            os.close(self._file)
            self._start = self._end
            self._file = self._open()
            for _, path in _segments(self._folder)[:-SEGMENTS_KEPT]:
                path.unlink()
        os.write(self._file, data)
        self._end += len(data)


def read_log(folder: Path, offset: int, limit: int) -> tuple[int, bytes]:
    """Read the log from `offset` bytes on.

    Returns:
        The offset at which the text really starts, later than asked where the older text is gone, and up to
        `limit` bytes of it.
    """
    for start, path in _segments(folder):
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if start + size <= offset:
                    continue
                place = max(offset, start)
                file.seek(place - start)
                return place, file.read(limit)
        except FileNotFoundError:
            continue
    return offset, b""


def log_tail(folder: Path, limit: int = TAIL_BYTES) -> str:
    """The last lines of the log, as text without NUL, which PostgreSQL takes in no text."""
    held = b"".join(path.read_bytes()[-limit:] for _, path in _segments(folder))
    return printable(held[-limit:])


def printable(data: bytes) -> str:
    """Bytes of a log as text: what is not UTF-8, and NUL, becomes U+FFFD."""
    return data.decode("utf-8", errors="replace").replace("\0", "\ufffd")
