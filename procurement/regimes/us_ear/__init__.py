"""US Export Administration Regulations, advanced computing."""

from datetime import date

from procurement.regimes.dated import Book
from procurement.regimes.us_ear import red_flags
from procurement.regimes.us_ear.determine import LAW, REGIME, determine
from procurement.regimes.us_ear.red_flags import RedFlag

__all__ = ["LAW", "REGIME", "RedFlag", "catalogue", "determine"]


def catalogue(on: date, book: Book | None = None) -> tuple[RedFlag, ...]:
    """The red flags that stand on a day, in their order, by the package's own rules or another book."""
    return red_flags.catalogue(on, book=book or LAW.book())
