"""Every regime Writ knows: adding one is a folder with its rules, and a row here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from procurement.regimes import my_sta, prc_import, tw_shtc, us_ear
from procurement.regimes.dated import Book
from procurement.regimes.facts import TransactionFacts
from procurement.regimes.law_files import LawFiles
from procurement.regimes.outcome import Determination


class Determine(Protocol):
    """What every regime offers."""

    def __call__(self, facts: TransactionFacts, *, on: date, book: Book | None = None) -> Determination: ...


def always(_facts: TransactionFacts) -> bool:
    """A regime that is asked about every transaction: it says itself where it has nothing to say."""
    return True


@dataclass(frozen=True, slots=True)
class Regime:
    """One body of rules, the time zone whose calendar dates its answers, and the transactions it is asked about."""

    id: str
    title: str
    timezone: str
    determine: Determine
    law: LawFiles
    concerns: Callable[[TransactionFacts], bool] = always

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
    Regime(
        my_sta.REGIME,
        "Malaysia, strategic trade",
        "Asia/Kuala_Lumpur",
        my_sta.determine,
        my_sta.LAW,
        my_sta.concerns,
    ),
    Regime(
        tw_shtc.REGIME,
        "Taiwan, export permit and entity list",
        "Asia/Taipei",
        tw_shtc.determine,
        tw_shtc.LAW,
        tw_shtc.concerns,
    ),
)


def regime(name: str) -> Regime:
    """The regime of that id. Raises: LookupError naming those known."""
    found = next((each for each in REGIMES if each.id == name), None)
    if found is None:
        raise LookupError(f"no regime is called {name!r}; known: {', '.join(each.id for each in REGIMES)}")
    return found


def regimes_for(*facts: TransactionFacts) -> tuple[Regime, ...]:
    """The regimes that any of the transactions concerns, in the registry's order."""
    return tuple(each for each in REGIMES if any(each.concerns(one) for one in facts))
