"""3A090.a/.b at their bounds, Note 2, planar dies, the server's ECCN, the entry of 2022."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procurement.regimes import us_ear
from procurement.regimes.facts import Form
from procurement.regimes.lanes import Lane
from tests.unit.regimes.facts_made import TODAY, item_of, order, spec


def eccn(item, on=TODAY):
    return us_ear.determine(order(item), on=on).eccn


BOUNDS = [
    # (tpp, area, eccn): a.1 at 4800, inclusive
    ("4799.9", 5000, None),
    (4800, 5000, "3A090.a"),
    ("4800.1", 5000, "3A090.a"),
    # a.2: TPP 1600 and PD 5.92, inclusive
    ("1599.9", 100, None),
    (1600, 100, "3A090.a"),
    (1776, 300, "3A090.a"),
    ("1775.999", 300, "3A090.b"),
    # b.1: TPP 2400 and PD 1.6, inclusive; PD below 3.2 so that b.2 is out of the way
    ("2399.9", 1000, None),
    (2400, 1000, "3A090.b"),
    (2400, 1500, "3A090.b"),
    (2400, "1500.1", None),
    # b.2: TPP 1600 and PD 3.2, inclusive
    (1600, 500, "3A090.b"),
    (1600, "500.1", None),
    ("1599.9", 499, None),
]


@pytest.mark.parametrize(("tpp", "area", "expected"), BOUNDS)
def test_entry_at_its_bound_is_exact(tpp, area, expected):
    assert eccn(spec(tpp, area)) == expected


CHIPS = [
    ("h200-sxm", "3A090.a"),
    ("a100-80gb", "3A090.a"),
    ("l4", "3A090.a"),
    ("rtx-4090", "3A090.a"),
    ("rtx-4090d", None),
    ("rtx-5090d", None),
    ("l40", "3A090.b"),
    ("a30", "3A090.b"),
    ("mi250x", "3A090.a"),
    ("h20", None),
    ("l20", None),
    ("l2", None),
    ("t4", None),
    ("b300", "3A090.a"),
]


@pytest.mark.parametrize(("chip", "expected"), CHIPS)
def test_chip_of_the_catalogue_has_its_entry(chip, expected):
    assert eccn(chip) == expected


@pytest.mark.parametrize(("tpp", "expected"), [("4799.9", None), (4800, "3A090.a"), (4801, "3A090.a")])
def test_note_2_takes_out_a_part_not_for_data_centres_below_4800(tpp, expected):
    assert eccn(spec(tpp, 500, is_data_centre=False)) == expected


def test_data_centre_flag_not_stated_is_undetermined_and_named():
    found = us_ear.determine(order(spec(4000, 500, is_data_centre=None)), on=TODAY)
    assert found.lane is Lane.UNDETERMINED
    assert "item.is_data_centre" in [lack.fact for lack in found.missing]


def test_planar_die_has_no_density_so_only_tpp_counts():
    assert eccn(spec(4799, 0)) is None
    assert eccn(spec(4800, 0)) == "3A090.a"


def test_die_area_not_published_is_undetermined_where_it_matters():
    found = us_ear.determine(order(spec(4400, None)), on=TODAY)
    assert (found.lane, found.eccn) == (Lane.UNDETERMINED, None)
    assert "item.die_area_mm2" in [lack.fact for lack in found.missing]
    assert eccn(spec(4800, None)) == "3A090.a"
    assert eccn(spec(1599, None)) is None


SERVERS = [
    (Form.BARE_CHIP, False, "3A090.a"),
    (Form.SERVER, False, "4A090.a"),
    (Form.SERVER, True, "5A992.z.1"),
    (Form.SERVER, None, "4A090.a"),
]


@pytest.mark.parametrize(("form", "has_encryption", "expected"), SERVERS)
def test_server_against_bare_chip_has_its_own_entry(form, has_encryption, expected):
    assert eccn(item_of("h200-sxm", form=form, has_encryption=has_encryption)) == expected


def test_form_not_stated_says_that_the_entry_is_the_bare_chips():
    assert any("bare chip" in text for text in us_ear.determine(order(), on=TODAY).unverified)


IN_2022 = date(2023, 1, 1)


@pytest.mark.parametrize(
    ("tpp", "rate", "expected"),
    [("4799.9", 600, None), (4800, 600, "3A090"), (4800, "599.9", None), (4801, 601, "3A090")],
)
def test_entry_of_2022_needs_both_performance_and_interconnect(tpp, rate, expected):
    assert eccn(spec(tpp, 814, interconnect_gb_s=Decimal(str(rate))), IN_2022) == expected


@pytest.mark.parametrize(
    ("on", "expected"),
    [(date(2023, 11, 16), None), (date(2023, 11, 17), "3A090.a")],
)
def test_a800_is_caught_from_the_day_of_the_2023_rule(on, expected):
    assert eccn("a800-80gb", on) == expected


TIERS = {None: 0, "3A090.b": 1, "3A090.a": 2}


@settings(deadline=None)
@given(
    area=st.decimals(100, 3000, places=1),
    low=st.decimals(0, 9000, places=1),
    more=st.decimals(0, 9000, places=1),
    is_data_centre=st.booleans(),
)
def test_tier_never_falls_as_tpp_rises(area, low, more, is_data_centre):
    below, above = (eccn(spec(tpp, area, is_data_centre=is_data_centre)) for tpp in (low, low + more))
    assert TIERS[below] <= TIERS[above]
