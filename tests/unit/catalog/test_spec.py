"""TPP and performance density from published figures."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procurement.catalog.spec import (
    Die,
    FigureRefused,
    Throughput,
    applicable_die_area_mm2,
    performance_density,
    rounded,
    total_processing_performance,
)


def test_tpp_of_one_figure_is_operations_times_bits():
    assert total_processing_performance([Throughput(16, Decimal("989.5"))]) == Decimal("15832.0")


@pytest.mark.parametrize(("bits", "tops"), [(8, 600), (16, 300)])
def test_tpp_of_the_published_examples_is_4800(bits, tops):
    assert total_processing_performance([Throughput(bits, Decimal(tops))]) == 4800


def test_tpp_highest_at_fp4_takes_fp4():
    figures = [Throughput(16, Decimal(2250)), Throughput(8, Decimal(4500)), Throughput(4, Decimal(14000))]
    assert total_processing_performance(figures) == 56000


def test_tpp_of_a_sparse_figure_is_refused_with_the_reason():
    figures = [Throughput(16, Decimal("989.5")), Throughput(8, Decimal(3958), is_sparse=True)]
    with pytest.raises(FigureRefused, match="sparsity"):
        total_processing_performance(figures)


def test_tpp_without_any_figure_is_refused():
    with pytest.raises(FigureRefused, match="no throughput figure"):
        total_processing_performance([])


def test_area_of_several_dies_is_their_sum():
    assert applicable_die_area_mm2([Die(Decimal(800), True, 2), Die(Decimal("0.5"), True)]) == Decimal("1600.5")


def test_area_leaves_planar_dies_out():
    assert applicable_die_area_mm2([Die(Decimal(800), True), Die(Decimal(300), False)]) == 800


def test_density_of_planar_dies_only_is_undefined():
    area = applicable_die_area_mm2([Die(Decimal(545), False)])
    assert performance_density(Decimal(6000), area) is None


def test_density_is_exact():
    assert performance_density(Decimal(1), Decimal(3)) == Fraction(1, 3)
    assert rounded(performance_density(Decimal(15832), Decimal(814))) == Decimal("19.45")


def test_die_of_no_area_is_refused():
    with pytest.raises(FigureRefused, match="not a die area"):
        applicable_die_area_mm2([Die(Decimal(0), True)])


@given(st.lists(st.tuples(st.sampled_from([4, 8, 16]), st.decimals(1, 20000, places=1)), min_size=1))
def test_tpp_is_never_below_any_precision(figures):
    tpp = total_processing_performance([Throughput(bits, tops) for bits, tops in figures])
    assert all(tpp >= bits * tops for bits, tops in figures)
