"""The red-flag catalogue by date, the flags that are computed, and that no flag ever moves a lane."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procurement.regimes import geography, us_ear
from procurement.regimes.dated import Confidence, LawFault
from procurement.regimes.facts import (
    EndUseFacts,
    HistoryFacts,
    ImportFacts,
    ListEffect,
    ListingFacts,
    OwnerFacts,
    PartyRole,
    RemoteUserFacts,
    RouteFacts,
    SiteFacts,
    TransactionFacts,
)
from procurement.regimes.law_files import parsed
from procurement.regimes.plain import from_plain, to_plain
from procurement.regimes.us_ear.computed_flags import flag_of
from tests.unit.regimes.facts_made import TODAY, item_of, order, party

DAY = timedelta(days=1)
ALL = [f"RF{number:02}" for number in range(1, 46)]


def ids(on):
    return [flag.id for flag in us_ear.catalogue(on)]


def flags(facts, on=TODAY):
    return sorted(
        {flag for each in us_ear.determine(facts, on=on).reasons if each.is_flag and (flag := flag_of(each.text))}
    )


def test_catalogue_today_holds_all_45_each_cited():
    held = us_ear.catalogue(TODAY)
    assert [flag.id for flag in held] == ALL
    assert all(flag.text and flag.citation and flag.source for flag in held)


FIRST_DAYS = [
    *[(f"RF{n}", date(2024, 12, 2)) for n in range(20, 28)],
    *[(f"RF{n}", date(2025, 5, 13)) for n in (30, 31, 32, 33, 34, 35, 36, 37, 38)],
    *[(f"RF{n}", date(2025, 12, 8)) for n in (40, 41, 42)],
    ("RF28", date(2025, 1, 13)),
    ("RF29", date(2025, 9, 29)),
    ("RF39", date(2026, 5, 31)),
    ("RF43", date(2026, 3, 31)),
]


@pytest.mark.parametrize(("flag", "first"), FIRST_DAYS)
def test_flag_stands_from_the_day_of_its_rule(flag, first):
    assert flag not in ids(first - DAY)
    assert flag in ids(first)
    assert flag in ids(TODAY)


@pytest.mark.parametrize(
    ("on", "is_stayed"),
    [
        (date(2025, 11, 9), False),
        (date(2025, 11, 10), True),
        (date(2026, 11, 9), True),
        (date(2026, 11, 10), False),
    ],
)
def test_listed_owner_flag_is_kept_through_the_stay_and_says_so(on, is_stayed):
    flag = next(each for each in us_ear.catalogue(on) if each.id == "RF29")
    assert ("stayed" in flag.note) is is_stayed
    owner = OwnerFacts("Granite Optics", None, (ListingFacts("Entity List", "E-1", ListEffect.ENTITY_LIST),))
    found = us_ear.determine(order("t4", parties=(party(owners=(owner,)),)), on=on)
    said = next(each.text for each in found.reasons if flag_of(each.text) == "RF29")
    assert ("stayed" in said) is is_stayed


def test_flag_held_from_memory_says_what_to_check():
    flag = next(each for each in us_ear.catalogue(TODAY) if each.id == "RF38")
    assert flag.confidence is Confidence.MEMORY
    assert "To be checked" in flag.note


def test_model_training_flag_says_that_its_rule_is_not_enforced():
    assert "not enforced" in next(each.note for each in us_ear.catalogue(TODAY) if each.id == "RF28")


def varied(name, old, new):
    texts = us_ear.LAW.texts()
    assert old in texts[name]
    return {**texts, name: texts[name].replace(old, new, 1)}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("rule: red-flags.headquarters", "rule: red-flags.nobody", "no rule is called red-flags.nobody"),
        ("source: [E]", "source: [X]", "no source is called X"),
        ("id: RF45", "id: RF01", "in order, each once"),
        ("is_computed: true", "is_guessed: true", "unknown key is_guessed"),
    ],
)
def test_catalogue_with_a_fault_is_refused_naming_the_file(old, new, words):
    with pytest.raises(LawFault, match=f"us_ear/red_flags.yaml.*{words}"):
        us_ear.LAW.book(varied("us_ear/red_flags.yaml", old, new))


def test_rule_set_without_a_catalogue_answers_with_an_empty_one():
    texts = {name: text for name, text in us_ear.LAW.texts().items() if not name.endswith("red_flags.yaml")}
    assert us_ear.catalogue(TODAY, us_ear.LAW.book(texts)) == ()


def test_every_country_lies_in_one_part_of_the_world():
    regions = parsed(us_ear.LAW.texts()["us_ear/regions.yaml"], "regions.yaml")["regions"]
    assert sorted(code for codes in regions.values() for code in codes) == sorted(geography.countries())


LISTED = (ListingFacts("Entity List", "E-1", ListEffect.ENTITY_LIST),)
RAISED = [
    ("RF09", {"parties": (party("SG", is_forwarder=True),)}),
    ("RF10", {"route": RouteFacts("US", "SG", via=("AE",))}),
    ("RF21", {"parties": (replace(party("SG"), ultimate_parent=None),)}),
    ("RF29", {"parties": (party("SG", owners=(OwnerFacts("Granite Optics", None, LISTED),)),)}),
    ("RF30", {"history": HistoryFacts(first_advanced_order=date(2022, 10, 7), is_large_order=True)}),
    ("RF33", {"site": SiteFacts(Decimal(900), Decimal("900.1"))}),
    ("RF35", {"route": RouteFacts("US", "SG", install_country="MY")}),
    ("RF36", {"parties": (replace(party("SG"), hq=None),)}),
    ("RF37", {"remote_users": (RemoteUserFacts("Lantern Labs", "CN"),)}),
    ("RF37", {"remote_users": (RemoteUserFacts("Lantern Labs", "MO"),)}),
    ("RF37", {"remote_users": (RemoteUserFacts("Lantern Labs", None),)}),
    ("RF37", {"remote_users": (RemoteUserFacts(" ", "SG"),)}),
    ("RF37", {"end_use": EndUseFacts(is_service_to_others=True)}),
    ("RF39", {"parties": (party("SG", parent="CN"),)}),
    ("RF44", {"history": HistoryFacts(units_under_cap=900, cap_units=1000)}),
    ("RF44", {"history": HistoryFacts(orders_in_90_days=3)}),
    ("RF45", {"history": HistoryFacts(overdue=("acknowledgement of condition 4",))}),
]
NOT_RAISED = [
    ("RF09", {"parties": (party("SG", is_forwarder=True, role=PartyRole.INTERMEDIATE_CONSIGNEE),)}),
    ("RF10", {"route": RouteFacts("US", "SG", via=("MY", "CA"))}),
    ("RF30", {"history": HistoryFacts(first_advanced_order=date(2022, 10, 6), is_large_order=True)}),
    ("RF30", {"history": HistoryFacts(first_advanced_order=date(2022, 10, 7), is_large_order=False)}),
    ("RF33", {"site": SiteFacts(Decimal(900), Decimal(900))}),
    ("RF33", {"site": SiteFacts(None, Decimal(900))}),
    ("RF35", {"route": RouteFacts("US", "SG", install_country="SG")}),
    ("RF37", {"remote_users": (RemoteUserFacts("Lantern Labs", "SG"),)}),
    ("RF44", {"history": HistoryFacts(units_under_cap=899, cap_units=1000, orders_in_90_days=2)}),
]


@pytest.mark.parametrize(("flag", "changes"), RAISED)
def test_flag_is_raised_by_its_fact(flag, changes):
    assert flag in flags(order(to="SG", **changes))


@pytest.mark.parametrize(("flag", "changes"), NOT_RAISED)
def test_flag_is_not_raised_short_of_its_fact(flag, changes):
    assert flag not in flags(order(to="SG", **changes))


@pytest.mark.parametrize(("quantity", "is_raised"), [(999, False), (1000, True), (1001, True)])
def test_first_order_is_large_from_a_thousand_devices_where_nobody_said(quantity, is_raised):
    history = HistoryFacts(first_advanced_order=date(2026, 1, 1))
    found = flags(order(item_of("h200-sxm", quantity=quantity), history=history))
    assert ("RF30" in found) is is_raised


def test_plain_order_raises_nothing():
    assert flags(order(to="SG")) == []


def test_computed_flags_are_those_the_catalogue_says():
    said = {flag.id for flag in us_ear.catalogue(TODAY) if flag.is_computed}
    assert said == {flag for flag, _ in RAISED}


def test_flag_before_its_rule_is_not_raised():
    facts = order(to="CN", parties=(party("SG", parent="CN"),))
    assert "RF39" not in flags(facts, date(2026, 5, 30))
    assert "RF39" in flags(facts, date(2026, 5, 31))


GP10 = [
    {"ordered_beside": ("Huawei Ascend 910C",)},
    {"imports": ImportFacts(domestic_alternatives=("Ascend 910B",))},
    {"imports": ImportFacts(co_purchased=("昇腾 910C",))},
    {"imports": ImportFacts(domestic_reason="The Huawei 910D has no kernels for it.")},
    {"item": replace(item_of("h200-sxm"), name="Some NPU", maker_country="CN")},
]


@pytest.mark.parametrize("changes", GP10)
def test_gp10_flag_stands_wherever_an_ascend_chip_is_dealt_in_weighed_or_bought_beside(changes):
    def stands(on):
        found = us_ear.determine(order(**{"item": "h200-sxm", **changes}), on=on)
        return any(each.rule == "gp10" and each.is_flag for each in found.reasons)

    assert stands(TODAY)
    assert stands(date(2025, 5, 13))
    assert not stands(date(2025, 5, 12))


days = st.none() | st.dates(date(2020, 1, 1), TODAY)
counts = st.none() | st.integers(0, 2000)
powers = st.none() | st.decimals(0, 10000, places=1)
histories = st.builds(HistoryFacts, days, st.none() | st.booleans(), counts, counts, counts, st.just(("proof 7",)))
flag_facts = st.fixed_dictionaries(
    {
        "history": histories,
        "site": st.builds(SiteFacts, powers, powers),
        "remote_users": st.lists(
            st.builds(RemoteUserFacts, st.sampled_from(["", "Lantern Labs"]), st.sampled_from([None, "CN", "SG"])),
            max_size=2,
        ).map(tuple),
    }
)


@settings(deadline=None)
@given(
    changes=flag_facts,
    via=st.lists(st.sampled_from(["AE", "CN", "MY", "US"]), max_size=2),
    is_forwarder=st.booleans(),
    to=st.sampled_from(["CN", "SG", "VN", "DE"]),
    chip=st.sampled_from(["h200-sxm", "l40", "t4"]),
    on=st.dates(date(2022, 10, 7), TODAY),
)
def test_no_computed_flag_ever_changes_the_answer(changes, via, is_forwarder, to, chip, on):
    plain = order(chip, to)
    flagged = replace(
        plain,
        **changes,
        route=replace(plain.route, via=tuple(via)),
        parties=tuple(replace(each, is_forwarder=is_forwarder) for each in plain.parties),
    )

    def decided(facts):
        found = us_ear.determine(facts, on=on)
        parts = (found.lane, found.review_policy, found.eccn, found.exceptions, found.certifications, found.duty_rate)
        return (*parts, found.missing, found.tree, tuple(each for each in found.reasons if not each.is_flag))

    assert decided(flagged) == decided(plain)


def test_facts_stored_before_the_flags_still_read_back():
    plain = to_plain(order())
    for name in ("history", "site"):
        del plain[name]
    del plain["item"]["memory_area_mm2"], plain["parties"][0]["is_forwarder"], plain["end_use"]["is_service_to_others"]
    assert from_plain(TransactionFacts, plain) == order()


def test_new_facts_round_trip():
    tree = OwnerFacts("Granite Optics", Decimal(60), hq="SG", owners=(OwnerFacts("Far Shore", None, hq="CN"),))
    facts = order(parties=(party(owners=(tree,)),), history=HistoryFacts(date(2026, 1, 1), overdue=("a", "b")))
    assert from_plain(TransactionFacts, to_plain(facts)) == facts
