"""What a section of the first page is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise


@dataclass(frozen=True)
class Row:
    """One thing to look at, with the page that deals with it."""

    title: str
    url: str
    reference: str = ""
    state: object = ""
    note: str = ""
    due_at: datetime | None = None
    since: datetime | None = None
    is_stopped: bool = False
    at: datetime | None = None
    bar: tuple[int, int, int] | None = None
    is_emulated: bool = False


@dataclass(frozen=True)
class Section:
    """A kind of thing that needs somebody, the most urgent first.

    ``total`` counts all of them, ``rows`` are the first few.
    """

    key: str
    title: str | Promise
    icon: str
    total: int
    rows: tuple[Row, ...]
    more_url: str = ""
    tone: str = "wait"
    is_aside: bool = False


@dataclass(frozen=True)
class Door:
    """Where an auditor starts: one kind of record, and the page to begin on."""

    title: str | Promise
    words: str | Promise
    icon: str
    url: str


@dataclass(frozen=True)
class Board:
    """The whole first page of one person."""

    sections: tuple[Section, ...]
    doors: tuple[Door, ...] = ()

    @property
    def main(self) -> list[Section]:
        """What asks for an act."""
        return [section for section in self.sections if section.rows and not section.is_aside]

    @property
    def aside(self) -> list[Section]:
        """What runs, ends or stands still by itself."""
        return [section for section in self.sections if section.rows and section.is_aside]
