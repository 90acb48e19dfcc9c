"""The entry of the control list that a chip falls in, alone and inside a server: for the chip's page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from django.utils.translation import gettext_lazy as _

from procurement.catalog.models import ChipModel
from procurement.determinations.facts import item_of
from procurement.determinations.rules import present
from procurement.regimes.facts import Form, RouteFacts, TransactionFacts
from procurement.regimes.registry import regime

SHIPPED: Final = (
    (_("Chip or module"), Form.BARE_CHIP, False),
    (_("Server, no encryption"), Form.SERVER, False),
    (_("Server with encryption"), Form.SERVER, True),
)
ABROAD: Final = RouteFacts("US", "CN")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is shipped, the entry it falls in (empty: in none of those encoded), and what is missing to say so."""

    shipped: str
    eccn: str
    missing: tuple[str, ...]


def entries(chip: ChipModel, now: datetime) -> tuple[date, list[Entry]]:
    """The entry of each form on the regime's local date; the destination does not change it.

    Raises: LawFault as `determine` does.
    """
    us = regime("us_ear")
    on, book, item = us.local_date(now), present().book(us.id), item_of(chip)
    found = []
    for shipped, form, has_encryption in SHIPPED:
        facts = TransactionFacts(item=replace(item, form=form, has_encryption=has_encryption), route=ABROAD)
        answer = us.determine(facts, on=on, book=book)
        lacks = tuple(each.text for each in answer.missing if each.fact.startswith("item."))
        found.append(Entry(str(shipped), answer.eccn or "", () if answer.eccn else lacks))
    return on, found
