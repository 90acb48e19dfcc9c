"""Every regime Writ knows: adding one is a folder with its rules, and a row here."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from procurement.regimes import prc_import, us_ear
from procurement.regimes.dated import Book
from procurement.regimes.facts import TransactionFacts
from procurement.regimes.law_files import LawFiles
from procurement.regimes.outcome import Determination


class Determine(Protocol):
    """What every regime offers."""

    def __call__(self, facts: TransactionFacts, *, on: date, book: Book | None = None) -> Determination: ...


@dataclass(frozen=True, slots=True)
class Regime:
    """One body of rules, with the time zone whose calendar dates its answers."""

    id: str
    title: str
    timezone: str
    determine: Determine
    law: LawFiles

    def book(self) -> Book:
        """The package's own book."""
        return self.law.book()

    def local_date(self, now: datetime) -> date:
        """The regime's calendar date at an aware moment."""
        return now.astimezone(ZoneInfo(self.timezone)).date()


REGIMES = (
    Regime(us_ear.REGIME, "US EAR, advanced computing", "America/New_York", us_ear.determine, us_ear.LAW),
    Regime(
        prc_import.REGIME,
        "PRC import review, as reported",
        "Asia/Shanghai",
        prc_import.determine,
        prc_import.LAW,
    ),
)


def regime(name: str) -> Regime:
    """The regime of that id. Raises: LookupError naming those known."""
    found = next((each for each in REGIMES if each.id == name), None)
    if found is None:
        raise LookupError(f"no regime is called {name!r}; known: {', '.join(each.id for each in REGIMES)}")
    return found
