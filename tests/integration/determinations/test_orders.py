"""An order's determinations: stored, superseded, replayed."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ledger.models import Entry
from procurement.determinations.models import Determination
from procurement.determinations.replay import recomputed, replay
from procurement.determinations.services import determine_order
from procurement.orders.models import OrderLine
from procurement.parties.models import BuyerClass
from procurement.regimes.lanes import Lane, ReviewPolicy
from tests import factories

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    return factories.make_officer()


def determined(order, officer, now=NOW):
    return {row.regime: row for row in determine_order(actor=officer, order=order, now=now)}


def test_order_of_a_private_cloud_needs_both_licences_case_by_case(officer):
    rows = determined(factories.make_order(), officer)
    assert {name: (row.lane, row.review_policy) for name, row in rows.items()} == {
        "us_ear": (Lane.LICENCE_REQUIRED, ReviewPolicy.CASE_BY_CASE),
        "prc_import": (Lane.LICENCE_REQUIRED, ReviewPolicy.CASE_BY_CASE),
    }
    assert [each["id"] for each in rows["us_ear"].result["certifications"]] == [f"C{n}" for n in range(1, 8)]


def test_order_of_a_state_funded_data_centre_is_held_as_reported(officer):
    operator = factories.make_party(buyer_class=BuyerClass.STATE_FUNDED_DATA_CENTRE)
    site = factories.make_site(operator=operator, state_funding_percent=Decimal(60), completion_percent=Decimal(20))
    assert determined(factories.make_order(site=site), officer)["prc_import"].lane == Lane.HELD_REPORTED


def test_order_of_a_site_whose_funding_is_not_stated_is_undetermined(officer):
    site = factories.make_site(state_funding_percent=None)
    row = determined(factories.make_order(site=site), officer)["prc_import"]
    assert row.lane == Lane.UNDETERMINED
    assert [each["fact"] for each in row.result["missing"]] == ["imports.state_funding_percent"]


def test_determination_replays_to_the_same_bytes(officer):
    for row in determined(factories.make_order(), officer).values():
        row.refresh_from_db()
        assert replay(row)
        assert recomputed(row) == row.result


def test_determination_whose_inputs_were_altered_does_not_replay(officer):
    row = determined(factories.make_order(), officer)["us_ear"]
    row.inputs["lines"][0]["route"]["to_country"] = "DE"
    assert not replay(row)


def test_determination_made_again_supersedes_the_former(officer):
    order = factories.make_order()
    first = determined(order, officer)
    second = determined(order, officer)
    assert Determination.objects.filter(order=order, superseded_at=None).count() == 2
    assert Determination.objects.get(pk=first["us_ear"].pk).superseded_at is not None
    assert second["us_ear"].result_sha256 == first["us_ear"].result_sha256


def test_determination_is_recorded_in_the_ledger_with_its_digest(officer):
    row = determined(factories.make_order(), officer)["us_ear"]
    entry = Entry.objects.get(act="determination.made", subject_id=str(row.pk))
    assert entry.facts["sha256"] == row.result_sha256


def test_each_regime_goes_by_its_own_calendar(officer):
    rows = determined(factories.make_order(), officer, datetime(2026, 11, 22, 2, 0, tzinfo=UTC))
    assert {name: str(row.on) for name, row in rows.items()} == {"us_ear": "2026-11-21", "prc_import": "2026-11-22"}


def test_order_of_several_chips_shows_the_strictest_and_keeps_the_others(officer):
    order = factories.make_order()
    h800 = factories.make_chip("h800-sxm", was_us_commercial_on_2026_01_15=False)
    h800.figures.create(precision="fp16", bit_length=16, dense_tera_ops=Decimal("989.5"), source="data sheet")
    OrderLine.objects.create(order=order, chip=h800, quantity=2)
    row = determined(order, officer)["us_ear"]
    assert row.review_policy == ReviewPolicy.DENIAL
    assert [each["review_policy"] for each in row.result["other_lines"]] == ["case_by_case"]
    assert replay(row)
