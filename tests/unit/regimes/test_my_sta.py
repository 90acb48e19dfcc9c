"""Malaysia: the directive of July 2025, by route, item, day, activity and notice."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from procurement.regimes import my_sta
from procurement.regimes.facts import AuthorityAnswer, EndUseFacts, Form, MalaysiaFacts, OriginFacts, RouteFacts
from procurement.regimes.lanes import Lane
from procurement.regimes.my_sta.codes import malaysian_code
from procurement.regimes.notes import Notebook
from tests.unit.regimes.facts_made import TODAY, item_of, order, spec

FORCE = date(2025, 7, 14)
MOVES = date(2026, 12, 31)
THROUGH = RouteFacts("US", "CN", ("MY",), "CN")
PAPERS = OriginFacts("D1234567", "3A090.A")


def moving(item="h200-sxm", route=THROUGH, *, known=True, origin=PAPERS, **malaysia):
    facts = order(item, route.to_country)
    return replace(facts, route=route, origin=origin, malaysia=MalaysiaFacts(known, **malaysia))


def answer(on=TODAY, **changes):
    return my_sta.determine(moving(**changes), on=on)


def states(found):
    return [each.state.value for each in found.certifications]


@pytest.mark.parametrize(
    ("route", "is_concerned", "moves"),
    [
        (RouteFacts("MY", "SG"), True, True),
        (RouteFacts("US", "CN", ("SG", "MY")), True, True),
        (RouteFacts("US", "MY", (), "CN"), True, True),
        (RouteFacts("US", "MY"), True, False),
        (RouteFacts("US", "SG", (), "MY"), True, False),
        (RouteFacts("MY", "MY"), True, False),
        (RouteFacts("MY", "MY", ("SG",)), True, True),
        (RouteFacts("US", "CN", ("SG",), "CN"), False, False),
    ],
)
def test_route_is_concerned_where_it_touches_malaysia_and_asked_where_it_moves(route, is_concerned, moves):
    assert my_sta.concerns(moving(route=route)) is is_concerned
    lane = Lane.LICENCE_REQUIRED if moves else Lane.NO_REQUIREMENT_FOUND
    assert answer(route=route).lane is lane


@pytest.mark.parametrize(
    ("on", "lane"),
    [
        (date(2022, 10, 6), Lane.UNDETERMINED),
        (date(2022, 10, 7), Lane.NO_REQUIREMENT_FOUND),
        (FORCE - timedelta(days=1), Lane.NO_REQUIREMENT_FOUND),
        (FORCE, Lane.LICENCE_REQUIRED),
        (FORCE + timedelta(days=1), Lane.LICENCE_REQUIRED),
    ],
)
def test_directive_takes_effect_on_its_day(on, lane):
    assert answer(on).lane is lane


def test_day_before_the_book_names_the_rules_as_missing():
    assert [each.fact for each in answer(date(2022, 10, 6)).missing] == ["rules@2022-10-06"]


def test_day_before_force_says_that_the_general_list_is_not_encoded():
    assert any("general list" in text for text in answer(FORCE - timedelta(days=1)).unverified)


@pytest.mark.parametrize(("days", "state"), [(29, "blocked"), (30, "held"), (31, "held")])
def test_notice_stands_thirty_days_before_the_movement(days, state):
    told = TODAY - timedelta(days=5)
    found = answer(notified_on=told, movement_on=told + timedelta(days=days))
    assert (found.lane, states(found)[0]) == (Lane.LICENCE_REQUIRED, state)
    assert found.upcoming[0].on == told + timedelta(days=30)


def test_notice_bound_is_the_book_s_own():
    assert my_sta.LAW.book().parameters["notice.days"].on(FORCE).value == 30
    assert my_sta.LAW.book().parameters["notice.days"].on(FORCE - timedelta(days=1)) is None


def test_notice_not_given_is_missing_and_its_last_day_is_ahead():
    found = answer(movement_on=MOVES)
    assert states(found)[0] == "missing"
    assert [(each.on, each.rule) for each in found.upcoming] == [(date(2026, 12, 1), "directive@1-2025")]


def test_notice_planned_for_a_later_day_is_no_notice_yet():
    assert states(answer(movement_on=MOVES, notified_on=TODAY + timedelta(days=1)))[0] == "missing"
    assert states(answer(movement_on=MOVES, notified_on=TODAY))[0] == "held"


def test_last_day_for_the_notice_that_has_passed_is_not_ahead():
    assert answer(movement_on=TODAY + timedelta(days=29)).upcoming == ()
    assert len(answer(movement_on=TODAY + timedelta(days=30)).upcoming) == 1


def test_movement_without_a_day_leaves_the_notice_open_and_names_the_page():
    (lack,) = answer(notified_on=TODAY).missing
    assert lack.fact == "malaysia.movement_on"
    assert "order's page" in lack.entered_at


@pytest.mark.parametrize(
    ("origin", "wanted"),
    [
        (OriginFacts(), ["missing", "missing"]),
        (OriginFacts("D1234567"), ["held", "missing"]),
        (OriginFacts("", "3A090.a"), ["missing", "held"]),
        (PAPERS, ["held", "held"]),
    ],
)
def test_permit_file_needs_the_origin_s_licence_and_classification(origin, wanted):
    assert states(answer(origin=origin))[1:] == wanted


@pytest.mark.parametrize(
    ("known", "lane"),
    [(True, Lane.LICENCE_REQUIRED), (False, Lane.NO_REQUIREMENT_FOUND), (None, Lane.UNDETERMINED)],
)
def test_restricted_activity_decides(known, lane):
    assert answer(known=known).lane is lane


def test_restricted_activity_not_stated_is_named_with_its_page():
    (lack,) = answer(known=None).missing
    assert lack.fact == "malaysia.is_restricted_activity"
    assert lack.entered_at


def test_military_end_use_is_a_flag_and_decides_nothing():
    facts = replace(moving(known=False), end_use=EndUseFacts(is_military=True))
    found = my_sta.determine(facts, on=TODAY)
    assert found.lane is Lane.NO_REQUIREMENT_FOUND
    assert [each.is_flag for each in found.reasons].count(True) == 1


@pytest.mark.parametrize("item", ["ascend-910c", "t4", "rtx-4090"])
def test_item_not_of_us_origin_or_not_listed_is_outside_the_directive(item):
    expected = Lane.LICENCE_REQUIRED if item == "rtx-4090" else Lane.NO_REQUIREMENT_FOUND
    assert answer(item=item, origin=OriginFacts()).lane is expected


@pytest.mark.parametrize(("tpp", "lane"), [(4799, Lane.NO_REQUIREMENT_FOUND), (4800, Lane.LICENCE_REQUIRED)])
def test_item_is_listed_from_the_us_threshold_on(tpp, lane):
    assert answer(item=spec(tpp, 100_000), origin=OriginFacts()).lane is lane


def test_item_whose_us_entry_is_not_known_is_undetermined_unless_the_papers_give_it():
    item = spec(4400, None)
    found = answer(item=item, origin=OriginFacts())
    assert found.lane is Lane.UNDETERMINED
    assert {"item.die_area_mm2", "origin.classification"} <= {each.fact for each in found.missing}
    assert answer(item=item, origin=OriginFacts("", "3A090.b")).lane is Lane.LICENCE_REQUIRED


@pytest.mark.parametrize(("item", "papers"), [("h200-sxm", "EAR99"), ("t4", "3A090.A")])
def test_papers_that_differ_from_the_us_rules_are_flagged_and_the_stricter_counts(item, papers):
    found = answer(item=item, origin=OriginFacts("D1", papers))
    assert found.lane is Lane.LICENCE_REQUIRED
    assert any(each.is_flag and papers in each.text for each in found.reasons)


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("3A090", "3U090"),
        ("3A090.a", "3U090"),
        ("3A001.z", "3A001.u"),
        ("4A090.b", "4U090"),
        ("4A003.z", "4A003.u"),
        ("4A004.z", "4A004.u"),
        ("4A005.z", "4A005.u"),
        ("5A992.z.1", "5U992"),
        ("5A002.z", "5A002.u"),
        ("5A004.z", "5A004.u"),
        ("5A002", ""),
        ("3A0901", ""),
        ("", ""),
    ],
)
def test_malaysian_code_follows_the_us_entry(entry, code):
    assert malaysian_code(entry, Notebook(my_sta.LAW.book().at(TODAY))) == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"form": Form.BARE_CHIP}, "3U090"),
        ({"form": Form.SERVER, "has_encryption": False}, "4U090"),
        ({"form": Form.SERVER, "has_encryption": True, "is_mass_market": True}, "5U992"),
    ],
)
def test_code_is_that_of_the_form_shipped(changes, code):
    assert any(code in each.text for each in answer(item=item_of("h200-sxm", **changes)).reasons)


@pytest.mark.parametrize(
    ("given", "lane"),
    [(AuthorityAnswer.GRANTED, Lane.LICENCE_REQUIRED), (AuthorityAnswer.REFUSED, Lane.PROHIBITED)],
)
def test_authority_s_own_answer_stands_before_the_directive(given, lane):
    assert answer(known=None, permit_answer=given, permit_reference="STC-9").lane is lane


def test_answer_names_the_us_rule_versions_that_it_rests_on_and_says_what_is_unverified():
    found = answer()
    assert "us_ear/eccn.3A090@R23" in found.rule_versions
    assert "directive@1-2025" in found.rule_versions
    assert any("secondary sources" in text for text in found.unverified)


def test_every_version_without_primary_text_says_what_to_verify_or_is_no_rule_of_its_own():
    for version in my_sta.LAW.book().versions:
        assert version.confidence != "primary" or version.rule == "permit.answer"


def test_older_us_rules_in_the_set_classify_as_they_did():
    texts = dict(my_sta.LAW.texts())
    name = "us_ear/parameters.yaml"
    texts[name] = texts[name].replace(
        '{effective: 2023-11-17, value: 4800, source: "ECCN 3A090.a.1"}',
        '{effective: 2023-11-17, value: 20000, source: "ECCN 3A090.a.1"}',
    )
    older = my_sta.LAW.book(texts)
    facts = moving(item=spec(Decimal(15832), 100_000), origin=OriginFacts())
    assert my_sta.determine(facts, on=TODAY).lane is Lane.LICENCE_REQUIRED
    assert my_sta.determine(facts, on=TODAY, book=older).lane is Lane.NO_REQUIREMENT_FOUND
    assert (
        my_sta.determine(facts, on=TODAY, book=older).rule_set_sha256
        != my_sta.determine(facts, on=TODAY).rule_set_sha256
    )
