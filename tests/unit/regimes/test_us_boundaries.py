"""The boundary cases and published figures that must come out right, by name."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procurement.catalog.chips import all_chips, find_chip
from procurement.catalog.spec import (
    Die,
    FigureRefused,
    Throughput,
    applicable_die_area_mm2,
    performance_density,
    rounded,
    total_processing_performance,
)
from procurement.regimes import us_ear
from procurement.regimes.facts import Form
from procurement.regimes.lanes import Lane, ReviewPolicy
from tests.unit.regimes.facts_made import TODAY, item_of, order, spec


def answer(facts, on=TODAY):
    return us_ear.determine(facts, on=on)


def eccn(item, on=TODAY):
    return answer(order(item), on).eccn


PUBLISHED = [
    ("h200-sxm", "15832", "19.45", "3A090.a"),
    ("h100-sxm", "15832", "19.45", "3A090.a"),
    ("h20", "2368", "2.91", None),
    ("a100-80gb", "4992", "6.04", "3A090.a"),
    ("b200", "36000", "22.50", "3A090.a"),
    ("l40s", "5864", "9.63", "3A090.a"),
]


@pytest.mark.parametrize(("chip", "tpp", "density", "entry"), PUBLISHED)
def test_published_figure_and_entry(chip, tpp, density, entry):
    held = find_chip(chip)
    assert held.tpp.quantize(Decimal(1)) == Decimal(tpp)
    assert rounded(performance_density(held.tpp, held.die_area_mm2)) == Decimal(density)
    assert eccn(chip) == entry


def test_h200_is_6_69_times_h20_by_tpp():
    ratio = find_chip("h200-sxm").tpp / find_chip("h20").tpp
    assert ratio.quantize(Decimal("0.01")) == Decimal("6.69")


def test_inclusive_bounds_of_3a090():
    assert eccn(spec(4800, 5000)) == "3A090.a"
    assert eccn(spec(1600, 100)) == "3A090.a"
    assert eccn(spec(2400, 1500)) == "3A090.b"
    assert eccn(spec(1776, 300)) == "3A090.a"
    assert eccn(spec(2400, 1500)) == "3A090.b"
    assert eccn(spec(1600, 500)) == "3A090.b"


@pytest.mark.parametrize(
    ("changes", "policy"),
    [
        ({"tpp": Decimal("20999.9")}, ReviewPolicy.CASE_BY_CASE),
        ({"tpp": Decimal("21000")}, ReviewPolicy.DENIAL),
        ({"dram_bandwidth_gb_s": Decimal("6499.9")}, ReviewPolicy.CASE_BY_CASE),
        ({"dram_bandwidth_gb_s": Decimal("6500")}, ReviewPolicy.DENIAL),
    ],
)
def test_lane_of_2026_is_exclusive(changes, policy):
    assert answer(order(item_of("h200-sxm", **changes))).review_policy is policy


def test_tariff_band_is_decided_by_the_exact_figure_and_not_by_a_rounded_one():
    chip = item_of("mi325x")
    assert answer(order(chip)).duty_rate == Decimal("0.25")
    assert answer(order(replace(chip, tpp=Decimal(20800)))).duty_rate is None


def test_h200_nvl_lies_outside_the_tariff_band():
    assert Decimal(13364) <= find_chip("h200-nvl").tpp <= Decimal(13368)
    assert answer(order("h200-nvl")).duty_rate is None


def test_sparse_figure_is_refused_with_the_reason():
    with pytest.raises(FigureRefused, match="supposes sparsity"):
        total_processing_performance([Throughput(8, Decimal(3958), is_sparse=True)])


@pytest.mark.parametrize(("is_data_centre", "entry"), [(True, "3A090.a"), (False, None)])
def test_data_centre_flag_decides_below_4800(is_data_centre, entry):
    assert eccn(spec("4799.9", 500, is_data_centre=is_data_centre)) == entry


def test_planar_die_has_no_density():
    area = applicable_die_area_mm2([Die(Decimal(545), is_non_planar=False)])
    assert area == 0
    assert eccn(spec("4799.9", area)) is None
    assert eccn(spec(4800, area)) == "3A090.a"


def test_dies_are_summed_before_the_density_is_taken():
    one, two = Die(Decimal(400), True), Die(Decimal(400), True, count=2)
    assert eccn(spec(2400, applicable_die_area_mm2([one]))) == "3A090.a"
    assert eccn(spec(2400, applicable_die_area_mm2([two]))) == "3A090.b"


def test_chip_whose_highest_tpp_is_at_fp4_is_counted_there():
    figures = [Throughput(16, Decimal(250)), Throughput(8, Decimal(500)), Throughput(4, Decimal(1200))]
    tpp = total_processing_performance(figures)
    assert tpp == 4800
    assert eccn(spec(tpp, 5000)) == "3A090.a"
    assert find_chip("b300").tpp == Decimal(4) * Decimal(14000)


@pytest.mark.parametrize(
    ("form", "has_encryption", "entry"),
    [(Form.BARE_CHIP, False, "3A090.a"), (Form.SERVER, False, "4A090.a"), (Form.SERVER, True, "5A992.z.1")],
)
def test_server_against_bare_chip(form, has_encryption, entry):
    assert eccn(item_of("h200-sxm", form=form, has_encryption=has_encryption)) == entry


@pytest.mark.parametrize("chip", [chip.slug for chip in all_chips() if not chip.is_us_commercial])
def test_part_never_us_commercial_never_enters_the_lane_of_2026(chip):
    for exporter in (None, "NVIDIA Corporation", "Harbour Systems Inc"):
        found = answer(order(chip, exporter=exporter))
        assert found.certifications == ()
        assert not any("Every gate" in reason.text for reason in found.reasons)


def test_h800_a800_and_h20_are_among_those_parts():
    never = {chip.slug for chip in all_chips() if not chip.is_us_commercial}
    assert {"h800-sxm", "a800-80gb", "h20"} <= never


def test_h20_is_outside_3a090_and_caught_by_the_letter_alone():
    assert answer(order("h20", exporter="NVIDIA Corporation")).lane is Lane.LICENCE_REQUIRED
    assert answer(order("h20", exporter="Harbour Systems Inc")).lane is Lane.NO_REQUIREMENT_FOUND


def test_mi250x_meets_both_paragraphs_and_is_classified_a():
    found = answer(order("mi250x"))
    met = {branch.question for branch in found.tree if branch.result == "met"}
    assert {"Does it meet 3A090.a.1?", "Does it meet 3A090.b.2?"} <= met
    assert found.eccn == "3A090.a"


RANK = {None: 0, "unknown": 1, "3A090.b": 2, "3A090": 3, "3A090.a": 3}
figures = st.decimals(0, 9000, places=1)


@settings(deadline=None)
@given(
    area=st.none() | st.just(Decimal(0)) | st.decimals(100, 3000, places=1),
    low=figures,
    more=figures,
    is_data_centre=st.booleans(),
    rate=st.none() | st.integers(0, 1200).map(Decimal),
    on=st.dates(date(2022, 10, 7), TODAY),
)
def test_tier_is_monotone_in_tpp_at_fixed_area_flag_and_date(area, low, more, is_data_centre, rate, on):
    def rank(tpp):
        item = spec(tpp, area, is_data_centre=is_data_centre, interconnect_gb_s=rate)
        found = answer(order(item), on)
        return RANK["unknown" if found.lane is Lane.UNDETERMINED else found.eccn]

    assert rank(low) <= rank(low + more)
