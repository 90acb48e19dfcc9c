"""A team never learns from the chain that one of its parties has hits, or which list they are on."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.actors import Actor
from allocation.chain.chain import Chain
from allocation.chain.links import LinkKind
from allocation.chain.queries import chain_of_filing, chain_of_order
from allocation.chain.shown import chain_json, for_eyes_of
from allocation.clock import database_now
from allocation.inventory.listed import quarantine_for_party
from allocation.inventory.services import receive_devices
from procurement.determinations.models import Determination
from procurement.filings.models import Filing
from procurement.filings.states import FilingState
from procurement.orders.models import Order
from procurement.orders.states import OrderState
from procurement.parties.models import Party, ScreeningState
from tests import factories

pytestmark = pytest.mark.django_db
UNDECIDED_ORDERS = [OrderState.DRAFT, OrderState.IN_REVIEW, OrderState.STOPPED, OrderState.WITHDRAWN]
UNDECIDED_FILINGS = [FilingState.DRAFT, FilingState.IN_REVIEW, FilingState.WITHDRAWN]


def page_for(actor: Actor, name: str, subject: Order | Filing) -> str:
    client = Client()
    client.force_login(factories.make_user(actor.person))
    return client.get(reverse(name, args=[subject.pk])).content.decode()


def determine(order: Order, lane: str) -> None:
    Determination.objects.filter(order=order).delete()
    for regime in ("us_ear", "prc_import"):
        Determination.objects.create(
            order=order, regime=regime, on=factories.today(), lane=lane, inputs={}, result={}, rule_versions=[],
            rule_set_sha256="0" * 64, result_sha256="0" * 64,
        )  # fmt: skip


@pytest.mark.parametrize("state", [ScreeningState.UNDECIDED, ScreeningState.MATCHED, ScreeningState.NOT_SCREENED])
def test_chain_of_an_order_with_a_hit_names_no_party_and_no_list(state: ScreeningState) -> None:
    order = factories.make_order()
    party = factories.end_user_of(order)
    Party.objects.filter(pk=party.pk).update(screening_state=state)
    applicant = Actor(order.applicant)
    client = Client()
    client.force_login(factories.make_user(applicant.person))
    words = client.get(reverse("chain:order", args=[order.pk])).content.decode()
    assert "compliance office" in words
    assert not any(told in words.lower() for told in ("hit", "match", "listed", party.name.lower()))


def test_chain_tells_a_hit_no_differently_from_a_party_still_to_be_screened() -> None:
    order = factories.make_order()
    said = []
    for state in (ScreeningState.UNDECIDED, ScreeningState.NOT_SCREENED):
        Party.objects.filter(pk=factories.end_user_of(order).pk).update(screening_state=state)
        chain = chain_of_order(order, now=database_now())
        link = next(link for link in chain.links if link.kind == LinkKind.SCREENING)
        said.append((link.status, link.reason, link.reference))
    assert said[0] == said[1]


@pytest.mark.parametrize("state", UNDECIDED_ORDERS)
def test_chain_of_an_undecided_order_reads_the_same_to_its_team_whatever_was_found(state: OrderState) -> None:
    clean, found = factories.make_order(state=state), factories.make_order(state=state)
    determine(clean, "licence_required")
    determine(found, "prohibited")
    Party.objects.filter(pk=factories.end_user_of(found).pk).update(screening_state=ScreeningState.MATCHED)
    told = [_told(Actor(order.applicant), chain_of_order(order, now=database_now())) for order in (clean, found)]
    assert told[0] == told[1]
    assert set(told[0]) == {("pending", "In review by the compliance office.", None)}
    words = page_for(Actor(found.applicant), "chain:order", found)
    assert "prohibited" not in words
    assert "has stopped it" not in words


@pytest.mark.parametrize("state", UNDECIDED_FILINGS)
def test_chain_of_an_undecided_filing_does_not_tell_whether_a_remote_user_is_clear(state: FilingState) -> None:
    filing = factories.make_filing(state=state)
    determine(filing.order, "licence_required")
    user = factories.make_party()
    filing.remote_users.create(party=user, purpose="Reads the results.")
    told = []
    for found in (ScreeningState.CLEAR, ScreeningState.MATCHED):
        Party.objects.filter(pk=user.pk).update(screening_state=found)
        told.append(_told(Actor(filing.applicant), chain_of_filing(filing, now=database_now())))
    assert told[0] == told[1]
    assert [status for status, _, _ in told[0]] == ["whole", "whole", "pending"]
    assert "has stopped it" not in page_for(Actor(filing.applicant), "chain:filing", filing)


def test_chain_of_a_decided_order_and_an_officers_chain_tell_how_it_stands() -> None:
    order = factories.make_order(state=OrderState.IN_REVIEW)
    determine(order, "prohibited")
    chain = chain_of_order(order, now=database_now())
    assert for_eyes_of(factories.make_officer(), chain) == for_eyes_of(factories.make_auditor(), chain) == chain
    Order.objects.filter(pk=order.pk).update(state=OrderState.APPROVED)
    chain = chain_of_order(order, now=database_now())
    assert for_eyes_of(Actor(order.applicant), chain) == chain


def test_device_set_apart_for_a_match_does_not_tell_its_team_of_the_list() -> None:
    order = factories.make_order(state=OrderState.RECEIVED)
    exporter, importer = factories.make_both_licences(order)
    receipt = factories.make_receipt(order, ["SN-1"], exporter=exporter, importer=importer)
    receive_devices(receipt_id=receipt.pk)
    quarantine_for_party(party=factories.end_user_of(order), reason="On list SDN.")
    words = page_for(Actor(order.applicant), "chain:order", order)
    assert "The compliance office has set it apart." in words
    assert not any(told in words.lower() for told in ("hit", "match", "listed", "party of", "sdn"))


def _told(actor: Actor, chain: Chain) -> list[tuple[str, str, object]]:
    """What an actor reads of both determinations and of the screening."""
    links = chain_json(for_eyes_of(actor, chain))["links"]
    kept = [each for each in links if each["kind"] in ("determination", "screening")]
    return [(each["status"], each["reason"], each["valid_until"]) for each in kept]
