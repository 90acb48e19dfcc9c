"""Joining the free units of all authorities: never more than each has, and never fewer than all allow together."""

from __future__ import annotations

from collections import Counter
from datetime import date
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procurement.licences.balances import Authority, assign, authorities, usable_for
from procurement.licences.models import Condition, ConditionKind, Licence, LicenceLine, Side
from procurement.licences.states import LicenceState
from procurement.orders.models import Order, OrderLine, OrderParty, PartyRole
from procurement.parties.models import Party, Site

ON = date(2026, 12, 1)
FREE = st.lists(st.integers(min_value=0, max_value=9), max_size=5)
GROUPS = st.lists(FREE, min_size=1, max_size=4)


def lines(free: list[int]) -> list[LicenceLine]:
    """Lines that were never stored, each with so many free units (and some drawn and held)."""
    return [LicenceLine(granted=units + 3, drawn=2, held=1, ship_until=date(2026, 12, 31)) for units in free]


@settings(deadline=None)
@given(GROUPS, st.integers(min_value=0, max_value=60))
def test_assignment_uses_what_every_authority_allows_and_no_more(free: list[list[int]], asked: int) -> None:
    groups = [lines(each) for each in free]
    pairings = assign(groups, asked)
    assert sum(each.quantity for each in pairings) == min(asked, *(sum(each) for each in free))
    used: Counter[object] = Counter()
    for each in pairings:
        assert each.quantity > 0
        for line in each.lines:
            used[line.pk] += each.quantity
    assert all(used[line.pk] <= line.free for group in groups for line in group)


@settings(deadline=None)
@given(GROUPS)
def test_assignment_gives_each_unit_a_line_of_each_authority(free: list[list[int]]) -> None:
    groups = [lines(each) for each in free]
    for each in assign(groups, 100):
        assert [line in group for line, group in zip(each.lines, groups, strict=True)] == [True] * len(groups)


# --- Against every assignment there is ---
USERS = [Party(name=f"User {n}") for n in range(2)]
SITES = [Site(name=f"Site {n}") for n in range(2)]
AUTHORITIES = ((Side.EXPORTER, "BIS"), (Side.IMPORTER, "NDRC"), (Side.IMPORTER, "GACC"))


class FakeRows(list):
    """Rows that were never stored, where a query would give them."""

    def all(self) -> FakeRows:
        return self


def order_line() -> OrderLine:
    order = Order(reference="ORD", site=SITES[0], end_use="training")
    parties = FakeRows(OrderParty(party=each, role=PartyRole.END_USER) for each in USERS)
    order._prefetched_objects_cache = {"parties": parties}
    return OrderLine(order=order, chip_id=None, quantity=100)


@st.composite
def papers(draw: st.DrawFn) -> list[LicenceLine]:
    """A few lines of two or three authorities, for either end user, some that cover nothing."""
    found = []
    for number in range(draw(st.integers(min_value=0, max_value=6))):
        side, name = draw(st.sampled_from(AUTHORITIES))
        state = draw(st.sampled_from([LicenceState.ACTIVE] * 4 + [LicenceState.SUSPENDED]))
        user = draw(st.sampled_from(USERS))
        conditions = FakeRows(draw(st.lists(st.sampled_from(provisos()), max_size=2)))
        licence = Licence(reference=f"LIC-{number}", side=side, authority=name, state=state, valid_from=ON)
        licence._prefetched_objects_cache = {"conditions": conditions}
        found.append(
            LicenceLine(
                licence=licence, granted=draw(st.integers(min_value=1, max_value=3)), site=SITES[0], end_user=user,
                end_uses=draw(st.sampled_from([["training"], ["training", "inference"], ["inference"]])),
                ship_until=draw(st.sampled_from([ON, date(2026, 11, 30), date(2027, 1, 1)])),
            )
        )
    return found


@cache
def provisos() -> list[Condition]:
    named = [(ConditionKind.END_USER, {"end_user": str(each.pk)}) for each in USERS]
    sites = [(ConditionKind.SITE, {"site": str(each.pk)}) for each in SITES]
    return [
        Condition(kind=kind, parameter=parameter, text="A proviso.", is_machine_checked=True)
        for kind, parameter in [*named, *sites, (ConditionKind.END_USE, {"end_uses": ["training"]})]
    ]


def covers(line: LicenceLine) -> bool:
    """The rules of a shipment, written anew."""
    checks = {
        "site": lambda parameter: parameter["site"] == str(SITES[0].pk),
        "end_user": lambda parameter: parameter["end_user"] == str(line.end_user_id),
        "end_use": lambda parameter: "training" in parameter["end_uses"],
    }
    return (
        line.licence.state == "active" and line.ship_until >= ON and "training" in line.end_uses
        and all(checks[str(each.kind)](each.parameter) for each in line.licence.conditions.all())
    )


def most_by_search(rows: list[LicenceLine], asked: list[tuple[str, str]]) -> int:
    """The most units, by trying every choice of lines for each next unit."""
    able = [each for each in rows if covers(each)]
    groups = [[n for n, each in enumerate(able) if (each.licence.side, each.licence.authority) == who] for who in asked]

    @cache
    def most(left: tuple[int, ...]) -> int:
        return max((1 + most(after) for after in _steps(left, groups, able)), default=0)

    return most(tuple(each.granted for each in able))


def _steps(left: tuple[int, ...], groups: list[list[int]], able: list[LicenceLine]) -> list[tuple[int, ...]]:
    chosen: list[tuple[int, ...]] = [()]
    for group in groups:
        chosen = [(*before, n) for before in chosen for n in group if left[n]]
    same = [each for each in chosen if len({able[n].end_user_id for n in each}) == 1]
    return [tuple(units - (n in each) for n, units in enumerate(left)) for each in same]


@settings(max_examples=150, deadline=None)
@given(papers())
def test_usable_units_are_the_most_that_any_assignment_gives(rows: list[LicenceLine]) -> None:
    asked = {(str(each.licence.side), each.licence.authority) for each in rows}
    for side in ("exporter", "importer"):
        if not any(each[0] == side for each in asked):
            asked.add((side, ""))
    usable = usable_for(order_line(), rows, ON)
    assert usable.units == most_by_search(rows, sorted(asked))
    assert sum(each.quantity for each in usable.pair(100)) == usable.units
    assert all(len({line.end_user_id for line in each.lines}) == 1 for each in usable.pair(100))


# --- Who has a say ---
def paper(side: Side, name: str, state: LicenceState = LicenceState.ACTIVE) -> LicenceLine:
    licence = Licence(reference="L", side=side, authority=name, state=state, valid_from=ON)
    return LicenceLine(licence=licence, granted=1, ship_until=ON)


def test_authority_is_one_whatever_its_letters_case_and_spaces() -> None:
    rows = [paper(Side.EXPORTER, "US BIS"), paper(Side.EXPORTER, "us  bis"), paper(Side.IMPORTER, "NDRC")]
    assert authorities(rows) == ((Side.EXPORTER, "us bis"), (Side.IMPORTER, "ndrc"))


@pytest.mark.parametrize(
    ("state", "adds"), [(LicenceState.DRAFT, 0), (LicenceState.SUSPENDED, 1), (LicenceState.REVOKED, 1)]
)
def test_further_authority_has_a_say_once_its_paper_was_in_force(state: LicenceState, adds: int) -> None:
    rows = [paper(Side.EXPORTER, "BIS"), paper(Side.IMPORTER, "NDRC"), paper(Side.IMPORTER, "GACC", state)]
    assert len(authorities(rows)) == 2 + adds


def test_side_without_a_paper_still_has_a_say() -> None:
    assert authorities([paper(Side.EXPORTER, "BIS")]) == (Authority(Side.EXPORTER, "bis"), Authority(Side.IMPORTER, ""))
