"""Every rule version and every value at the edges of its period, from the book; and no change between the edges."""

import json
from datetime import date, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procurement.regimes import us_ear
from procurement.regimes.geography import group_table
from procurement.regimes.registry import REGIMES
from tests.unit.regimes.facts_made import order, party
from tests.unit.regimes.us_witnesses import TRANSACTIONS, called_up

DAY = timedelta(days=1)
BOOK = us_ear.LAW.book()
LAST = date(2027, 6, 1)

VERSIONS = [(regime, version) for regime in REGIMES for version in regime.book().versions]
VALUES = [
    (regime, parameter, value)
    for regime in REGIMES
    for parameter in regime.book().parameters.values()
    for value in parameter.values
]


def version_id(row):
    return f"{row[0].id}:{row[1].id}"


def value_id(row):
    return f"{row[0].id}:{row[1].name}@{row[2].effective}"


@pytest.mark.parametrize("row", VERSIONS, ids=version_id)
def test_rule_version_holds_from_its_first_day_to_its_last(row):
    regime, version = row

    def found(on):
        return regime.book().at(on).version(version.rule)

    assert found(version.effective - DAY) != version
    assert found(version.effective) == version
    if version.ends is not None:
        assert found(version.ends) == version
        assert found(version.ends + DAY) != version


@pytest.mark.parametrize("row", VALUES, ids=value_id)
def test_value_holds_from_its_first_day_to_its_last(row):
    _, parameter, value = row
    assert parameter.on(value.effective - DAY) != value
    assert parameter.on(value.effective) == value
    if value.ends is not None:
        assert parameter.on(value.ends) == value
        assert parameter.on(value.ends + DAY) != value


@cache
def called(on):
    return called_up(on)


@pytest.mark.parametrize("version", BOOK.versions, ids=lambda each: each.id)
def test_rule_version_is_called_up_within_its_period_alone(version):
    firsts = [day for day in (version.effective, version.compliance) if day is not None]
    assert any(version.id in called(day) for day in firsts)
    if version.effective > BOOK.begins:
        assert version.id not in called(version.effective - DAY)
    if version.ends is not None:
        assert version.id in called(version.ends)
        assert version.id not in called(version.ends + DAY)


def edges():
    """The days on which an answer may change: those of the book, of its tables, and the ends of what was read."""
    spans = [*BOOK.versions, *(value for parameter in BOOK.parameters.values() for value in parameter.values)]
    table = group_table(BOOK)
    days = {BOOK.begins, BOOK.read_until + DAY, table.as_of}
    days |= {each.compliance for each in BOOK.versions if each.compliance is not None}
    for each in (*spans, *table.changes):
        days |= {each.effective} | ({each.ends + DAY} if each.ends is not None else set())
    return sorted(day for day in days if BOOK.begins <= day <= LAST)


EDGES = edges()


def test_day_of_compliance_is_an_edge_of_the_book():
    assert date(2024, 12, 31) in BOOK.edges()
    assert date(2025, 5, 15) not in BOOK.edges()


def said(facts, on):
    """The answer without its day: a table that is not held is named with the day, which is no change."""
    plain = us_ear.determine(facts, on=on).to_json()
    del plain["on"], plain["upcoming"]
    return json.dumps(plain).replace(f"@{on}", "@the day").replace(f"only, not for {on}", "only, not for the day")


@pytest.mark.parametrize("number", range(len(TRANSACTIONS)))
def test_answer_on_the_last_day_before_an_edge_is_that_of_the_edge_before(number):
    facts = TRANSACTIONS[number]
    for first, following in zip(EDGES, [*EDGES[1:], LAST + DAY], strict=True):
        assert said(facts, first) == said(facts, following - DAY), f"between {first} and {following - DAY}"


chips = st.sampled_from(["h200-sxm", "h20", "l40", "rtx-4090", "a800-80gb", "mi250x", "t4", "b200"])
countries = st.sampled_from(["CN", "HK", "MO", "DE", "SG", "VN", "AE", "SA", "RU", "IR", "IL", "US"])
random_orders = st.builds(
    lambda chip, to, origin, hq, parent, exporter: order(
        chip, to, origin=origin, exporter=exporter, parties=(party(to, hq=hq, parent=parent),)
    ),
    chips,
    countries,
    st.sampled_from(["US", "SG", "CN"]),
    countries,
    countries,
    st.sampled_from([None, "NVIDIA Corporation", "Harbour Systems Inc"]),
)


@settings(deadline=None)
@given(facts=random_orders, data=st.data())
def test_answer_changes_at_no_day_between_two_edges(facts, data):
    number = data.draw(st.integers(0, len(EDGES) - 1))
    first = EDGES[number]
    last = EDGES[number + 1] - DAY if number + 1 < len(EDGES) else LAST
    day = data.draw(st.dates(first, last))
    assert said(facts, day) == said(facts, first)
