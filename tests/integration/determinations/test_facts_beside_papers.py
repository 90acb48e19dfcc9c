"""What the US rules ask and no paper of an order says: stated by an officer, decided on, carried over."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from procurement.determinations.services import determine_order
from procurement.determinations.stated import Stated, UsFacts, stated_before
from procurement.determinations.stated_services import state_facts
from procurement.orders.models import Order, OrderParty, PartyRole
from procurement.regimes.lanes import Lane
from tests import factories

NOW = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    return factories.make_officer()


def us(rows):
    return next(row for row in rows if row.regime == "us_ear")


def stated(order, officer, **facts):
    return us(state_facts(actor=officer, order=order, stated=Stated(us=UsFacts(**facts)), now=NOW))


@pytest.fixture
def to_the_emirates():
    owner = factories.make_party(country="AE", hq_country="AE", ultimate_parent_country="AE")
    order = factories.make_order(site=factories.make_site(operator=owner, country="AE"))
    OrderParty.objects.filter(order=order, role=PartyRole.END_USER).update(party=owner)
    OrderParty.objects.filter(order=order, role=PartyRole.ULTIMATE_CONSIGNEE).update(party=owner)
    return order


def test_whether_an_end_user_of_the_emirates_is_cleared_is_asked_and_stated(officer, to_the_emirates):
    row = us(determine_order(actor=officer, order=to_the_emirates, now=NOW))
    assert row.lane == Lane.UNDETERMINED
    (missing,) = [each for each in row.result["missing"] if each["fact"] == "parties.end_user.is_uae_cleared"]
    assert "facts beside the papers" in missing["entered_at"]
    assert stated(to_the_emirates, officer, is_uae_cleared=True).lane == Lane.NO_REQUIREMENT_FOUND
    assert stated(to_the_emirates, officer, is_uae_cleared=False).lane == Lane.LICENCE_REQUIRED


@pytest.mark.parametrize(
    ("facts", "eccn"),
    [
        ({}, "5A992.z.1"), ({"is_mass_market": False}, "5A002.z"), ({"other_eccn": "5A004"}, "5A004.z"),
    ],
)  # fmt: skip
def test_entry_of_a_server_follows_from_what_is_stated_of_it(officer, facts, eccn):
    order = factories.make_order(is_server=True, has_encryption=True)
    assert stated(order, officer, **facts).result["eccn"] == eccn


def test_military_intelligence_use_that_is_stated_is_denied(officer):
    row = stated(factories.make_order(), officer, is_military_intelligence=True)
    assert (row.lane, row.review_policy) == (Lane.LICENCE_REQUIRED, "denial")


def test_us_facts_are_carried_over_while_the_transaction_is_the_same(officer):
    order = factories.make_order(is_server=True, has_encryption=True)
    said = Stated(us=UsFacts(False, "4A003", False, "us_repair", True, None, False), co_purchased=("Ascend 910C",))
    state_facts(actor=officer, order=order, stated=said, now=NOW)
    assert stated_before(order) == said
    row = us(determine_order(actor=officer, order=order, now=NOW))
    assert row.result["eccn"] == "5A002.z"
    assert any("GP10" in each["text"] or "Ascend" in each["text"] for each in row.result["reasons"])
    Order.objects.filter(pk=order.pk).update(ship_from_country="TW")
    assert us(determine_order(actor=officer, order=order, now=NOW)).result["eccn"] == "5A992.z.1"


def test_page_states_them_and_shows_them_again(officer):
    client = Client()
    client.force_login(factories.make_user(officer.person))
    order = factories.make_order(is_server=True, has_encryption=True)
    url = reverse("determinations:state", args=[order.pk])
    said = {"us_is_mass_market": "no", "us_duty_free_use": "us_repair", "us_duty_free_use_confirmed": "yes",
            "co_purchased": "Ascend 910B; MLU590"}  # fmt: skip
    assert client.post(url, said).status_code == 303
    kept = stated_before(order)
    assert kept.us == UsFacts(False, "", None, "us_repair", True)
    assert kept.co_purchased == ("Ascend 910B", "MLU590")
    assert "Ascend 910B; MLU590" in client.get(url).content.decode()
    assert client.post(url, {"us_other_eccn": "9A999"}).status_code == 422
