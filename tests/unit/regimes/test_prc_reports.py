"""PRC reports line by line: each report's dates from the book, what is shown and never decides, and no refusal."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procurement.catalog.chips import all_chips
from procurement.regimes import prc_import
from procurement.regimes.dated import LawFault
from procurement.regimes.facts import AuthorityAnswer, BuyerClass, ImportFacts, RouteFacts
from procurement.regimes.lanes import Lane
from procurement.regimes.prc_import.authority import STOPPED, CustomsState
from procurement.regimes.prc_import.determine import read_clocks
from tests.unit.regimes.facts_made import TODAY, item_of, order, private

BOOK = prc_import.LAW.book()
DAY = timedelta(days=1)
REPORTS = [each for each in BOOK.versions if each.rule.startswith(("report.", "mofcom."))]
CHIPS = sorted(each.slug for each in all_chips())
EDGES = {each.effective for each in BOOK.versions} | {each.ends + DAY for each in BOOK.versions if each.ends}


def answer(on=TODAY, item="h200-sxm", to="CN", **imports):
    item = item_of(item) if isinstance(item, str) else item
    return prc_import.determine(order(item, to, imports=private(**imports)), on=on)


def texts(found, *, flags):
    return [each.text for each in found.reasons if each.is_flag is flags]


@pytest.mark.parametrize("version", REPORTS, ids=lambda each: each.id)
def test_report_counts_from_its_day_to_its_last_day(version):
    def live(on):
        return BOOK.at(on).version(version.rule)

    assert live(version.effective) == version
    assert live(version.effective - DAY) != version
    if version.ends is not None:
        assert live(version.ends) == version
        assert live(version.ends + DAY) != version


@pytest.mark.parametrize("version", [each for each in REPORTS if each.rule.startswith("report.")], ids=lambda v: v.id)
def test_report_is_marked_reported_dated_and_unverified(version):
    assert version.state == "reported"
    assert version.confidence in ("secondary", "memory")
    assert version.published == version.effective
    assert version.verify


@pytest.mark.parametrize(
    ("day", "rule"),
    [
        (date(2025, 7, 31), "report.h20"),
        (date(2025, 9, 15), "report.rtx-pro-6000d"),
        (date(2025, 10, 1), "report.customs"),
        (date(2025, 11, 5), "report.state-money"),
        (date(2025, 12, 10), "report.purchase-request"),
        (date(2025, 12, 10), "report.state-sector"),
        (date(2026, 1, 1), "report.state-sector"),
        (date(2026, 1, 1), "report.co-purchase"),
        (date(2026, 1, 13), "report.only-when-necessary"),
        (date(2026, 1, 28), "report.conditional-approval"),
        (date(2026, 1, 28), "report.co-purchase"),
        (date(2026, 3, 1), "report.pause"),
        (date(2026, 5, 15), "report.rtx-5090d-v2"),
        (date(2026, 8, 26), "report.first-shipments"),
    ],
)
def test_each_line_of_the_reports_known_is_in_the_book(day, rule):
    assert day in {each.effective for each in BOOK.versions if each.rule == rule}


def test_every_clock_rests_on_a_version_of_the_book():
    ids = {each.id for each in BOOK.versions}
    clocks = BOOK.read("clocks.yaml", read_clocks)
    assert {clock["rule"] for clock in clocks} <= ids


@pytest.mark.parametrize("buyer", list(BuyerClass))
def test_answer_turns_only_on_the_days_of_the_book(buyer):
    facts = order("h200-sxm", imports=private(buyer_class=buyer))
    day, last = BOOK.begins, None
    while day <= date(2027, 2, 1):
        found = prc_import.determine(facts, on=day)
        said = (found.lane, found.review_policy, found.missing)
        assert last is None or said == last or day in EDGES, day
        last, day = said, day + DAY


@pytest.mark.parametrize(
    ("complete", "is_below"), [("29.99", True), ("30", False), ("30.01", False), ("0", True), ("100", False)]
)
def test_project_completion_turns_the_words_at_30_percent_and_never_the_lane(complete, is_below):
    found = answer(buyer_class=BuyerClass.STATE_FUNDED_DATA_CENTRE, project_complete_percent=Decimal(complete))
    assert found.lane is Lane.HELD_REPORTED
    assert any("are to be removed" in text for text in texts(found, flags=False)) is is_below
    assert any("case by case" in text for text in texts(found, flags=False)) is not is_below
    (branch,) = [each for each in found.tree if "less complete" in each.question]
    assert (branch.result == "met") is is_below


@pytest.mark.parametrize("item", ["h20", "b200", "h200-sxm"])
def test_state_money_covers_the_chips_named(item):
    found = answer(item=item, buyer_class=BuyerClass.STATE_FUNDED_DATA_CENTRE)
    assert found.lane is Lane.HELD_REPORTED
    assert "report.state-money@2025-11-05" in {f"{each.rule}@{each.version}" for each in found.reasons}


@pytest.mark.parametrize("share", [None, Decimal(0), Decimal(50), Decimal(100)])
@pytest.mark.parametrize("on", [date(2026, 1, 5), TODAY])
def test_co_purchase_ratio_is_shown_and_decides_nothing(on, share):
    found, without = answer(on, co_purchase_percent=share), answer(on)
    assert (found.lane, found.review_policy, found.missing) == (without.lane, without.review_policy, without.missing)
    assert any("decides nothing" in text for text in texts(found, flags=True))
    (branch,) = [each for each in found.tree if each.rule == "report.co-purchase"]
    assert branch.result == "noted"


@pytest.mark.parametrize(("on", "is_shown"), [(date(2025, 12, 31), False), (date(2026, 1, 1), True)])
def test_co_purchase_ratio_is_shown_from_its_report_on(on, is_shown):
    found = answer(on, co_purchase_percent=Decimal(20))
    assert any(each.rule == "report.co-purchase" for each in found.tree) is is_shown


@pytest.mark.parametrize("state", list(CustomsState))
def test_goods_stopped_by_customs_are_held_even_after_a_grant(state):
    granted = {"authority_answer": AuthorityAnswer.GRANTED, "authority_reference": "N-1"}
    wanted = Lane.HELD_REPORTED if state in STOPPED else Lane.LICENCE_REQUIRED
    assert answer(customs_state=state, **granted).lane is wanted
    assert answer(customs_state=state).lane is wanted


def test_customs_state_in_other_words_is_shown_as_written():
    found = answer(customs_state="waiting at the port")
    assert found.lane is Lane.LICENCE_REQUIRED
    assert any(each.fact == "waiting at the port" for each in found.tree)


def test_declared_goods_get_the_report_on_past_declarations():
    assert any("examined again" in text for text in texts(answer(customs_state="declared"), flags=True))
    assert not any(
        "examined again" in text for text in texts(answer(date(2025, 9, 30), customs_state="declared"), flags=True)
    )


@pytest.mark.parametrize(
    ("reference", "lane"), [("", Lane.UNDETERMINED), (" ", Lane.UNDETERMINED), ("N-1", Lane.LICENCE_REQUIRED)]
)
def test_grant_counts_with_its_reference_alone(reference, lane):
    found = answer(authority="NDRC", authority_answer=AuthorityAnswer.GRANTED, authority_reference=reference)
    assert found.lane is lane
    if lane is Lane.UNDETERMINED:
        assert [each.fact for each in found.missing] == ["imports.authority_reference"]


@pytest.mark.parametrize("reference", ["", "N-1"])
def test_refusal_of_the_authority_stands_with_or_without_its_reference(reference):
    found = answer(authority="NDRC", authority_answer=AuthorityAnswer.REFUSED, authority_reference=reference)
    assert found.lane is Lane.PROHIBITED


@pytest.mark.parametrize(
    ("slug", "before", "day"),
    [
        ("rtx-5090d-v2", date(2026, 5, 14), date(2026, 5, 15)),
        ("rtx-pro-6000d", date(2025, 9, 14), date(2025, 9, 15)),
    ],
)
def test_chip_that_a_report_names_is_held_from_the_day_of_the_report(slug, before, day):
    chip = item_of("rtx-5090d", chip=slug)
    assert answer(before, item=chip).lane is Lane.NO_REQUIREMENT_FOUND
    assert answer(day, item=chip).lane is Lane.HELD_REPORTED
    assert answer(day, item=chip, buyer_class=None).lane is Lane.HELD_REPORTED


@pytest.mark.parametrize(("on", "flags"), [(date(2026, 5, 14), 0), (date(2026, 5, 15), 1)])
def test_chip_of_the_same_family_gets_a_flag_and_no_hold(on, flags):
    found = answer(on, item="rtx-5090d")
    assert found.lane is Lane.NO_REQUIREMENT_FOUND
    assert sum("same family" in text for text in texts(found, flags=True)) == flags


@pytest.mark.parametrize(
    ("on", "version"),
    [
        (date(2025, 11, 9), None),
        (date(2025, 11, 10), "70-2025"),
        (date(2026, 11, 10), "70-2025"),
        (date(2026, 11, 11), "70-2025-extended"),
        (date(2027, 1, 10), "70-2025-extended"),
        (date(2027, 1, 11), "returned"),
    ],
)
def test_export_package_is_shown_in_its_version_of_the_day(on, version):
    found = answer(on)
    shown = [each.version for each in found.reasons if each.rule == "mofcom.export-package"]
    assert shown == ([] if version is None else [version])
    assert any("18 of 2025" in text for text in texts(found, flags=True))


@pytest.mark.parametrize(
    ("on", "dates"),
    [
        (date(2026, 9, 27), [date(2026, 11, 10)]),
        (date(2026, 9, 28), [date(2026, 11, 10), date(2027, 1, 10)]),
        (date(2026, 11, 9), [date(2026, 11, 10), date(2027, 1, 10)]),
        (date(2026, 11, 10), [date(2027, 1, 10)]),
        (date(2027, 1, 10), []),
    ],
)
def test_clock_of_the_suspension_runs_to_its_announced_end(on, dates):
    assert [each.on for each in answer(on).upcoming] == dates


def test_goods_that_leave_china_are_told_that_its_export_rules_are_not_encoded():
    facts = replace(order(to="DE"), route=RouteFacts("CN", "DE"))
    found = prc_import.determine(facts, on=TODAY)
    assert found.lane is Lane.NO_REQUIREMENT_FOUND
    assert any("not encoded" in text for text in texts(found, flags=True))


@pytest.mark.parametrize(
    ("on", "buyer", "lane"),
    [
        (date(2025, 12, 9), BuyerClass.STATE_OWNED, Lane.LICENCE_REQUIRED),
        (date(2025, 12, 10), BuyerClass.STATE_OWNED, Lane.HELD_REPORTED),
        (date(2025, 12, 31), BuyerClass.CRITICAL_INFRASTRUCTURE, Lane.LICENCE_REQUIRED),
        (date(2026, 1, 1), BuyerClass.CRITICAL_INFRASTRUCTURE, Lane.HELD_REPORTED),
        (date(2026, 1, 1), BuyerClass.UNIVERSITY, Lane.LICENCE_REQUIRED),
    ],
)
def test_class_is_shut_out_from_the_report_that_names_it(on, buyer, lane):
    assert answer(on, buyer_class=buyer).lane is lane


def test_subject_of_a_report_that_the_book_lacks_is_a_fault():
    spoilt = {**prc_import.LAW.texts()}
    spoilt["prc_import/subjects.yaml"] = spoilt["prc_import/subjects.yaml"].replace("report.h20:", "report.h2o:")
    with pytest.raises(LawFault, match=r"report\.h2o"):
        prc_import.LAW.book(spoilt)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [("state_owned", "stately", "stately"), ('"2026-01":', '"2026-02":', "no classes for 2026-01")],
)
def test_class_of_buyer_that_nobody_knows_is_a_fault(old, new, words):
    spoilt = {**prc_import.LAW.texts()}
    spoilt["prc_import/classes.yaml"] = spoilt["prc_import/classes.yaml"].replace(old, new)
    with pytest.raises(LawFault, match=words):
        prc_import.LAW.book(spoilt)


percent = st.none() | st.decimals(0, 100, places=2)
imports = st.builds(
    ImportFacts,
    buyer_class=st.none() | st.sampled_from(BuyerClass),
    state_funding_percent=percent,
    project_complete_percent=percent,
    use_case=st.sampled_from(["", "training"]),
    domestic_alternatives=st.sampled_from([(), ("Ascend 910C",)]),
    domestic_reason=st.sampled_from(["", "no port of the kernels"]),
    co_purchase_percent=percent,
    authority=st.sampled_from(["", "NDRC"]),
    authority_reference=st.sampled_from(["", "N-1"]),
    authority_answer=st.sampled_from([None, AuthorityAnswer.GRANTED]),
    customs_state=st.sampled_from(["", *CustomsState, "lost"]),
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    chip=st.sampled_from([*CHIPS, "rtx-5090d-v2", "rtx-pro-6000d"]),
    imports=imports,
    origin=st.sampled_from(["US", "CN", "TW"]),
    to=st.sampled_from(["CN", "HK", "MY"]),
    on=st.dates(date(2022, 10, 1), date(2027, 3, 1)),
)
def test_without_an_authority_s_own_refusal_nothing_is_prohibited(chip, imports, origin, to, on):
    item = item_of(chip) if chip in CHIPS else item_of("rtx-5090d", chip=chip)
    facts = replace(order(item, to, imports=imports), route=RouteFacts(origin, to))
    found = prc_import.determine(facts, on=on)
    assert found.lane is not Lane.PROHIBITED
    if found.lane is Lane.UNDETERMINED:
        assert found.missing
    if found.lane is Lane.HELD_REPORTED:
        assert any("officers decide" in each.text for each in found.reasons)
