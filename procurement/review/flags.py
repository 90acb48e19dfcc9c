"""The words of red flags on a day, for cases: one catalogue for all, dated, in the rule set of the US regime."""

from __future__ import annotations

from datetime import date

from procurement.determinations.rules import present
from procurement.regimes.us_ear.red_flags import catalogue


def flags_on(on: date) -> dict[str, str]:
    """Flag -> its words, of the flags that stand on a day. A flag asks for inquiry and decides nothing alone."""
    return {each.id: each.text for each in catalogue(on, book=present().book("us_ear"))}
