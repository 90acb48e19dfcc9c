"""Who is screened when, and what a confirmed match stops: approvals, releases, receipts, filings, licences."""

from __future__ import annotations

import pytest

from ledger.errors import ComplianceRefusal
from ledger.models import Entry
from procurement.filings import services as filings
from procurement.licences.services import activate_licence
from procurement.orders import services as orders
from procurement.orders.models import Order, PartyRole, Release
from procurement.orders.shipments import Arrival, record_receipt, release_shipment
from procurement.orders.states import OrderState
from procurement.parties.models import Party, PartyName, ScreeningState
from procurement.parties.services import PartyFacts, add_name, change_party
from procurement.screening.decision_services import decide_hit
from procurement.screening.models import Hit, HitState
from procurement.screening.services import screen_filing, screen_order, screen_party
from tests import factories as make

pytestmark = pytest.mark.django_db
REASON = "It is the listed one by its number."
LISTED = "Fictional Meridian Trading"


@pytest.fixture
def order(house) -> Order:
    """An approved order with licences of both sides, every party screened clear."""
    made = make.make_order()
    make.make_both_licences(made, exporter=8, importer=8)
    screen_order(actor=None, order=made)
    return made


def confirm(officer, party: Party) -> None:
    screen_party(actor=officer, party=party, purpose="test")
    for hit in party.hits.filter(state=HitState.OPEN):
        decide_hit(
            actor=officer,
            hit_id=hit.pk,
            outcome=HitState.TRUE_MATCH,
            reason=REASON,
            evidence_sha256=hit.evidence_sha256,
        )


def listed_party() -> Party:
    return Party.objects.create(name=LISTED, country="AE")


def release(order: Order, quantity: int = 2) -> Release:
    return release_shipment(actor=make.make_liaison(), line=order.lines.get(), quantity=quantity)


def receive(order: Order, serials: list[str]):
    arrival = Arrival(site=order.site, chip=order.lines.get().chip, serials=serials, received_on=make.today())
    return record_receipt(actor=make.make_operator(), order=order, arrival=arrival)


@pytest.mark.parametrize("role", [*PartyRole, "owner", "site's operator"])
def test_party_in_every_role_is_screened_with_the_order(house, role: str) -> None:
    order, party = make.make_order(), listed_party()
    if role == "owner":
        make.end_user_of(order).owners.create(owner=party, share_percent=1)
    elif role == "site's operator":
        order.site.operator = party
        order.site.save()
    else:
        order.parties.create(party=party, role=role)
    screen_order(actor=None, order=order)
    assert Party.objects.get(pk=party.pk).screening_state == ScreeningState.UNDECIDED


def test_remote_user_and_who_holds_them_are_screened_with_the_filing(house) -> None:
    filing, user, holder = make.make_filing(), make.make_party(), listed_party()
    user.owners.create(owner=holder, share_percent=1)
    filing.remote_users.create(party=user, purpose="Evaluates.")
    assert {user.pk, holder.pk} <= {run.party_id for run in screen_filing(actor=None, filing=filing)}
    assert Party.objects.get(pk=holder.pk).screening_state == ScreeningState.UNDECIDED


@pytest.mark.parametrize("kind", ["alias", "former", "original_script"])
def test_name_added_is_screened_at_once(house, officer, kind: str) -> None:
    party = make.make_party("Harmless Widgets")
    screen_party(actor=officer, party=party, purpose="test")
    add_name(actor=officer, party=party, name=LISTED, kind=kind)
    assert Party.objects.get(pk=party.pk).screening_state == ScreeningState.UNDECIDED


def test_party_renamed_keeps_its_former_name_and_is_screened_by_both(house, officer) -> None:
    party = make.make_party(LISTED, country="AE", hq_country="", ultimate_parent_country="")
    screen_party(actor=officer, party=party, purpose="test")
    change_party(actor=officer, party=party, facts=PartyFacts(name="Harmless Widgets", country="AE"))
    assert PartyName.objects.get(party=party).kind == "former"
    party.refresh_from_db()
    assert (party.name, party.screening_state) == ("Harmless Widgets", ScreeningState.UNDECIDED)
    assert party.hits.get(withdrawn_at=None).evidence["subject"]["name"] == LISTED


def test_party_with_another_address_comes_back_to_be_decided(house, officer) -> None:
    party = make.make_party(LISTED, country="AE")
    screen_party(actor=officer, party=party, purpose="test")
    hit = party.hits.get()
    decide_hit(
        actor=officer,
        hit_id=hit.pk,
        outcome=HitState.FALSE_POSITIVE,
        reason=REASON,
        evidence_sha256=hit.evidence_sha256,
    )
    facts = PartyFacts(
        name=LISTED, country="AE", hq_country="CN", ultimate_parent_country="CN", buyer_class=party.buyer_class,
        address="7 New Road",
    )  # fmt: skip
    change_party(actor=officer, party=party, facts=facts)
    assert party.hits.filter(withdrawn_at=None).get().state == HitState.OPEN
    change_party(actor=officer, party=party, facts=facts)
    assert party.hits.count() == 2


def test_release_screens_first_and_what_it_finds_stays_though_it_is_refused(order: Order) -> None:
    user = make.end_user_of(order)
    PartyName.objects.create(party=user, name=LISTED)
    with pytest.raises(ComplianceRefusal):
        release(order)
    assert Hit.objects.get(party=user).state == HitState.OPEN
    assert not Release.objects.exists()
    assert any("before a release" in run.purpose for run in user.screening_runs.all())


def test_release_of_an_order_of_clear_parties_goes_through(order: Order) -> None:
    assert release(order).quantity == 2


def test_confirmed_match_stops_the_order_its_filing_and_its_licences(order: Order, officer) -> None:
    filing = make.make_filing(order, state="in_review")
    licence = make.make_licence("exporter", order, state="draft")
    release(order)
    user = make.end_user_of(order)
    add_name(actor=officer, party=user, name=LISTED)
    confirm(officer, user)
    order.refresh_from_db()
    filing.refresh_from_db()
    assert order.state == OrderState.STOPPED
    assert any("is matched" in text for text in orders.approval_blockers(order))
    assert any(user.name in text for text in filings.approval_blockers(filing))
    with pytest.raises(ComplianceRefusal, match="No licence of"):
        activate_licence(actor=make.make_officer(), licence=licence)
    with pytest.raises(ComplianceRefusal):
        release(order)
    assert not receive(order, ["S-1"]).items.get().is_licensed


def test_receipt_of_an_order_with_a_match_that_nothing_stopped_binds_nothing(order: Order) -> None:
    """Matched in another way than by a decision on a hit of today: the receipt looks for itself."""
    release(order, 2)
    assert receive(order, ["S-1"]).items.get().is_licensed
    Party.objects.filter(pk=order.site.operator_id).update(screening_state=ScreeningState.MATCHED)
    assert not receive(order, ["S-2"]).items.get().is_licensed


def test_order_naming_a_match_is_handed_in_as_any_other_and_never_passes(house, officer) -> None:
    party = listed_party()
    confirm(officer, party)
    order = make.make_order(state="in_review")
    order.parties.create(party=party, role="forwarder")
    assert not Entry.objects.filter(act="order.stopped", subject_id=str(order.pk)).exists()
    assert f"{party.name} is matched to a list entry." in orders.approval_blockers(order)
    Order.objects.filter(pk=order.pk).update(state=OrderState.APPROVED)
    make.make_both_licences(order)
    with pytest.raises(ComplianceRefusal):
        release(order)
