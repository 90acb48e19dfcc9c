"""Facts for tests: a transaction that is complete, to be varied one fact at a time."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from procurement.catalog.chips import find_chip
from procurement.regimes.facts import (
    BuyerClass,
    ExporterFacts,
    ImportFacts,
    ItemFacts,
    PartyFacts,
    PartyRole,
    RouteFacts,
    TransactionFacts,
)

TODAY = date(2026, 11, 22)


def item_of(name, **changes):
    chip = find_chip(name)
    item = ItemFacts(
        chip=chip.slug,
        name=chip.name,
        maker=chip.maker,
        maker_country=chip.maker_country,
        tpp=chip.tpp,
        die_area_mm2=chip.die_area_mm2,
        dram_bandwidth_gb_s=chip.dram_bandwidth_gb_s,
        interconnect_gb_s=chip.interconnect_gb_s,
        is_data_centre=chip.is_data_centre,
        is_us_commercial=chip.is_us_commercial,
        estimates=chip.estimates,
    )
    return replace(item, **changes)


def spec(tpp, area, *, is_data_centre=True, **changes):
    """A chip of given TPP and die area alone."""
    figures = {"tpp": Decimal(str(tpp)), "die_area_mm2": None if area is None else Decimal(str(area))}
    return item_of("h200-sxm", **figures, is_data_centre=is_data_centre, **changes)


def party(country="CN", hq=None, parent=None, **changes):
    hq = country if hq is None else hq
    held = PartyFacts(PartyRole.END_USER, "Lantern Cloud", country, hq, hq if parent is None else parent, listings=())
    return replace(held, **changes)


def private(**changes):
    held = ImportFacts(
        BuyerClass.PRIVATE,
        state_funding_percent=Decimal(0),
        use_case="training",
        domestic_alternatives=("Cambricon MLU590",),
        domestic_reason="the model's kernels have no port",
    )
    return replace(held, **changes)


def order(item="h200-sxm", to="CN", *, origin="US", exporter=None, parties=None, imports=None, **changes):
    facts = TransactionFacts(
        item=item_of(item) if isinstance(item, str) else item,
        route=RouteFacts(origin, to),
        exporter=ExporterFacts(exporter),
        parties=(party(to),) if parties is None else parties,
        imports=private() if imports is None else imports,
    )
    return replace(facts, **changes)
