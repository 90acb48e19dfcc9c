"""The ends of the licences on file, as dates ahead: no rule's, but what the papers themselves say."""

from collections.abc import Iterator
from datetime import date

from procurement.regimes.facts import LicenceFacts, TransactionFacts
from procurement.regimes.outcome import Upcoming


def ends_ahead(facts: TransactionFacts, side: str, on: date) -> tuple[Upcoming, ...]:
    """The last days of shipment and of use under each licence of one side, from the day asked about on.

    Args:
        side: `exporter` or `importer`.
    """
    found = [end for each in facts.licences if each.side == side for end in _ends(each) if end.on >= on]
    return tuple(sorted(set(found), key=lambda each: (each.on, each.text)))


def _ends(licence: LicenceFacts) -> Iterator[Upcoming]:
    yield Upcoming(licence.ship_until, f"last day of shipment under licence {licence.number}", "licence")
    if licence.use_until is not None:
        yield Upcoming(licence.use_until, f"last day of use under licence {licence.number}", "licence")
