"""US regime: destinations, headquarters, the lane of 2026, exceptions, the letter, duty, lists, dates."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from procurement.regimes import us_ear
from procurement.regimes.facts import (
    EndUseFacts,
    EvidenceFacts,
    ListEffect,
    ListingFacts,
    OwnerFacts,
    RouteFacts,
)
from procurement.regimes.lanes import Lane, ReviewPolicy
from procurement.regimes.outcome import CertificationState
from tests.unit.regimes.facts_made import TODAY, item_of, order, party

LANE_DAY = date(2026, 1, 15)
ALL_SEVEN = ["C1", "C2", "C3", "C4", "C5", "C6", "C7"]


def answer(facts, on=TODAY):
    return us_ear.determine(facts, on=on)


def lane_and_policy(facts, on=TODAY):
    found = answer(facts, on)
    return found.lane, found.review_policy


def missing(found):
    return [lack.fact for lack in found.missing]


def test_h200_to_a_private_cloud_in_china_is_case_by_case_with_seven_certifications():
    found = answer(order())
    assert (found.lane, found.review_policy) == (Lane.LICENCE_REQUIRED, ReviewPolicy.CASE_BY_CASE)
    assert [each.id for each in found.certifications] == ALL_SEVEN
    assert found.duty_rate == Decimal("0.25")
    assert "lane.2026@R26a" in found.rule_versions


def test_h200_the_day_before_the_lane_meets_presumption_of_denial():
    assert lane_and_policy(order(), LANE_DAY - timedelta(days=1)) == (Lane.LICENCE_REQUIRED, ReviewPolicy.DENIAL)
    assert lane_and_policy(order(), LANE_DAY) == (Lane.LICENCE_REQUIRED, ReviewPolicy.CASE_BY_CASE)


@pytest.mark.parametrize(
    ("changes", "policy"),
    [
        ({"tpp": Decimal("20999.9")}, ReviewPolicy.CASE_BY_CASE),
        ({"tpp": Decimal(21000)}, ReviewPolicy.DENIAL),
        ({"dram_bandwidth_gb_s": Decimal("6499.9")}, ReviewPolicy.CASE_BY_CASE),
        ({"dram_bandwidth_gb_s": Decimal(6500)}, ReviewPolicy.DENIAL),
        ({"is_us_commercial": False}, ReviewPolicy.DENIAL),
    ],
)
def test_lane_gate_at_its_bound_is_exclusive(changes, policy):
    assert answer(order(item_of("h200-sxm", **changes))).review_policy is policy


@pytest.mark.parametrize("chip", ["h800-sxm", "a800-80gb"])
def test_part_never_sold_in_the_us_is_outside_the_lane_although_its_numbers_fit(chip):
    assert answer(order(chip)).review_policy is ReviewPolicy.DENIAL


@pytest.mark.parametrize("origin", ["SG", "CN"])
def test_lane_not_from_the_us_stays_shut(origin):
    found = answer(order(origin=origin))
    assert (found.review_policy, found.certifications) == (ReviewPolicy.DENIAL, ())


def test_lane_with_us_availability_not_stated_leaves_the_policy_open_and_names_the_fact():
    found = answer(order(item_of("h200-sxm", is_us_commercial=None)))
    assert (found.lane, found.review_policy) == (Lane.LICENCE_REQUIRED, None)
    assert "item.is_us_commercial" in missing(found)


@pytest.mark.parametrize(
    ("share", "cap", "policy"),
    [("50", None, ReviewPolicy.CASE_BY_CASE), ("50.1", None, ReviewPolicy.DENIAL), ("41", "40", ReviewPolicy.DENIAL)],
)
def test_certified_share_over_its_cap_shuts_the_lane(share, cap, policy):
    evidence = EvidenceFacts((), Decimal(share), None if cap is None else Decimal(cap))
    assert answer(order(evidence=evidence)).review_policy is policy


def test_certification_with_its_evidence_is_held_the_others_missing():
    states = {each.id: each.state for each in answer(order(evidence=EvidenceFacts(("C1", "C7")))).certifications}
    assert states["C1"] is states["C7"] is CertificationState.HELD
    assert states["C2"] is CertificationState.MISSING


@pytest.mark.parametrize(
    ("to", "lane"),
    [
        ("DE", Lane.NO_REQUIREMENT_FOUND),
        ("SG", Lane.NO_REQUIREMENT_FOUND),
        ("IL", Lane.NO_REQUIREMENT_FOUND),
        ("VN", Lane.LICENCE_REQUIRED),
        ("SA", Lane.LICENCE_REQUIRED),
        ("RU", Lane.LICENCE_REQUIRED),
        ("HK", Lane.LICENCE_REQUIRED),
        ("MO", Lane.LICENCE_REQUIRED),
        ("US", Lane.NO_REQUIREMENT_FOUND),
    ],
)
def test_destination_by_country_group_decides(to, lane):
    assert answer(order(to=to)).lane is lane


def test_germany_says_that_the_codified_text_is_not_enforced():
    found = answer(order(to="DE"))
    assert any(each.rule == "destination.worldwide" and each.version == "P25a" for each in found.reasons)
    assert any("never rescinded" in text for text in found.unverified)


@pytest.mark.parametrize("to", ["DE", "SG", "MY"])
@pytest.mark.parametrize("where", [{"hq": "CN"}, {"parent": "CN"}, {"hq": "MO"}, {"parent": "IR"}])
def test_headquarters_or_parent_in_d5_or_macau_needs_a_licence_anywhere(to, where):
    assert lane_and_policy(order(to=to, parties=(party(to, **where),))) == (Lane.LICENCE_REQUIRED, ReviewPolicy.DENIAL)


def test_headquarters_not_stated_is_undetermined_and_named():
    unknown = replace(party("DE"), ultimate_parent=None)
    found = answer(order(to="DE", parties=(unknown,)))
    assert found.lane is Lane.UNDETERMINED
    assert missing(found) == ["parties.end_user.ultimate_parent"]
    assert any(each.rule.startswith("missing:") for each in found.reasons)


def test_no_end_user_named_is_undetermined_outside_the_enforced_destinations():
    assert missing(answer(order(to="DE", parties=()))) == ["parties.end_user.hq"]
    assert answer(order(parties=())).lane is Lane.LICENCE_REQUIRED


def test_vietnam_is_reviewed_with_presumption_of_approval():
    assert lane_and_policy(order(to="VN")) == (Lane.LICENCE_REQUIRED, ReviewPolicy.APPROVAL)


@pytest.mark.parametrize(
    ("on", "is_cleared", "lane"),
    [
        (date(2026, 7, 9), None, Lane.LICENCE_REQUIRED),
        (date(2026, 7, 10), None, Lane.UNDETERMINED),
        (date(2026, 7, 10), True, Lane.NO_REQUIREMENT_FOUND),
        (date(2026, 7, 10), False, Lane.LICENCE_REQUIRED),
    ],
)
def test_emirates_by_the_day_of_their_rule(on, is_cleared, lane):
    assert answer(order(to="AE", parties=(party("AE", is_uae_cleared=is_cleared),)), on).lane is lane


def test_day_without_a_held_country_table_is_undetermined_and_names_it():
    found = answer(order(to="DE"), date(2026, 7, 22))
    assert found.lane is Lane.UNDETERMINED
    assert "country_groups@2026-07-22" in missing(found)
    assert answer(order(to="DE"), date(2026, 7, 23)).lane is Lane.NO_REQUIREMENT_FOUND


@pytest.mark.parametrize(
    ("to", "on", "lane"),
    [
        ("CN", date(2022, 10, 6), Lane.UNDETERMINED),
        ("CN", date(2022, 10, 7), Lane.LICENCE_REQUIRED),
        ("MO", date(2023, 1, 17), Lane.NO_REQUIREMENT_FOUND),
        ("MO", date(2023, 1, 18), Lane.LICENCE_REQUIRED),
        ("DE", date(2023, 11, 16), Lane.NO_REQUIREMENT_FOUND),
    ],
)
def test_rule_of_2022_by_place_and_day(to, on, lane):
    assert answer(order(to=to), on).lane is lane


@pytest.mark.parametrize(
    ("chip", "to", "on", "symbols"),
    [
        ("rtx-4090", "CN", TODAY, ["NAC"]),
        ("l40", "CN", TODAY, ["NAC"]),
        ("l40", "VN", TODAY, ["ACA"]),
        ("rtx-4090", "CN", date(2023, 11, 17), ["NAC"]),
        ("l40", "CN", date(2024, 4, 3), ["NAC"]),
    ],
)
def test_exception_for_the_lesser_items_is_offered_with_preconditions(chip, to, on, symbols):
    found = answer(order(chip, to), on)
    assert found.lane is Lane.EXCEPTION
    assert [each.symbol for each in found.exceptions] == symbols
    assert all(each.preconditions for each in found.exceptions)


def test_exception_beside_an_entity_list_party_is_not_offered():
    listed = party(listings=(ListingFacts("Entity List", "E-1", ListEffect.ENTITY_LIST),))
    assert answer(order("l40", parties=(listed,))).lane is Lane.LICENCE_REQUIRED


@pytest.mark.parametrize(
    ("exporter", "on", "lane"),
    [
        ("NVIDIA Corporation", TODAY, Lane.LICENCE_REQUIRED),
        ("NVIDIA Corporation", date(2025, 4, 9), Lane.LICENCE_REQUIRED),
        ("NVIDIA Corporation", date(2025, 4, 8), Lane.NO_REQUIREMENT_FOUND),
        ("Harbour Systems Inc", TODAY, Lane.NO_REQUIREMENT_FOUND),
        (None, TODAY, Lane.UNDETERMINED),
    ],
)
def test_letter_binds_its_addressee_from_its_day(exporter, on, lane):
    assert answer(order("h20", exporter=exporter), on).lane is lane


def test_letter_to_another_exporter_is_a_red_flag():
    flags = [each for each in answer(order("h20", exporter="Harbour Systems Inc")).reasons if each.is_flag]
    assert [each.rule for each in flags] == ["letter.2025-04"]


def test_letter_with_the_exporter_not_stated_names_it():
    assert missing(answer(order("h20"))) == ["exporter.name"]


@pytest.mark.parametrize(
    ("tpp", "bandwidth", "rate"),
    [
        ("14000", "4800", None),
        ("14000.1", "4800", "0.25"),
        ("17499.9", "4800", "0.25"),
        ("17500", "4800", None),
        ("15832", "4500", None),
        ("15832", "4500.1", "0.25"),
        ("15832", "5000", None),
        ("20800", "6000", None),
        ("20800.1", "6000", "0.25"),
        ("21100", "6000", None),
        ("20919", "5800", None),
        ("20919", "6200", None),
    ],
)
def test_duty_band_excludes_its_edges(tpp, bandwidth, rate):
    item = item_of("h200-sxm", tpp=Decimal(tpp), dram_bandwidth_gb_s=Decimal(bandwidth))
    assert answer(order(item)).duty_rate == (None if rate is None else Decimal(rate))


@pytest.mark.parametrize(
    ("chip", "rate"), [("h200-sxm", "0.25"), ("h200-nvl", None), ("mi325x", "0.25"), ("h100-sxm", None)]
)
def test_duty_of_a_chip_of_the_catalogue(chip, rate):
    assert answer(order(chip)).duty_rate == (None if rate is None else Decimal(rate))


def test_duty_free_use_counts_once_confirmed_in_writing():
    stated, confirmed = (
        EndUseFacts(duty_free_use="us_data_centre", duty_free_use_confirmed=yes) for yes in (False, True)
    )
    assert answer(order(end_use=stated)).duty_rate == Decimal("0.25")
    assert answer(order(end_use=confirmed)).duty_rate == 0


def test_duty_before_its_day_or_off_us_soil_does_not_apply():
    assert answer(order(), date(2026, 1, 14)).duty_rate is None
    assert answer(order(origin="SG")).duty_rate is None


def listed(effect):
    return party(listings=(ListingFacts("a list", "entry 1", effect),))


@pytest.mark.parametrize(
    ("effect", "lane"),
    [
        (ListEffect.PROHIBITS, Lane.PROHIBITED),
        (ListEffect.ENTITY_LIST, Lane.LICENCE_REQUIRED),
        (ListEffect.MILITARY_END_USER, Lane.LICENCE_REQUIRED),
        (ListEffect.UNVERIFIED, Lane.NO_REQUIREMENT_FOUND),
        (ListEffect.FLAG_ONLY, Lane.NO_REQUIREMENT_FOUND),
    ],
)
def test_list_entry_has_the_effect_of_its_authority(effect, lane):
    assert answer(order("t4", parties=(listed(effect),))).lane is lane


def owned(*shares):
    entry = ListingFacts("Entity List", "E-1", ListEffect.ENTITY_LIST)
    return party(owners=tuple(OwnerFacts(f"Owner {n}", share, (entry,)) for n, share in enumerate(shares)))


@pytest.mark.parametrize(
    ("shares", "lane"),
    [
        ((Decimal("49.9"),), Lane.NO_REQUIREMENT_FOUND),
        ((Decimal(50),), Lane.LICENCE_REQUIRED),
        ((Decimal(30), Decimal(20)), Lane.LICENCE_REQUIRED),
        ((Decimal(30), None), Lane.UNDETERMINED),
    ],
)
def test_affiliate_by_aggregate_share_of_listed_owners(shares, lane):
    assert answer(order("t4", parties=(owned(*shares),))).lane is lane


@pytest.mark.parametrize(
    ("on", "lane"),
    [
        (date(2025, 9, 28), Lane.NO_REQUIREMENT_FOUND),
        (date(2025, 9, 29), Lane.LICENCE_REQUIRED),
        (date(2025, 11, 9), Lane.LICENCE_REQUIRED),
        (date(2025, 11, 10), Lane.NO_REQUIREMENT_FOUND),
        (date(2026, 11, 9), Lane.NO_REQUIREMENT_FOUND),
        (date(2026, 11, 10), Lane.LICENCE_REQUIRED),
    ],
)
def test_affiliates_rule_is_switched_by_its_dates(on, lane):
    assert answer(order("t4", parties=(owned(Decimal(60)),)), on).lane is lane


def test_affiliates_banner_stands_once_the_stay_has_ended():
    def banner(on):
        return any("Affiliates" in text for text in answer(order(), on).unverified)

    assert not banner(date(2026, 11, 9))
    assert banner(date(2026, 11, 10))


def test_military_end_use_in_china_needs_a_licence_for_any_chip():
    assert lane_and_policy(order("t4", end_use=EndUseFacts(is_military=True))) == (
        Lane.LICENCE_REQUIRED,
        ReviewPolicy.DENIAL,
    )


@pytest.mark.parametrize("changes", [{"ordered_beside": ("Huawei Ascend 910C",)}, {}])
def test_gp10_flag_stands_wherever_an_ascend_chip_is_named(changes):
    flagged = any(each.rule == "gp10" for each in answer(order(**changes)).reasons)
    assert flagged is bool(changes)


def test_embargoed_destination_is_never_without_a_requirement():
    assert answer(order("t4", "IR")).lane is Lane.LICENCE_REQUIRED


def test_install_country_counts_as_a_destination():
    facts = order(to="SG", route=RouteFacts("US", "SG", install_country="CN"))
    assert answer(facts).lane is Lane.LICENCE_REQUIRED


def test_upcoming_dates_are_those_ahead():
    assert [each.on for each in answer(order()).upcoming] == [date(2026, 12, 31), date(2027, 1, 10)]
    assert answer(order(), date(2027, 1, 10)).upcoming == ()


EDGES = {
    *(date(2022, 10, 7), date(2023, 11, 17), date(2026, 1, 15)),
}


def test_answer_changes_only_at_the_dates_of_the_rules():
    day, last, changed = date(2022, 10, 1), None, set()
    while day <= TODAY:
        found = lane_and_policy(order(), day)
        if last is not None and found != last:
            changed.add(day)
        last, day = found, day + timedelta(days=1)
    assert changed <= EDGES
