"""PRC import review as reported: held, conditional, refused, by buyer class and by day."""

from datetime import date
from decimal import Decimal

import pytest

from procurement.regimes import prc_import
from procurement.regimes.facts import AuthorityAnswer, BuyerClass
from procurement.regimes.lanes import Lane, ReviewPolicy
from tests.unit.regimes.facts_made import TODAY, order, private


def answer(on=TODAY, item="h200-sxm", to="CN", **imports):
    return prc_import.determine(order(item, to, imports=private(**imports)), on=on)


def test_private_cloud_with_its_reason_needs_an_import_approval_case_by_case():
    found = answer()
    assert (found.lane, found.review_policy) == (Lane.LICENCE_REQUIRED, ReviewPolicy.CASE_BY_CASE)
    assert any("2026-01-28" in text for text in found.unverified)


def test_private_cloud_without_its_reason_is_undetermined_and_names_it():
    found = answer(domestic_reason=" ")
    assert found.lane is Lane.UNDETERMINED
    assert [lack.fact for lack in found.missing] == ["imports.domestic_reason"]


@pytest.mark.parametrize("complete", [None, Decimal("29.9"), Decimal(30), Decimal(90)])
def test_state_funded_data_centre_is_held_at_any_stage_never_refused(complete):
    found = answer(buyer_class=BuyerClass.STATE_FUNDED_DATA_CENTRE, project_complete_percent=complete)
    assert found.lane is Lane.HELD_REPORTED
    assert "report.state-money@2025-11-05" in found.rule_versions


@pytest.mark.parametrize(("complete", "words"), [("29.9", "to be removed"), ("30", "case by case")])
def test_state_funded_data_centre_says_what_the_report_says_at_30_percent(complete, words):
    found = answer(buyer_class=BuyerClass.STATE_FUNDED_DATA_CENTRE, project_complete_percent=Decimal(complete))
    assert any(words in each.text for each in found.reasons)


@pytest.mark.parametrize(
    ("share", "lane"),
    [(Decimal(0), Lane.LICENCE_REQUIRED), (Decimal("0.1"), Lane.HELD_REPORTED), (None, Lane.UNDETERMINED)],
)
def test_private_buyer_by_share_of_state_money(share, lane):
    assert answer(state_funding_percent=share).lane is lane


@pytest.mark.parametrize(
    "buyer", [BuyerClass.STATE_OWNED, BuyerClass.CRITICAL_INFRASTRUCTURE, BuyerClass.MILITARY_LINKED]
)
def test_buyer_of_a_class_shut_out_is_held(buyer):
    assert answer(buyer_class=buyer).lane is Lane.HELD_REPORTED


def test_buyer_class_not_stated_is_undetermined():
    assert [lack.fact for lack in answer(buyer_class=None).missing] == ["imports.buyer_class"]


@pytest.mark.parametrize(
    ("on", "lane"),
    [
        (date(2025, 9, 30), Lane.NO_REQUIREMENT_FOUND),
        (date(2026, 1, 12), Lane.LICENCE_REQUIRED),
        (date(2026, 1, 13), Lane.HELD_REPORTED),
        (date(2026, 1, 27), Lane.HELD_REPORTED),
        (date(2026, 1, 28), Lane.LICENCE_REQUIRED),
        (date(2026, 2, 28), Lane.LICENCE_REQUIRED),
        (date(2026, 3, 1), Lane.HELD_REPORTED),
        (date(2026, 8, 25), Lane.HELD_REPORTED),
        (date(2026, 8, 26), Lane.LICENCE_REQUIRED),
    ],
)
def test_private_buyer_by_the_report_of_the_day(on, lane):
    assert answer(on).lane is lane


def test_university_in_january_2026_is_excepted_from_the_hold():
    assert answer(date(2026, 1, 13), buyer_class=BuyerClass.UNIVERSITY).lane is Lane.LICENCE_REQUIRED


@pytest.mark.parametrize("item", ["h20", "b200", "a100-80gb"])
def test_chip_of_which_no_approval_is_reported_is_held(item):
    assert answer(item=item).lane is Lane.HELD_REPORTED


@pytest.mark.parametrize(("item", "to"), [("h200-sxm", "DE"), ("ascend-910c", "CN"), ("rtx-4090", "CN")])
def test_import_that_no_report_is_about_has_no_requirement_found(item, to):
    assert answer(item=item, to=to).lane is Lane.NO_REQUIREMENT_FOUND


@pytest.mark.parametrize(
    ("given", "lane"),
    [(AuthorityAnswer.REFUSED, Lane.PROHIBITED), (AuthorityAnswer.GRANTED, Lane.LICENCE_REQUIRED)],
)
def test_authority_s_own_answer_stands_before_the_reports(given, lane):
    state_funded = {"buyer_class": BuyerClass.STATE_FUNDED_DATA_CENTRE}
    assert answer(authority="NDRC", authority_reference="N-1", authority_answer=given, **state_funded).lane is lane


def test_report_alone_never_prohibits():
    lanes = {
        answer(buyer_class=buyer, state_funding_percent=share).lane
        for buyer in BuyerClass
        for share in (Decimal(0), Decimal(100), None)
    }
    assert Lane.PROHIBITED not in lanes
