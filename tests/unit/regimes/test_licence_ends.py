"""The ends of licences on file are dates ahead of each side's own answer, the last day included."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from procurement.regimes import prc_import, us_ear
from procurement.regimes.facts import LicenceFacts
from procurement.regimes.plain import from_plain, to_plain
from tests.unit.regimes.facts_made import TODAY, order

DAY = timedelta(days=1)
SHIP, USE = TODAY + 30 * DAY, TODAY + 300 * DAY
PAPERS = (
    LicenceFacts("exporter", "D1", SHIP, USE), LicenceFacts("exporter", "D1", SHIP, USE),
    LicenceFacts("importer", "I1", SHIP + DAY),
)  # fmt: skip


def ends(regime, on):
    facts = replace(order(), licences=PAPERS)
    return [(each.on, each.text) for each in regime.determine(facts, on=on).upcoming if each.rule == "licence"]


@pytest.mark.parametrize(
    ("on", "found"),
    [
        (TODAY, [(SHIP, "last day of shipment under licence D1"), (USE, "last day of use under licence D1")]),
        (SHIP, [(SHIP, "last day of shipment under licence D1"), (USE, "last day of use under licence D1")]),
        (SHIP + DAY, [(USE, "last day of use under licence D1")]),
        (USE + DAY, []),
    ],
)
def test_ends_of_the_exporter_s_licence_stand_in_the_us_answer(on, found):
    assert ends(us_ear, on) == found


def test_ends_of_the_importer_s_approval_stand_in_the_answer_of_its_own_side():
    assert ends(prc_import, TODAY) == [(SHIP + DAY, "last day of shipment under licence I1")]


def test_an_end_changes_no_part_of_the_answer_but_the_dates_ahead():
    bare, held = (us_ear.determine(each, on=TODAY) for each in (order(), replace(order(), licences=PAPERS)))
    assert replace(held, upcoming=()) == replace(bare, upcoming=())


def test_facts_with_licences_read_back_and_those_without_still_do():
    facts = replace(order(), licences=PAPERS)
    assert from_plain(type(facts), to_plain(facts)) == facts
    plain = to_plain(order())
    del plain["licences"]
    assert from_plain(type(facts), plain) == order()
    assert date.fromisoformat(to_plain(facts)["licences"][0]["ship_until"]) == SHIP
