"""What all authorities allow together: with a third one each unit stands on three lines; the earliest dates count."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.errors import ComplianceRefusal
from procurement.licences.both_sides import Allowed, allowed
from procurement.licences.models import Draw, Licence, LicenceLine, Side
from procurement.licences.states import LicenceState
from procurement.orders.models import Order, OrderParty, PartyRole, Receipt, Release
from procurement.orders.shipments import Arrival, record_receipt, release_shipment
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> Order:
    """An approved order of 8 with an export licence for 8, and approvals of two authorities for 5 and 3."""
    order = make.make_order()
    make.make_both_licences(order, exporter=8, importer=5)
    uses = {"end_uses": ["training", "research"]}
    make.make_licence(Side.IMPORTER, order, granted=3, authority="PRC GACC", line=uses)
    return order


def of(order: Order) -> Allowed:
    (found,) = allowed(Order.objects.get(pk=order.pk), make.today())
    return found


def third(order: Order) -> Licence:
    return order.licences.get(authority="PRC GACC")


def release(order: Order, quantity: int) -> Release:
    return release_shipment(actor=make.make_liaison(), line=order.lines.get(), quantity=quantity)


def receive(order: Order, *serials: str) -> Receipt:
    arrival = Arrival(order.site, order.lines.get().chip, serials, make.today())
    return record_receipt(actor=make.make_operator(), order=order, arrival=arrival)


def test_scarcest_of_three_authorities_sets_the_units_and_is_named(order: Order) -> None:
    found = of(order)
    assert (found.to_ship, found.scarce) == (3, ("PRC GACC",))
    assert found.reasons == (f"the import approval {third(order).reference} (line 1) grants 3",)


def test_release_holds_and_receipt_draws_a_line_of_each_authority(order: Order) -> None:
    made = release(order, 2)
    assert sorted(made.holds.values_list("quantity", flat=True)) == [2, 2, 2]
    receive(order, "S-1", "S-2", "S-3")
    assert Draw.objects.filter(item__serial="S-1").count() == 3
    assert Draw.objects.filter(item__serial="S-3").count() == 0
    found = of(order)
    assert (found.to_ship, found.held, found.received, found.in_use) == (1, 0, 2, 2)


def test_third_authority_that_suspends_stops_shipments_receipts_and_use(order: Order) -> None:
    release(order, 2)
    receive(order, "S-1")
    Licence.objects.filter(pk=third(order).pk).update(state=LicenceState.SUSPENDED)
    found = of(order)
    assert (found.to_ship, found.held, found.received, found.in_use) == (0, 1, 1, 0)
    with pytest.raises(ComplianceRefusal, match="is suspended"):
        release(order, 1)
    assert not receive(order, "S-2").items.get().is_licensed


def test_two_licences_of_one_authority_stand_for_each_other(order: Order) -> None:
    make.make_licence(Side.IMPORTER, order, granted=2, authority="prc  gacc")
    assert of(order).to_ship == 5


def test_end_uses_sites_and_users_are_those_in_common_and_the_ends_the_earliest(order: Order) -> None:
    soon = make.today() + timedelta(days=20)
    LicenceLine.objects.filter(licence=third(order)).update(ship_until=soon, use_until=soon + timedelta(days=1))
    found = of(order)
    assert (found.end_uses, found.sites) == (("training",), (order.site.name,))
    assert found.end_users == (make.end_user_of(order).name,)
    assert (found.ship_until, found.use_until) == (soon, soon + timedelta(days=1))


def test_lines_for_different_end_users_do_not_go_together() -> None:
    order, other = make.make_order(), make.make_party()
    make.make_licence(Side.EXPORTER, order, granted=8)
    make.make_licence(Side.IMPORTER, order, granted=8, line={"end_user": other})
    OrderParty.objects.create(order=order, party=other, role=PartyRole.END_USER)
    found = of(order)
    assert found.to_ship == 0
    assert found.reasons
    with pytest.raises(ComplianceRefusal):
        release(order, 1)


def test_order_without_a_licence_says_which_sides_lack() -> None:
    found = of(make.make_order())
    assert found.to_ship == 0
    assert len(found.scarce) == 2
    assert found.end_uses == ()
