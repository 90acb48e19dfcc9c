"""A rule set asked about every chip on each day its law changes: what its files name but do not hold comes out."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from procurement.catalog.chips import all_chips
from procurement.determinations.ad_hoc import item_of
from procurement.regimes.dated import LawFault
from procurement.regimes.facts import (
    BuyerClass,
    ExporterFacts,
    ImportFacts,
    PartyFacts,
    PartyRole,
    RouteFacts,
    TransactionFacts,
)
from procurement.regimes.registry import REGIMES
from procurement.regimes.rule_set import RuleSet

PLACES: Final = ("CN", "MO", "AE", "SG", "DE", "RU", "MY", "TW")
CHIPS: Final = ("h20", "h200-sxm", "t4", "b200", "rtx-4090")


def probe(rules: RuleSet) -> int:
    """Asks each regime on each of its edges; how many questions were put.

    Raises:
        LawFault: the set has no answer where the rules ask; names regime, day, chip and place.
    """
    count = 0
    for regime in REGIMES:
        book = rules.book(regime.id)
        for on in book.edges():
            for facts in transactions():
                count += 1
                try:
                    regime.determine(facts, on=on, book=book)
                except LawFault as fault:
                    place = f"{facts.item.chip} to {facts.route.to_country} on {on}"
                    raise LawFault(f"{regime.id}: {place}: {fault}") from fault
    return count


def transactions(chips: tuple[str, ...] = CHIPS, places: tuple[str, ...] = PLACES) -> Iterator[TransactionFacts]:
    """Whole transactions of chips to places: from the United States to a private end user there."""
    held = {chip.slug: item_of(chip) for chip in all_chips()}
    imports = ImportFacts(BuyerClass.PRIVATE, use_case="training", domestic_reason="no port of the model")
    for slug in chips:
        for place in places:
            yield TransactionFacts(
                item=replace(held[slug], quantity=8),
                route=RouteFacts("US", place),
                exporter=ExporterFacts("NVIDIA Corporation", "US"),
                parties=(PartyFacts(PartyRole.END_USER, "The end user", place, place, place, listings=()),),
                imports=imports,
            )
