"""A team never learns from the chain that one of its parties has hits, or which list they are on."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.actors import Actor
from allocation.chain.links import LinkKind
from allocation.chain.queries import chain_of_order
from allocation.clock import database_now
from procurement.parties.models import Party, ScreeningState
from tests import factories

pytestmark = pytest.mark.django_db


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
