"""US regime: validated end users, memory sold alone, end uses, owners' tree, .z twins, reexports, embargoes by name."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from procurement.regimes import us_ear
from procurement.regimes.dated import Confidence
from procurement.regimes.facts import (
    EndUseFacts,
    Form,
    ListEffect,
    ListingFacts,
    OwnerFacts,
    RouteFacts,
)
from procurement.regimes.lanes import Lane, ReviewPolicy
from tests.unit.regimes.facts_made import TODAY, item_of, order, party

DAY = timedelta(days=1)


def answer(facts, on=TODAY):
    return us_ear.determine(facts, on=on)


def symbols(found):
    return [route.symbol for route in found.exceptions]


def missing(found):
    return [lack.fact for lack in found.missing]


def said(found):
    return [each.text for each in found.reasons]


# Validated end users of data centres


def validated(to="SA", is_validated=True, **changes):
    return order(to=to, parties=(party(to, is_validated_end_user=is_validated, **changes),))


@pytest.mark.parametrize(("is_validated", "found"), [(True, ["VEU"]), (False, []), (None, [])])
def test_validated_end_user_needs_no_licence_and_an_unknown_is_not_applied(is_validated, found):
    got = answer(validated(is_validated=is_validated))
    assert symbols(got) == found
    assert got.lane is (Lane.EXCEPTION if found else Lane.LICENCE_REQUIRED)
    assert any("Supplement no. 7" in text for text in got.unverified) is bool(found)


def test_validated_end_user_is_applied_from_its_day():
    facts = validated("AE")
    assert symbols(answer(facts, date(2024, 10, 1))) == []
    assert symbols(answer(facts, date(2024, 10, 2))) == ["VEU"]


@pytest.mark.parametrize("facts", [validated("CN"), validated("SA", parent="CN")])
def test_validated_end_user_with_d5_in_play_is_not_applied_and_says_so(facts):
    got = answer(facts)
    assert got.lane is Lane.LICENCE_REQUIRED
    assert any("validated end users was not applied" in text for text in got.unverified)


def test_validated_end_user_beside_an_entity_list_entry_is_not_applied():
    entry = ListingFacts("Entity List", "E-1", ListEffect.ENTITY_LIST)
    assert symbols(answer(validated(listings=(entry,)))) == []


# Memory sold alone


def memory(bandwidth="1200", area="121", **changes):
    held = {"dram_bandwidth_gb_s": bandwidth and Decimal(bandwidth), "memory_area_mm2": area and Decimal(area)}
    figures = {name: value or None for name, value in held.items()}
    return item_of("h200-sxm", form=Form.MEMORY_STACK, tpp=None, die_area_mm2=None, **figures, **changes)


@pytest.mark.parametrize(
    ("bandwidth", "lane"),
    [
        ("199.9", Lane.NO_REQUIREMENT_FOUND),
        ("200", Lane.NO_REQUIREMENT_FOUND),
        ("200.1", Lane.EXCEPTION),
        ("329.9", Lane.EXCEPTION),
        ("330", Lane.LICENCE_REQUIRED),
        ("330.1", Lane.LICENCE_REQUIRED),
    ],
)
def test_memory_is_listed_above_2_and_excepted_below_3_3(bandwidth, lane):
    got = answer(order(memory(bandwidth, "100")))
    assert got.lane is lane
    assert got.eccn == (None if lane is Lane.NO_REQUIREMENT_FOUND else "3A090.c")
    assert symbols(got) == (["HBM"] if lane is Lane.EXCEPTION else [])


@pytest.mark.parametrize(
    ("to", "lane"),
    [
        ("CN", Lane.LICENCE_REQUIRED),
        ("MO", Lane.LICENCE_REQUIRED),
        ("HK", Lane.LICENCE_REQUIRED),
        ("SG", Lane.NO_REQUIREMENT_FOUND),
        ("SA", Lane.NO_REQUIREMENT_FOUND),
    ],
)
def test_memory_needs_a_licence_to_macau_and_d5_alone(to, lane):
    assert answer(order(memory(), to)).lane is lane


@pytest.mark.parametrize(
    ("on", "lane", "eccn"),
    [
        (date(2024, 12, 1), Lane.NO_REQUIREMENT_FOUND, None),
        (date(2024, 12, 2), Lane.NO_REQUIREMENT_FOUND, "3A090.c"),
        (date(2024, 12, 30), Lane.NO_REQUIREMENT_FOUND, "3A090.c"),
        (date(2024, 12, 31), Lane.LICENCE_REQUIRED, "3A090.c"),
    ],
)
def test_memory_is_asked_for_from_the_day_of_compliance(on, lane, eccn):
    got = answer(order(memory()), on)
    assert (got.lane, got.eccn) == (lane, eccn)
    assert any("compliance is asked from 2024-12-31" in text for text in said(got)) is (
        date(2024, 12, 2) <= on < date(2024, 12, 31)
    )


@pytest.mark.parametrize(
    ("item", "lack"),
    [(memory(area=None), "item.memory_area_mm2"), (memory(bandwidth=None), "item.dram_bandwidth_gb_s")],
)
def test_memory_without_its_figures_is_undetermined_and_names_them(item, lack):
    got = answer(order(item))
    assert got.lane is Lane.UNDETERMINED
    assert missing(got) == [lack]


def test_memory_on_a_day_without_a_table_is_undetermined_and_names_it():
    assert missing(answer(order(memory(), "DE"), date(2025, 6, 1))) == ["country_groups@2025-06-01"]


def test_memory_bears_no_duty_and_no_letter():
    got = answer(order(memory(), exporter="NVIDIA"))
    assert got.duty_rate is None
    assert not any("letter" in version for version in got.rule_versions)


def test_memory_to_a_listed_party_has_no_exception():
    entry = ListingFacts("Entity List", "E-1", ListEffect.ENTITY_LIST)
    got = answer(order(memory("250", "100"), parties=(party(listings=(entry,)),)))
    assert (got.lane, symbols(got)) == (Lane.LICENCE_REQUIRED, [])


# End uses


@pytest.mark.parametrize(
    ("to", "on", "lane"),
    [
        ("CN", TODAY, Lane.LICENCE_REQUIRED),
        ("KH", TODAY, Lane.LICENCE_REQUIRED),
        ("VE", date(2022, 10, 7), Lane.LICENCE_REQUIRED),
        ("NI", date(2024, 3, 14), Lane.NO_REQUIREMENT_FOUND),
        ("NI", date(2024, 3, 15), Lane.LICENCE_REQUIRED),
        ("SG", TODAY, Lane.NO_REQUIREMENT_FOUND),
    ],
)
def test_military_end_use_by_place_and_day(to, on, lane):
    assert answer(order("t4", to, end_use=EndUseFacts(is_military=True)), on).lane is lane


def test_military_end_use_not_stated_is_told_where_the_rule_reaches():
    def told(to, is_military=None):
        texts = answer(order("t4", to, end_use=EndUseFacts(is_military=is_military))).unverified
        return any("military is not stated" in text for text in texts)

    assert told("CN")
    assert not told("CN", is_military=False)
    assert not told("SG")


@pytest.mark.parametrize(
    ("to", "who", "lane"),
    [
        ("CN", party("CN"), Lane.LICENCE_REQUIRED),
        ("SG", party("SG", parent="RU"), Lane.LICENCE_REQUIRED),
        ("SG", party("SG"), Lane.NO_REQUIREMENT_FOUND),
    ],
)
def test_military_intelligence_needs_a_licence_wherever_its_user_is(to, who, lane):
    facts = order("t4", to, parties=(who,), end_use=EndUseFacts(is_military_intelligence=True))
    assert answer(facts).lane is lane


def test_supercomputer_on_a_day_without_a_table_is_undetermined():
    got = answer(order("t4", "DE", end_use=EndUseFacts(is_supercomputer=True)), date(2024, 1, 1))
    assert (got.lane, missing(got)) == (Lane.UNDETERMINED, ["country_groups@2024-01-01"])


# Owners


def owned_by(*chain, to="SG"):
    """A party in `to`, owned to 60 % by the first, that one by the second, and so on up; each a country."""
    owner = None
    for hq in reversed(chain):
        owner = OwnerFacts(f"Holding in {hq}", Decimal(60), hq=hq, owners=() if owner is None else (owner,))
    return party(to, owners=(owner,))


@pytest.mark.parametrize(
    ("chain", "lane"),
    [
        (("CN",), Lane.LICENCE_REQUIRED),
        (("SG", "CN"), Lane.LICENCE_REQUIRED),
        (("SG", "DE", "MO"), Lane.LICENCE_REQUIRED),
        (("SG", "DE"), Lane.NO_REQUIREMENT_FOUND),
        (("CN", "DE"), Lane.NO_REQUIREMENT_FOUND),
    ],
)
def test_headquarters_rule_follows_the_majority_owners_to_the_top(chain, lane):
    assert answer(order(to="SG", parties=(owned_by(*chain),))).lane is lane


def test_owner_between_that_is_run_from_d5_is_a_red_flag():
    assert any(text.startswith("RF39") for text in said(answer(order(to="SG", parties=(owned_by("CN", "DE"),)))))


@pytest.mark.parametrize(
    ("share", "lane"),
    [
        ("49.9", Lane.NO_REQUIREMENT_FOUND),
        ("50", Lane.NO_REQUIREMENT_FOUND),
        ("50.1", Lane.LICENCE_REQUIRED),
        (None, Lane.NO_REQUIREMENT_FOUND),
    ],
)
def test_owner_is_the_parent_above_half_alone(share, lane):
    owner = OwnerFacts("Holding", None if share is None else Decimal(share), hq="CN")
    assert answer(order(to="SG", parties=(party("SG", owners=(owner,)),))).lane is lane


ENTRY = (ListingFacts("Entity List", "E-1", ListEffect.ENTITY_LIST),)


@pytest.mark.parametrize(
    ("lower", "upper", "lane"),
    [
        ("50", "50", Lane.LICENCE_REQUIRED),
        ("50", "49.9", Lane.NO_REQUIREMENT_FOUND),
        ("49.9", "100", Lane.NO_REQUIREMENT_FOUND),
        ("50", None, Lane.UNDETERMINED),
    ],
)
def test_affiliates_rule_is_asked_anew_at_each_tier(lower, upper, lane):
    top = OwnerFacts("Granite Optics", None if upper is None else Decimal(upper), ENTRY)
    middle = OwnerFacts("Middle Holding", Decimal(lower), owners=(top,))
    assert answer(order("t4", parties=(party(owners=(middle,)),))).lane is lane


def test_listed_owner_short_of_the_bound_leaves_the_exceptions():
    small = OwnerFacts("Granite Optics", Decimal(10), ENTRY)
    assert symbols(answer(order("l40", parties=(party(owners=(small,)),)))) == ["NAC"]


def test_owner_with_whom_dealing_is_prohibited_is_told_even_through_the_stay():
    blocked = (ListingFacts("SDN", "S-1", ListEffect.PROHIBITS),)
    facts = order("t4", parties=(party(owners=(OwnerFacts("Iron Gate", Decimal(50), blocked),)),))
    found = answer(facts, date(2026, 11, 9))
    assert found.lane is Lane.NO_REQUIREMENT_FOUND
    assert any("OFAC treats it as blocked" in text for text in said(found))


# The entry to write


@pytest.mark.parametrize(
    ("chip", "changes", "eccn"),
    [
        ("h200-sxm", {"has_encryption": True, "is_mass_market": True}, "5A992.z.1"),
        ("l40", {"has_encryption": True, "is_mass_market": True}, "5A992.z.2"),
        ("h200-sxm", {"has_encryption": True, "is_mass_market": False}, "5A002.z"),
        ("h200-sxm", {"has_encryption": True, "other_eccn": "5A004"}, "5A004.z"),
        ("h200-sxm", {"has_encryption": True, "other_eccn": "4A003"}, "5A992.z.1"),
        ("h200-sxm", {"has_encryption": False, "other_eccn": "4A003"}, "4A003.z"),
        ("l40", {"has_encryption": False, "other_eccn": "4A005"}, "4A005.z"),
        ("h200-sxm", {"has_encryption": False, "other_eccn": "9A999"}, "4A090.a"),
        ("l40", {"has_encryption": False}, "4A090.b"),
        ("t4", {"has_encryption": True}, None),
    ],
)
def test_server_has_the_entry_that_its_other_facts_give(chip, changes, eccn):
    assert answer(order(item_of(chip, form=Form.SERVER, **changes))).eccn == eccn


@pytest.mark.parametrize(
    ("changes", "eccn"), [({"other_eccn": "3A001"}, "3A001.z"), ({"has_encryption": True}, "5A992.z.1")]
)
def test_bare_chip_has_its_twin(changes, eccn):
    assert answer(order(item_of("h200-sxm", form=Form.BARE_CHIP, **changes))).eccn == eccn


def test_server_with_encryption_not_stated_asks_for_it():
    found = answer(order(item_of("h200-sxm", form=Form.SERVER)))
    assert missing(found) == ["item.has_encryption"]
    assert found.lane is Lane.LICENCE_REQUIRED


@pytest.mark.parametrize(("form", "eccn"), [(Form.BARE_CHIP, "3A090"), (Form.SERVER, "4A090")])
def test_entry_of_2022_knows_no_twin(form, eccn):
    assert answer(order(item_of("h200-sxm", form=form, has_encryption=True)), date(2023, 1, 1)).eccn == eccn


# Reexports, worldwide text, embargoes, duty


@pytest.mark.parametrize(
    ("route", "on", "words"),
    [
        (RouteFacts("KR", "CN"), date(2026, 9, 1), "South Korea is reported"),
        (RouteFacts("KR", "CN"), date(2026, 8, 31), ""),
        (RouteFacts("US", "CN", via=("DE",)), date(2025, 11, 15), "European Union's own controls"),
        (RouteFacts("US", "CN", via=("DE",)), date(2025, 11, 14), ""),
        (RouteFacts("GB", "CN"), date(2026, 1, 15), "the Netherlands have national lists"),
        (RouteFacts("US", "CN", via=("SG",)), date(2025, 4, 1), "Singapore Customs advised"),
        (RouteFacts("US", "CN", via=("SG",)), date(2025, 3, 31), ""),
        (RouteFacts("US", "KR"), date(2026, 9, 1), ""),
    ],
)
def test_controls_of_a_country_that_the_goods_leave_or_pass_are_said_not_to_be_encoded(route, on, words):
    found = [each for each in us_ear.determine(order(route=route), on=on).unverified if "not encoded here" in each]
    assert bool(found) == bool(words)
    assert all(words in each for each in found)


def test_every_version_held_from_memory_says_what_to_check():
    held = [each for each in us_ear.LAW.book().versions if each.confidence is Confidence.MEMORY]
    assert held
    assert [each.id for each in held if not each.verify and not each.rule.startswith("red-flags.")] == []


@pytest.mark.parametrize(("origin", "word"), [("SG", "a reexport"), ("CN", "a transfer in-country"), ("US", None)])
def test_shipment_from_elsewhere_says_what_is_supposed(origin, word):
    found = answer(order(origin=origin))
    assert (word is not None) is any("is supposed" in text and "734.9(h)" in text for text in found.unverified)
    assert word is None or any(word in text for text in found.unverified)


@pytest.mark.parametrize("origin", ["SG", "CN", "HK"])
def test_reexport_and_transfer_never_enter_the_lane_of_2026(origin):
    found = answer(order(origin=origin))
    assert (found.lane, found.review_policy) == (Lane.LICENCE_REQUIRED, ReviewPolicy.DENIAL)


def test_exceptions_of_the_worldwide_text_are_never_offered():
    for to in ("DE", "CN", "VN"):
        assert not {"AIA", "ACM", "LPP"} & set(symbols(answer(order(to=to))))
    assert any("never what is enforced" in text for text in said(answer(order(to="DE"))))


@pytest.mark.parametrize("to", ["IR", "CU", "KP", "SY", "RU", "BY"])
@pytest.mark.parametrize("on", [date(2022, 10, 7), date(2026, 7, 22), TODAY])
def test_embargo_stands_on_every_day_encoded(to, on):
    assert answer(order("t4", to), on).lane is Lane.LICENCE_REQUIRED


def test_duty_says_that_an_import_is_supposed():
    assert any("was imported into the United States" in text for text in answer(order()).unverified)
    arriving = replace(order(), route=RouteFacts("TW", "US"))
    assert answer(arriving).duty_rate == Decimal("0.25")
    assert not any("was imported into the United States" in text for text in answer(arriving).unverified)


@pytest.mark.parametrize(
    "use",
    ["us_data_centre", "us_repair", "us_research", "us_start_up", "consumer", "civil_industrial", "us_public_sector"],
)
def test_every_zero_rate_use_counts_once_confirmed_in_writing(use):
    for confirmed, rate in ((False, Decimal("0.25")), (True, Decimal(0))):
        facts = order(end_use=EndUseFacts(duty_free_use=use, duty_free_use_confirmed=confirmed))
        assert answer(facts).duty_rate == rate


def test_use_that_is_not_on_the_list_pays_the_duty_even_if_confirmed():
    facts = order(end_use=EndUseFacts(duty_free_use="resale", duty_free_use_confirmed=True))
    assert answer(facts).duty_rate == Decimal("0.25")


def test_unverified_party_takes_no_exception_and_gives_a_statement_first():
    unverified = party(listings=(ListingFacts("UVL", "U-1", ListEffect.UNVERIFIED),))
    found = answer(order("l40", parties=(unverified,)))
    assert (found.lane, symbols(found)) == (Lane.LICENCE_REQUIRED, [])
    assert any("statement" in text for text in said(found))
