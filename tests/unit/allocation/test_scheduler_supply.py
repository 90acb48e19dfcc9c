"""Dividing supply: never more than there is, in useful sizes, and the smallest share as large as it can be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.scheduler.supply import Claim, Indivisible, divide


@st.composite
def claims(draw: st.DrawFn) -> list[Claim]:
    found = []
    for number in range(draw(st.integers(1, 6))):
        asked = draw(st.integers(1, 60))
        weight = draw(st.sampled_from([0.5, 1.0, 2.0, 4.0]))
        found.append(Claim(f"f{number}", asked, draw(st.integers(1, asked)), weight))
    return found


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 120), claims())
def test_division_is_within_the_quantity_and_in_useful_sizes(quantity: int, asked: list[Claim]) -> None:
    parts = divide(quantity, asked)
    assert [part.name for part in parts] == [claim.name for claim in asked]
    assert sum(part.given for part in parts) <= quantity
    for claim, part in zip(asked, parts, strict=True):
        assert part.given == 0 or claim.least <= part.given <= claim.asked
        assert part.reason


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 120), claims())
def test_division_leaves_nothing_over_that_somebody_served_still_asks_for(quantity: int, asked: list[Claim]) -> None:
    parts = divide(quantity, asked)
    short = [claim for claim, part in zip(asked, parts, strict=True) if 0 < part.given < claim.asked]
    assert not short or sum(part.given for part in parts) == quantity


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 120), claims())
def test_division_is_max_min_fair_to_the_device(quantity: int, asked: list[Claim]) -> None:
    """Who is short has, for its weight, no more than a device less than anybody above the least."""
    parts = list(zip(asked, divide(quantity, asked), strict=True))
    for claim, part in parts:
        for other, rival in parts:
            if 0 < part.given < claim.asked and rival.given > other.least:
                assert (rival.given - 1) / other.weight <= (part.given + 1) / claim.weight + 1e-6


def test_division_gives_equals_the_same_and_a_heavier_claim_more() -> None:
    even = divide(10, [Claim("a", 8, 1, 1.0), Claim("b", 8, 1, 1.0)])
    assert [part.given for part in even] == [5, 5]
    heavy = divide(12, [Claim("a", 12, 1, 2.0), Claim("b", 12, 1, 1.0)])
    assert [part.given for part in heavy] == [8, 4]


def test_division_hands_on_what_a_small_claim_does_not_need() -> None:
    assert [part.given for part in divide(20, [Claim("a", 2, 1, 1.0), Claim("b", 30, 1, 1.0)])] == [2, 18]


def test_division_gives_nothing_to_whom_the_rest_is_of_no_use() -> None:
    parts = divide(10, [Claim("a", 8, 6, 1.0), Claim("b", 8, 6, 3.0)])
    assert [part.given for part in parts] == [0, 8]
    assert parts[0].reason.startswith("Nothing: 6 is the least")


@pytest.mark.parametrize("claim", [Claim("a", 4, 5, 1.0), Claim("a", 4, 0, 1.0), Claim("a", 4, 1, 0.0)])
def test_division_of_claims_that_make_no_sense_is_refused(claim: Claim) -> None:
    with pytest.raises(Indivisible, match="a: the least"):
        divide(8, [claim])
