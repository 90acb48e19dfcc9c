"""How long the records of an order are kept, as its page and its licences' pages say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from procurement.orders.models import Order
from procurement.orders.services import withdraw_order
from procurement.orders.states import OrderState
from procurement.records.retention import record_facts, retention_of, shown
from procurement.regimes.retention import years_after
from tests import factories as make

pytestmark = pytest.mark.django_db


def test_records_of_an_order_that_has_not_ended_have_no_end() -> None:
    found = retention_of(make.make_order(), make.today())
    assert found is not None
    assert (found.until, found.may_destroy) == (None, False)


def test_records_are_kept_ten_years_from_the_last_arrival() -> None:
    order = make.make_order()
    make.make_receipt(order, ["S-1"])
    late = make.make_receipt(order, ["S-2"])
    type(late).objects.filter(pk=late.pk).update(received_on=make.today() + timedelta(days=3))
    found = retention_of(order, make.today())
    assert found is not None
    assert found.until == years_after(make.today() + timedelta(days=3), 10)
    said = shown(Order.objects.get(pk=order.pk), make.today(), make.make_officer())
    assert said is not None
    assert said["may_move"] is True


def test_records_of_a_withdrawn_order_are_counted_from_its_end() -> None:
    team = make.make_applicant()
    order = make.make_order(applicant=team, state=OrderState.IN_REVIEW)
    assert record_facts(order).ended_on is None
    withdraw_order(actor=team, order=order, reason="Not needed.")
    assert record_facts(order).ended_on is not None


def test_pages_of_order_and_licence_say_until_when_and_why() -> None:
    order = make.make_order()
    licence, _other = make.make_both_licences(order)
    make.make_receipt(order, ["S-1"])
    client = Client()
    client.force_login(make.make_user(make.make_officer().person))
    for url in (
        reverse("orders:detail", args=[order.reference]),
        reverse("licences:detail", args=[licence.reference]),
    ):
        body = client.get(url).content.decode()
        assert "Kept through" in body
        assert "The sanctions regulations ask for 10 years" in body
