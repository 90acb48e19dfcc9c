"""Pairing off the free units of both sides: never more than either has, and never fewer than both allow."""

from __future__ import annotations

from collections import Counter
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from procurement.licences.balances import assign
from procurement.licences.models import LicenceLine

FREE = st.lists(st.integers(min_value=0, max_value=9), max_size=5)


def lines(free: list[int]) -> list[LicenceLine]:
    """Lines that were never stored, each with so many free units (and some drawn and held)."""
    return [LicenceLine(granted=units + 3, drawn=2, held=1, ship_until=date(2026, 12, 31)) for units in free]


@given(FREE, FREE, st.integers(min_value=0, max_value=60))
def test_assignment_uses_what_both_sides_allow_and_no_more(
    exporter: list[int], importer: list[int], asked: int
) -> None:
    both = lines(exporter), lines(importer)
    pairings = assign(*both, asked)
    assert sum(each.quantity for each in pairings) == min(sum(exporter), sum(importer), asked)
    used: Counter[object] = Counter()
    for each in pairings:
        assert each.quantity > 0
        used[each.exporter.pk] += each.quantity
        used[each.importer.pk] += each.quantity
    assert all(used[line.pk] <= line.free for side in both for line in side)


@given(FREE, FREE)
def test_assignment_gives_each_unit_a_line_of_either_side(exporter: list[int], importer: list[int]) -> None:
    both = lines(exporter), lines(importer)
    of_exporter = {line.pk for line in both[0]}
    for each in assign(*both, 100):
        assert each.exporter.pk in of_exporter
        assert each.importer.pk not in of_exporter
