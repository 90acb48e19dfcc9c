"""An order that touches another country: a determination of its own, and what an officer states for it."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from allocation.chain.queries import chain_of_order
from ledger.errors import ComplianceRefusal, NotPermitted
from ledger.models import Entry
from procurement.determinations.models import Determination
from procurement.determinations.replay import replay
from procurement.determinations.services import determine_order
from procurement.determinations.stated import Stated, stated_before
from procurement.determinations.stated_services import state_facts
from procurement.orders.blockers import determination_blockers
from procurement.orders.models import Order
from procurement.orders.states import OrderState
from procurement.regimes.facts import AuthorityAnswer, MalaysiaFacts, OriginFacts, TaiwanFacts
from procurement.regimes.lanes import Lane
from tests import factories

NOW = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
KNOWN = Stated(malaysia=MalaysiaFacts(True, date(2027, 1, 31), date(2026, 11, 20)))
pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    return factories.make_officer()


def rows_of(made):
    return {row.regime: row for row in made}


def determined(order, officer):
    return rows_of(determine_order(actor=officer, order=order, now=NOW))


@pytest.mark.parametrize(
    ("via", "regimes"),
    [
        ("", {"us_ear", "prc_import"}),
        ("SG", {"us_ear", "prc_import"}),
        ("MY", {"us_ear", "prc_import", "my_sta"}),
        ("TW", {"us_ear", "prc_import", "tw_shtc"}),
    ],
)
def test_order_gets_a_determination_of_each_regime_that_it_concerns(officer, via, regimes):
    assert set(determined(factories.make_order(via_country=via), officer)) == regimes


def test_third_regime_goes_by_its_own_calendar_and_stops_an_approval_while_it_is_open(officer):
    order = factories.make_order(via_country="MY")
    row = determined(order, officer)["my_sta"]
    assert (row.lane, row.on) == (Lane.UNDETERMINED, date(2026, 11, 23))
    assert [each["fact"] for each in row.result["missing"]] == ["malaysia.is_restricted_activity"]
    assert any("my_sta" in each.text for each in determination_blockers(order))


def test_order_that_no_longer_touches_the_country_keeps_no_current_determination_of_it(officer):
    order = factories.make_order(via_country="MY")
    determined(order, officer)
    Order.objects.filter(pk=order.pk).update(via_country="")
    determined(order, officer)
    current = Determination.objects.filter(order=order, superseded_at=None)
    assert {row.regime for row in current} == {"us_ear", "prc_import"}


def test_stated_facts_decide_are_recorded_and_replay(officer):
    order = factories.make_order(via_country="MY")
    row = rows_of(state_facts(actor=officer, order=order, stated=KNOWN, now=NOW))["my_sta"]
    assert row.lane == Lane.LICENCE_REQUIRED
    assert [each["state"] for each in row.result["certifications"]] == ["held", "missing", "missing"]
    assert replay(row)
    entry = Entry.objects.get(act="determination.stated", subject_id=str(order.pk))
    assert entry.facts["malaysia"]["notified_on"] == "2026-11-20"


def test_stated_facts_are_carried_over_while_the_transaction_is_the_same(officer):
    order = factories.make_order(via_country="MY")
    stated = Stated(OriginFacts("", "3A090.a"), KNOWN.malaysia, TaiwanFacts(is_shtc=False), Decimal(20), "declared")
    state_facts(actor=officer, order=order, stated=stated, now=NOW)
    assert stated_before(order) == stated
    assert determined(order, officer)["my_sta"].lane == Lane.LICENCE_REQUIRED
    Order.objects.filter(pk=order.pk).update(ship_from_country="TW")
    assert determined(order, officer)["my_sta"].lane == Lane.UNDETERMINED


def test_licence_on_file_stands_as_the_origin_s_licence(officer):
    order = factories.make_order(via_country="MY")
    licence = factories.make_licence("exporter", order)
    row = rows_of(state_facts(actor=officer, order=order, stated=KNOWN, now=NOW))["my_sta"]
    assert row.result["certifications"][1]["state"] == "held"
    assert row.inputs["lines"][0]["origin"]["us_reexport_licence"] == licence.number
    assert stated_before(order).origin.us_reexport_licence == ""


def test_stating_is_for_officers_of_the_other_side_and_not_for_drafts(officer):
    with pytest.raises(NotPermitted):
        state_facts(actor=factories.make_applicant(), order=factories.make_order(), stated=KNOWN)
    with pytest.raises(ComplianceRefusal):
        state_facts(actor=officer, order=factories.make_order(state=OrderState.DRAFT), stated=KNOWN)


def test_chain_names_the_third_determination_and_breaks_where_it_is_open(officer):
    order = factories.make_order(via_country="MY")
    determined(order, officer)
    links = {link.label: link for link in chain_of_order(order, now=NOW).links}
    found = next(link for label, link in links.items() if "Malaysia" in label)
    assert found.status == "broken"


@pytest.fixture
def page(officer):
    client = Client()
    client.force_login(factories.make_user(officer.person))
    return client


def test_page_asks_for_what_concerns_the_order_and_determines_again(page):
    order = factories.make_order(via_country="MY")
    url = reverse("determinations:state", args=[order.pk])
    text = page.get(url).content.decode()
    assert "restricted activity" in text
    assert "SHTC" not in text
    answer = page.post(url, {"my_is_restricted_activity": "no", "co_purchase_percent": "12.5"})
    assert (answer.status_code, answer.url) == (303, reverse("determinations:of_order", args=[order.pk]))
    assert order.determinations.get(regime="my_sta", superseded_at=None).lane == Lane.NO_REQUIREMENT_FOUND
    assert stated_before(order).co_purchase_percent == Decimal("12.5")


def test_page_with_an_answer_but_no_reference_is_shown_again_and_loses_nothing(page):
    order = factories.make_order(via_country="MY")
    url = reverse("determinations:state", args=[order.pk])
    answer = page.post(url, {"my_permit_answer": "refused", "classification": "3A090.a"})
    assert answer.status_code == 422
    assert "3A090.a" in answer.content.decode()
    assert not order.determinations.exists()


def test_page_keeps_what_was_stated_for_a_regime_that_no_longer_concerns_the_order(page, officer):
    order = factories.make_order(via_country="MY")
    refused = Stated(taiwan=TaiwanFacts(True, None, "B-1", AuthorityAnswer.REFUSED))
    state_facts(actor=officer, order=order, stated=refused, now=NOW)
    page.post(reverse("determinations:state", args=[order.pk]), {"my_is_restricted_activity": "yes"})
    assert stated_before(order).taiwan == refused.taiwan
