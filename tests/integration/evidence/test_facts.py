"""What a determination is told of the customer's history, its site and its remote users: from what Writ holds."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from procurement.determinations.facts import facts_of_order
from procurement.filings.models import RemoteUser
from procurement.filings.states import FilingState
from procurement.licences.models import Side
from procurement.orders.models import Order, OrderParty, PartyRole
from procurement.orders.states import OrderState
from procurement.parties.models import Ownership
from procurement.regimes.facts import HistoryFacts, TransactionFacts
from tests import factories as make

pytestmark = pytest.mark.django_db


def told(order: Order) -> TransactionFacts:
    (facts,) = facts_of_order(Order.objects.get(pk=order.pk))
    return facts


def order_for(party: object, *, days_ago: int = 0, **fields: object) -> Order:
    """An order whose end user is a party, handed in so many days ago."""
    site = make.make_site(operator=party)
    return make.make_order(site=site, submitted_at=timezone.now() - timedelta(days=days_ago), **fields)


def test_first_advanced_order_is_the_earliest_of_the_end_user_and_its_affiliates() -> None:
    parent, first, second = make.make_party(), make.make_party(), make.make_party()
    for owned in (first, second):
        Ownership.objects.create(owner=parent, owned=owned, share_percent=60)
    order_for(first, days_ago=400)
    assert told(order_for(second)).history.first_advanced_order == make.today() - timedelta(days=400)


@pytest.mark.parametrize(("share", "is_affiliate"), [(Decimal("49.999"), False), (50, True), (None, True)])
def test_affiliate_is_who_is_held_by_half_or_by_an_unknown_share(share: object, is_affiliate: bool) -> None:
    parent, daughter = make.make_party(), make.make_party()
    Ownership.objects.create(owner=parent, owned=daughter, share_percent=share)
    order_for(parent, days_ago=30)
    assert told(order_for(daughter)).history.orders_in_90_days == (2 if is_affiliate else 1)


@pytest.mark.parametrize(("days", "count"), [(89, 2), (90, 2), (91, 1)])
def test_orders_of_the_last_90_days_are_counted(days: int, count: int) -> None:
    party = make.make_party()
    order_for(party, days_ago=days)
    assert told(order_for(party)).history.orders_in_90_days == count


@pytest.mark.parametrize("state", [OrderState.DRAFT, OrderState.DECLINED, OrderState.WITHDRAWN])
def test_orders_that_do_not_stand_are_not_counted(state: OrderState) -> None:
    party = make.make_party()
    order_for(party, days_ago=10, state=state)
    history = told(order_for(party)).history
    assert (history.orders_in_90_days, history.first_advanced_order) == (1, make.today())


def test_chip_below_every_tier_is_no_advanced_order() -> None:
    chip = make.make_chip("small-chip")
    assert told(make.make_order(chip=chip)).history.first_advanced_order is None


def test_order_without_an_end_user_has_no_history() -> None:
    order = make.make_order()
    OrderParty.objects.filter(order=order, role=PartyRole.END_USER).delete()
    assert told(order).history == HistoryFacts()


def test_total_stands_against_a_cap_only_where_another_order_shares_it() -> None:
    party = make.make_party()
    order = order_for(party)
    make.make_licence(Side.EXPORTER, order, granted=10)
    assert (told(order).history.units_under_cap, told(order).history.cap_units) == (None, None)
    order_for(party, quantity=4)
    assert (told(order).history.units_under_cap, told(order).history.cap_units) == (12, 10)


def test_attestation_that_has_run_out_is_overdue() -> None:
    order = make.make_order()
    licence = make.make_licence(Side.EXPORTER, order)
    officer = make.make_officer().membership
    for days in (-1, 0):
        licence.conditions.create(
            kind="delivery_verification", text="Confirm delivery.", is_machine_checked=False, attested_by=officer,
            attested_until=make.today() + timedelta(days=days),
        )  # fmt: skip
    (overdue,) = told(order).history.overdue
    assert overdue.startswith(f"delivery verification of {licence.reference}")


def test_site_is_asked_for_the_power_that_all_chips_draw() -> None:
    order = make.make_order(site=make.make_site(power_kw=5))
    assert (told(order).site.power_kw, told(order).site.needed_kw) == (Decimal(5), Decimal("5.6"))
    order = make.make_order(site=make.make_site(power_kw=None), chip=make.make_chip("no-power", tdp_w=None))
    assert (told(order).site.power_kw, told(order).site.needed_kw) == (None, None)


@pytest.mark.parametrize(
    ("state", "named"),
    [
        (FilingState.IN_REVIEW, True),
        (FilingState.APPROVED, True),
        (FilingState.DRAFT, False),
        (FilingState.DECLINED, False),
    ],
)
def test_remote_users_are_those_of_filings_that_were_handed_in(state: FilingState, named: bool) -> None:
    order = make.make_order()
    filing = make.make_filing(order, state=state)
    RemoteUser.objects.create(filing=filing, party=make.make_party("Far Away Ltd.", hq_country="SG"), purpose="Runs.")
    found = [(each.name, each.hq) for each in told(order).remote_users]
    assert found == ([("Far Away Ltd.", "SG")] if named else [])


def test_owners_are_told_up_the_tree_and_a_circle_ends() -> None:
    bottom, middle, top = make.make_party("Bottom"), make.make_party("Middle"), make.make_party("Top")
    for owner, owned in ((middle, bottom), (top, middle), (bottom, top)):
        Ownership.objects.create(owner=owner, owned=owned, share_percent=60)
    facts = told(order_for(bottom))
    (owner,) = next(each for each in facts.parties if each.name == "Bottom").owners
    assert (owner.name, owner.owners[0].name, owner.owners[0].owners[0].name) == ("Middle", "Top", "Bottom")
    assert owner.owners[0].owners[0].owners == ()
