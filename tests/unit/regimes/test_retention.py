"""How long records are kept: the longest of the rules, day edges, leap days, and holds over all."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procurement.regimes.dated import LawFault
from procurement.regimes.retention import Hold, LicenceTerm, RecordFacts, keep_until, years_after

DAY = timedelta(days=1)
ON = date(2026, 11, 22)


def kept(on=ON, **facts):
    return keep_until(RecordFacts(**facts), on=on)


def rules(found):
    return [each.rule for each in found.reasons]


def test_export_alone_is_kept_five_years_where_sanctions_rules_ask_nothing():
    found = kept(exported_on=date(2026, 3, 2), is_under_sanctions_rules=False)
    assert found.until == date(2031, 3, 2)
    assert rules(found) == ["records.ear@standing"]
    assert found.reasons[0].citation == "15 CFR 762.6"


def test_sanctions_record_is_kept_ten_years_and_says_what_is_unverified():
    found = kept(exported_on=date(2026, 3, 2))
    assert found.until == date(2036, 3, 2)
    assert rules(found) == ["records.ofac@O25", "records.ear@standing"]
    assert any("ten years" in text for text in found.unverified)


@pytest.mark.parametrize(
    ("on", "until"), [(date(2025, 3, 20), date(2029, 6, 1)), (date(2025, 3, 21), date(2034, 6, 1))]
)
def test_ten_years_are_asked_from_their_day(on, until):
    assert kept(on, exported_on=date(2024, 6, 1)).until == until


@pytest.mark.parametrize(
    ("days", "start"),
    [
        ({"exported_on": date(2024, 1, 1)}, date(2024, 1, 1)),
        ({"exported_on": date(2024, 1, 1), "diverted_on": date(2025, 2, 2)}, date(2025, 2, 2)),
        ({"exported_on": date(2024, 1, 1), "diverted_on": date(2025, 2, 2), "ended_on": date(2025, 2, 3)},
         date(2025, 2, 3)),
        ({"exported_on": date(2025, 3, 1), "ended_on": date(2025, 2, 3)}, date(2025, 3, 1)),
    ],
)  # fmt: skip
def test_years_are_counted_from_the_latest_day(days, start):
    assert kept(**days).until == years_after(start, 10)


@pytest.mark.parametrize(
    ("day", "years", "end"),
    [
        (date(2024, 2, 29), 5, date(2029, 3, 1)),
        (date(2024, 2, 29), 4, date(2028, 2, 29)),
        (date(2023, 2, 28), 5, date(2028, 2, 28)),
        (date(2024, 3, 1), 5, date(2029, 3, 1)),
        (date(2024, 12, 31), 10, date(2034, 12, 31)),
    ],
)
def test_anniversary_of_a_leap_day_is_the_first_of_march(day, years, end):
    assert years_after(day, years) == end


def test_records_are_kept_through_the_last_day_and_may_go_the_day_after():
    facts = RecordFacts(exported_on=date(2026, 3, 2), is_under_sanctions_rules=False)
    last = date(2031, 3, 2)
    assert not keep_until(facts, on=last - DAY).may_destroy
    assert not keep_until(facts, on=last).may_destroy
    assert keep_until(facts, on=last + DAY).may_destroy


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        (date(2036, 3, 1), date(2036, 3, 2)),
        (date(2036, 3, 2), date(2036, 3, 2)),
        (date(2036, 3, 3), date(2036, 3, 3)),
    ],
)
def test_licence_term_counts_where_it_is_the_longest(until, expected):
    found = kept(exported_on=date(2026, 3, 2), licence_terms=(LicenceTerm("D1234567", until),))
    assert found.until == expected
    assert "records.licence@standing" in rules(found)


def test_transaction_without_an_end_is_kept_without_one():
    found = kept(licence_terms=(LicenceTerm("D1234567", date(2020, 1, 1)),))
    assert (found.until, found.is_held, found.may_destroy) == (None, False, False)


def test_hold_is_over_every_period_however_old():
    hold = Hold("LH-7", date(2026, 1, 1))
    found = kept(date(2099, 1, 1), exported_on=date(2023, 1, 1), holds=(hold,))
    assert (found.until, found.is_held, found.may_destroy) == (None, True, False)
    assert found.reasons[0].rule == "hold"


@pytest.mark.parametrize(
    ("on", "is_held"),
    [
        (date(2025, 12, 31), False),
        (date(2026, 1, 1), True),
        (date(2026, 5, 31), True),
        (date(2026, 6, 1), False),
    ],
)
def test_hold_stands_from_its_day_until_it_is_lifted(on, is_held):
    hold = Hold("LH-7", date(2026, 1, 1), lifted_on=date(2026, 6, 1))
    assert kept(on, exported_on=date(2024, 1, 1), holds=(hold,)).is_held is is_held


def test_one_hold_lifted_leaves_the_other():
    holds = (Hold("LH-7", date(2026, 1, 1), date(2026, 6, 1)), Hold("LH-8", date(2026, 2, 1)))
    assert kept(exported_on=date(2024, 1, 1), holds=holds).until is None


def test_agencys_request_holds_and_cites_its_paragraph():
    found = kept(exported_on=date(2024, 1, 1), holds=(Hold("BIS letter", date(2026, 1, 1), is_agency_request=True),))
    assert found.reasons[0].citation == "15 CFR 762.6(b)"
    assert found.until is None


def test_day_before_the_rules_is_a_fault():
    with pytest.raises(LawFault, match="records.ear has no version on 2022-10-06"):
        kept(date(2022, 10, 6), exported_on=date(2022, 1, 1))


a_day = st.dates(date(2015, 1, 1), date(2040, 1, 1))


@settings(deadline=None)
@given(exported=a_day, later=a_day, on=st.dates(date(2022, 10, 7), date(2060, 1, 1)), term=a_day)
def test_nothing_more_ever_shortens_the_keeping(exported, later, on, term):
    least = kept(on, exported_on=exported).until
    more = kept(on, exported_on=exported, diverted_on=later, licence_terms=(LicenceTerm("D1", term),)).until
    assert more >= least >= years_after(exported, 5)


def test_a_licence_whose_last_day_has_not_come_leaves_no_end_in_sight() -> None:
    found = kept(exported_on=date(2026, 3, 2), licence_terms=(LicenceTerm("D1", None, "7 years from its last day"),))
    assert (found.until, found.may_destroy) == (None, False)
    assert any("Licence D1 asks for its records for 7 years from its last day" in each.text for each in found.reasons)
