"""What belongs to entries but stands elsewhere in a list (aliases, addresses, shares), kept on disk, not in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

_BATCH = 5000


class Beside:
    """Rows by the entry that they belong to, in a private file that is gone once it is closed."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("CREATE TABLE row (topic TEXT, owner TEXT, told TEXT)")

    def keep(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """Put away rows of (topic, owner, what is told), then make them quick to find."""
        self._database.execute("BEGIN")
        self._database.executemany("INSERT INTO row VALUES (?, ?, ?)", rows)
        self._database.execute("COMMIT")
        self._database.execute("CREATE INDEX IF NOT EXISTS row_owner ON row (owner, topic)")

    def of(self, topic: str, owner: str) -> list[str]:
        """What was told of an owner under a topic, in the order it was put away."""
        found: list[Any] = self._database.execute(
            "SELECT told FROM row WHERE owner = ? AND topic = ? ORDER BY rowid", (owner, topic)
        ).fetchall()
        return [told for (told,) in found]

    def all(self, topic: str) -> Iterator[tuple[str, str]]:
        """Every (owner, told) of a topic."""
        yield from self._database.execute("SELECT owner, told FROM row WHERE topic = ? ORDER BY rowid", (topic,))

    def close(self) -> None:
        """Give the file back."""
        self._database.close()
