"""Each number of the US book at its bound: one step below, on it, one step above. A new number needs its row here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest

from procurement.regimes import us_ear
from procurement.regimes.facts import (
    EvidenceFacts,
    Form,
    HistoryFacts,
    ListEffect,
    ListingFacts,
    OwnerFacts,
    TransactionFacts,
)
from procurement.regimes.outcome import Result
from procurement.regimes.retention import RecordFacts, keep_until, years_after
from procurement.regimes.us_ear.computed_flags import flag_of
from tests.unit.regimes.facts_made import item_of, order, party, spec

BOOK = us_ear.LAW.book()
AT_LEAST, ABOVE = (False, True, True), (False, False, True)
BELOW, AT_MOST = (True, False, False), (True, True, False)
RED_FLAG = "red flag "


@dataclass(frozen=True)
class Bound:
    """How a fact is set to a value, where the answer shows it, and what the three steps give."""

    facts: Callable[[Decimal], TransactionFacts]
    shown_by: str
    expected: tuple[bool, bool, bool]
    step: Decimal | None = None


def chip(tpp, area, **changes):
    return order(spec(tpp, area, **changes))


def h200(**changes):
    return order(item_of("h200-sxm", **changes))


def h20(**changes):
    figures = {"dram_bandwidth_gb_s": Decimal(0), "interconnect_gb_s": Decimal(0), **changes}
    return order(item_of("h20", **figures), exporter="NVIDIA Corporation")


def in_band(number, tpp, bandwidth):
    """A chip in the middle of duty band 1 or 2 but for the fact that is varied."""
    middle = {1: (Decimal(15000), Decimal(4800)), 2: (Decimal(20900), Decimal(6000))}[number]
    figures = (middle[0] if tpp is None else tpp, middle[1] if bandwidth is None else bandwidth)
    return h200(tpp=figures[0], dram_bandwidth_gb_s=figures[1])


def owned(share):
    entry = (ListingFacts("Entity List", "E-1", ListEffect.ENTITY_LIST),)
    return order("t4", parties=(party(owners=(OwnerFacts("Granite Optics", share, entry),)),))


def memory(density):
    figures = {"dram_bandwidth_gb_s": density * 100, "memory_area_mm2": Decimal(100)}
    return order(item_of("h200-sxm", form=Form.MEMORY_STACK, tpp=None, **figures))


def first_order(devices):
    history = HistoryFacts(first_advanced_order=date(2025, 1, 1))
    return order(item_of("h200-sxm", quantity=int(devices)), history=history)


def near_cap(percent):
    return order(history=HistoryFacts(units_under_cap=int(percent * 10), cap_units=1000))


def split(count):
    return order(history=HistoryFacts(orders_in_90_days=int(count)))


def duty_edges(number):
    band, name = f"Is it in duty band {number}?", f"duty.s232.{number}"
    return {
        f"{name}.tpp_above": Bound(lambda v: in_band(number, v, None), band, ABOVE),
        f"{name}.tpp_below": Bound(lambda v: in_band(number, v, None), band, BELOW),
        f"{name}.bandwidth_above": Bound(lambda v: in_band(number, None, v), band, ABOVE),
        f"{name}.bandwidth_below": Bound(lambda v: in_band(number, None, v), band, BELOW),
    }


def meets(paragraph):
    return f"Does it meet {paragraph}?"


RATE = {"interconnect_gb_s": Decimal(600)}
BOUNDS = {
    "3A090.2022.bits_tops": Bound(lambda v: chip(v, 814, **RATE), meets("the entry of 2022"), AT_LEAST),
    "3A090.2022.interconnect_gb_s": Bound(
        lambda v: chip(4800, 814, interconnect_gb_s=v), meets("the entry of 2022"), AT_LEAST
    ),
    "3A090.a.1.tpp": Bound(lambda v: chip(v, 5000), meets("3A090.a.1"), AT_LEAST),
    "3A090.a.2.tpp": Bound(lambda v: chip(v, 100), meets("3A090.a.2"), AT_LEAST),
    "3A090.a.2.pd": Bound(lambda v: chip(v * 400, 400), meets("3A090.a.2"), AT_LEAST),
    "3A090.b.1.tpp_from": Bound(lambda v: chip(v, 1000), meets("3A090.b.1"), AT_LEAST),
    "3A090.b.1.tpp_below": Bound(lambda v: chip(v, 1000), meets("3A090.b.1"), BELOW),
    "3A090.b.1.pd_from": Bound(lambda v: chip(v * 2000, 2000), meets("3A090.b.1"), AT_LEAST),
    "3A090.b.1.pd_below": Bound(lambda v: chip(v * 600, 600), meets("3A090.b.1"), BELOW),
    "3A090.b.2.tpp": Bound(lambda v: chip(v, 400), meets("3A090.b.2"), AT_LEAST),
    "3A090.b.2.pd_from": Bound(lambda v: chip(v * 1000, 1000), meets("3A090.b.2"), AT_LEAST),
    "3A090.b.2.pd_below": Bound(lambda v: chip(v * 600, 600), meets("3A090.b.2"), BELOW),
    "3A090.c.bandwidth_density_above": Bound(memory, meets("3A090.c"), ABOVE),
    "740.25.bandwidth_density_below": Bound(memory, "Is its density below the bound of exception HBM?", BELOW),
    "note-2.tpp_below": Bound(lambda v: chip(v, 100, is_data_centre=False), "Does Note 2 take it out?", BELOW),
    "lane.2026.tpp_below": Bound(lambda v: h200(tpp=v), "Is its TPP below the bound?", BELOW),
    "lane.2026.dram_bandwidth_below": Bound(
        lambda v: h200(dram_bandwidth_gb_s=v), "Is its total DRAM bandwidth below the bound?", BELOW
    ),
    "lane.2026.share_cap": Bound(
        lambda v: order(evidence=EvidenceFacts(c4_share_percent=v)),
        "Is the certified share within its cap (C4)?",
        AT_MOST,
    ),
    "letter.2025-04.memory_bandwidth": Bound(
        lambda v: h20(dram_bandwidth_gb_s=v), "Does it reach the bandwidth of H20?", AT_LEAST
    ),
    "letter.2025-04.interconnect": Bound(
        lambda v: h20(interconnect_gb_s=v), "Does it reach the bandwidth of H20?", AT_LEAST
    ),
    **duty_edges(1),
    **duty_edges(2),
    "affiliates.share_percent": Bound(owned, "Is Lantern Cloud an affiliate of listed parties?", AT_LEAST),
    "red-flags.large-order.devices": Bound(first_order, RED_FLAG + "RF30", AT_LEAST, Decimal(1)),
    "red-flags.near-cap.percent": Bound(near_cap, RED_FLAG + "RF44", AT_LEAST),
    "red-flags.split-orders.count": Bound(split, RED_FLAG + "RF44", AT_LEAST, Decimal(1)),
}
NO_BOUNDS = ("duty.s232.rate", "records.ear.years", "records.ofac.years")
TODAY = date(2026, 11, 22)
VALUES = [(name, value) for name in BOUNDS for value in BOOK.parameters[name].values]


def test_every_number_of_the_book_has_its_bound_tested():
    assert sorted(BOOK.parameters) == sorted([*BOUNDS, *NO_BOUNDS])


def is_shown(facts, on, where):
    found = us_ear.determine(facts, on=on)
    if where.startswith(RED_FLAG):
        return any(flag_of(each.text) == where.removeprefix(RED_FLAG) for each in found.reasons)
    (branch,) = [branch for branch in found.tree if branch.question == where]
    assert branch.result in (Result.MET, Result.NOT_MET)
    return branch.result is Result.MET


def step(value):
    """One in the digit after the last that is written, so that 4800 is tried at 4799.9 and 4800.1."""
    return Decimal(1).scaleb(min(int(value.as_tuple().exponent), 0) - 1)


@pytest.mark.parametrize(("name", "value"), VALUES, ids=lambda each: each if isinstance(each, str) else "")
def test_number_is_exact_one_step_below_on_it_and_one_step_above(name, value):
    bound = BOUNDS[name]
    on = value.ends or TODAY
    apart = bound.step or step(value.value)
    tried = tuple(is_shown(bound.facts(value.value + n * apart), on, bound.shown_by) for n in (-1, 0, 1))
    assert tried == bound.expected


def test_duty_is_at_the_rate_of_the_book():
    assert us_ear.determine(order(), on=TODAY).duty_rate == BOOK.parameters["duty.s232.rate"].values[0].value


@pytest.mark.parametrize("name", ["records.ear.years", "records.ofac.years"])
def test_records_are_kept_for_the_years_of_the_book(name):
    start = date(2024, 6, 1)
    for value in BOOK.parameters[name].values:
        kept = keep_until(RecordFacts(exported_on=start), on=value.ends or TODAY)
        (reason,) = [each for each in kept.reasons if each.rule.startswith(name.removesuffix(".years") + "@")]
        assert reason.until == years_after(start, int(value.value))
