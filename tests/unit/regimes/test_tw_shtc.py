"""Taiwan: permit for SHTC goods, the entity list by day, a check by hand and its age."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from procurement.regimes import tw_shtc
from procurement.regimes.facts import AuthorityAnswer, ListEffect, ListingFacts, RouteFacts, TaiwanFacts
from procurement.regimes.lanes import Lane
from procurement.regimes.tw_shtc.parties import LIST_NAME
from tests.unit.regimes.facts_made import TODAY, order, party

OUT = RouteFacts("TW", "CN")
THROUGH = RouteFacts("US", "CN", ("TW",))
LIST_DAY = date(2025, 6, 10)
LISTED = ListingFacts(LIST_NAME, "an entry", ListEffect.FLAG_ONLY)


def leaving(route=OUT, *, parties=None, snapshots=(), **taiwan):
    facts = order(to=route.to_country, parties=parties)
    return replace(facts, route=route, list_snapshots=snapshots, taiwan=TaiwanFacts(**taiwan))


def answer(on=TODAY, route=OUT, **changes):
    return tw_shtc.determine(leaving(route, **changes), on=on)


def checked(**changes):
    return {"list_checked_on": TODAY, **changes}


@pytest.mark.parametrize(
    ("route", "is_concerned"),
    [(OUT, True), (THROUGH, True), (RouteFacts("US", "TW"), False), (RouteFacts("US", "CN"), False)],
)
def test_route_is_concerned_from_and_via_taiwan(route, is_concerned):
    assert tw_shtc.concerns(leaving(route)) is is_concerned


@pytest.mark.parametrize("route", [RouteFacts("TW", "TW"), RouteFacts("US", "TW"), RouteFacts("US", "CN")])
def test_route_that_leaves_nothing_behind_has_no_requirement(route):
    assert answer(route=route).lane is Lane.NO_REQUIREMENT_FOUND


@pytest.mark.parametrize(
    ("is_shtc", "lane"),
    [(True, Lane.LICENCE_REQUIRED), (False, Lane.NO_REQUIREMENT_FOUND), (None, Lane.UNDETERMINED)],
)
def test_export_needs_a_permit_where_the_goods_are_shtc(is_shtc, lane):
    found = answer(**checked(is_shtc=is_shtc))
    assert found.lane is lane
    assert [each.fact for each in found.missing] == (["taiwan.is_shtc"] if is_shtc is None else [])


@pytest.mark.parametrize(
    ("is_shtc", "lane"),
    [(True, Lane.UNDETERMINED), (False, Lane.NO_REQUIREMENT_FOUND), (None, Lane.UNDETERMINED)],
)
def test_transit_is_for_the_authority_to_say(is_shtc, lane):
    found = answer(route=THROUGH, **checked(is_shtc=is_shtc))
    assert found.lane is lane
    if is_shtc:
        assert [each.fact for each in found.missing] == ["taiwan.permit_answer"]
        assert any("memory" in text for text in found.unverified)


@pytest.mark.parametrize(
    ("is_shtc", "lane"),
    [(True, Lane.LICENCE_REQUIRED), (False, Lane.HELD_REPORTED), (None, Lane.UNDETERMINED)],
)
def test_listed_party_is_held_where_the_goods_are_not_shtc(is_shtc, lane):
    found = answer(parties=(party("CN", listings=(LISTED,)),), is_shtc=is_shtc)
    assert found.lane is lane
    assert any("entity list" in each.text for each in found.reasons)


def test_other_list_s_entry_is_none_of_taiwan_s():
    other = replace(LISTED, list_name="Entity List")
    assert answer(parties=(party("CN", listings=(other,)),), **checked(is_shtc=False)).lane is Lane.NO_REQUIREMENT_FOUND


@pytest.mark.parametrize(
    ("age", "lane"),
    [
        (-1, Lane.UNDETERMINED),
        (0, Lane.NO_REQUIREMENT_FOUND),
        (6, Lane.NO_REQUIREMENT_FOUND),
        (7, Lane.NO_REQUIREMENT_FOUND),
        (8, Lane.UNDETERMINED),
        (None, Lane.UNDETERMINED),
    ],
)
def test_check_by_hand_counts_for_seven_days(age, lane):
    day = None if age is None else TODAY - timedelta(days=age)
    found = answer(is_shtc=False, list_checked_on=day)
    assert found.lane is lane
    assert [each.fact for each in found.missing] == (["taiwan.list_checked_on"] if lane is Lane.UNDETERMINED else [])


@pytest.mark.parametrize(
    ("parties", "lane"),
    [
        ((party("CN"),), Lane.NO_REQUIREMENT_FOUND),
        ((party("CN", listings=None),), Lane.UNDETERMINED),
        ((), Lane.UNDETERMINED),
    ],
)
def test_loaded_list_counts_where_every_party_was_screened(parties, lane):
    assert answer(parties=parties, snapshots=("tw_shtc@2026-11-20:abcd",), is_shtc=False).lane is lane


@pytest.mark.parametrize(
    ("on", "missing"),
    [
        (date(2022, 10, 6), ["rules@2022-10-06"]),
        (date(2022, 10, 7), ["tw_shtc_entity_list@2022-10-07"]),
        (LIST_DAY - timedelta(days=1), ["tw_shtc_entity_list@2025-06-09"]),
        (LIST_DAY, ["taiwan.list_checked_on"]),
        (LIST_DAY + timedelta(days=1), ["taiwan.list_checked_on"]),
    ],
)
def test_list_of_a_day_that_is_not_held_is_named(on, missing):
    found = answer(on, is_shtc=False)
    assert found.lane is Lane.UNDETERMINED
    assert [each.fact for each in found.missing] == missing


@pytest.mark.parametrize("on", [date(2022, 10, 7), LIST_DAY, TODAY])
def test_shtc_goods_need_their_permit_on_every_day_of_the_book(on):
    assert answer(on, is_shtc=True).lane is Lane.LICENCE_REQUIRED


@pytest.mark.parametrize(
    ("name", "on", "flags"),
    [
        ("Huawei Cloud", LIST_DAY, 1),
        ("Huawei Cloud", LIST_DAY - timedelta(days=1), 0),
        ("SMIC Shanghai", TODAY, 1),
        ("Huaweilin Foods", TODAY, 0),
        ("Lantern Cloud", TODAY, 0),
    ],
)
def test_name_of_a_known_entry_is_a_flag_and_decides_nothing(name, on, flags):
    found = answer(on, parties=(party("CN", name=name),), is_shtc=True)
    assert found.lane is Lane.LICENCE_REQUIRED
    assert sum(each.is_flag for each in found.reasons) == flags


@pytest.mark.parametrize(
    ("given", "lane"),
    [(AuthorityAnswer.GRANTED, Lane.LICENCE_REQUIRED), (AuthorityAnswer.REFUSED, Lane.PROHIBITED)],
)
@pytest.mark.parametrize("route", [OUT, THROUGH])
def test_authority_s_own_answer_stands_before_the_rest(route, given, lane):
    assert answer(route=route, permit_answer=given, permit_reference="B-1").lane is lane


def test_counts_of_the_list_are_those_reported():
    held = tw_shtc.LAW.book().parameters
    assert (held["list.added"].on(LIST_DAY).value, held["list.total"].on(LIST_DAY).value) == (601, 10844)
    assert held["list.total"].on(LIST_DAY - timedelta(days=1)) is None
