"""Screening pages: who sees what, and what each click does."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.roles import Role
from procurement.parties.models import Party
from procurement.screening.decision_services import decide_hit
from procurement.screening.models import AdHocSearch, Hit, HitState
from procurement.screening.services import screen_order, screen_party
from tests import factories

REASON = "The registration number differs."


def signed_in(actor) -> Client:
    client = Client()
    client.force_login(factories.make_user(actor.person))
    return client


@pytest.fixture
def hit(house, officer) -> Hit:
    """An open hit on an invented party."""
    party = Party.objects.create(name="Fictional Meridian Trading LLC", country="AE")
    screen_party(actor=officer, party=party, purpose="test")
    return party.hits.get()


@pytest.fixture
def client(officer) -> Client:
    """The officer, signed in."""
    return signed_in(officer)


def addresses(hit: Hit) -> list[str]:
    order = factories.make_order()
    return [
        reverse("screening:queue"),
        reverse("screening:queue") + "?tab=releases",
        reverse("screening:hit", args=[hit.pk]),
        reverse("screening:search"),
        reverse("screening:lists"),
        reverse("screening:party", args=[hit.party_id]),
        reverse("screening:of", args=["order", order.pk]),
    ]


def test_pages_open_for_an_officer(client: Client, hit: Hit) -> None:
    for address in addresses(hit):
        assert client.get(address).status_code == 200, address


@pytest.mark.parametrize("role", [Role.APPLICANT, Role.OPERATOR, Role.LIAISON])
def test_pages_are_refused_to_who_may_not_see_screening(hit: Hit, role: Role) -> None:
    client = signed_in(factories.make_actor(role))
    for address in addresses(hit):
        assert client.get(address).status_code == 403, address


def test_auditor_reads_but_has_no_decision_form(hit: Hit) -> None:
    client = signed_in(factories.make_auditor())
    page = client.get(reverse("screening:hit", args=[hit.pk]))
    assert page.status_code == 200
    assert b'name="outcome"' not in page.content
    assert client.post(reverse("screening:decide", args=[hit.pk])).status_code == 403


def test_hit_page_marks_differences_and_says_the_list_is_fictional(client: Client, hit: Hit) -> None:
    text = client.get(reverse("screening:hit", args=[hit.pk])).content.decode()
    assert "<mark>" in text
    assert "Fictional" in text
    assert "demo" in text


def test_decision_is_recorded_and_answers_303(client: Client, hit: Hit) -> None:
    typed = {"outcome": "false_positive", "reason": REASON, "evidence_sha256": hit.evidence_sha256}
    answer = client.post(reverse("screening:decide", args=[hit.pk]), typed)
    assert answer.status_code == 303
    hit.refresh_from_db()
    assert hit.state == HitState.FALSE_POSITIVE


def test_decision_without_reason_keeps_what_was_typed_and_answers_422(client: Client, hit: Hit) -> None:
    typed = {"outcome": "true_match", "reason": "short", "evidence_sha256": hit.evidence_sha256}
    answer = client.post(reverse("screening:decide", args=[hit.pk]), typed)
    assert answer.status_code == 422
    assert b"short" in answer.content
    hit.refresh_from_db()
    assert hit.state == HitState.OPEN


def test_release_is_countersigned_on_the_page_by_another_officer(client: Client, officer, hit: Hit) -> None:
    for outcome in (HitState.TRUE_MATCH, HitState.RELEASED):
        decide_hit(actor=officer, hit_id=hit.pk, outcome=outcome, reason=REASON, evidence_sha256=hit.evidence_sha256)
    address = reverse("screening:countersign", args=[hit.pk])
    assert client.post(address).status_code in (303, 403)
    hit.refresh_from_db()
    assert hit.state == HitState.TRUE_MATCH
    assert signed_in(factories.make_officer()).post(address).status_code == 303
    hit.refresh_from_db()
    assert hit.state == HitState.RELEASED


def test_search_is_logged_and_its_result_shown(client: Client, house) -> None:
    answer = client.post(reverse("screening:search"), {"name": "Meridian Fiction", "purpose": "A question"})
    assert answer.status_code == 303
    assert AdHocSearch.objects.get().hit_count == 1
    assert "Fictional Meridian Trading" in client.get(answer.url).content.decode()


def test_search_without_a_purpose_answers_422_and_keeps_the_name(client: Client, house) -> None:
    answer = client.post(reverse("screening:search"), {"name": "Meridian Fiction", "purpose": ""})
    assert answer.status_code == 422
    assert b"Meridian Fiction" in answer.content
    assert not AdHocSearch.objects.exists()


def test_hit_that_is_not_there_is_404(client: Client, house) -> None:
    address = reverse("screening:hit", args=["01900000-0000-7000-8000-000000000000"])
    assert client.get(address).status_code == 404


def test_party_is_screened_again_by_hand(client: Client, hit: Hit) -> None:
    answer = client.post(reverse("screening:rescreen", args=[hit.party_id]), {"purpose": "New address"})
    assert answer.status_code == 303
    assert hit.party.screening_runs.count() == 2


def test_order_part_shows_its_hits_to_an_officer(client: Client, officer, hit: Hit) -> None:
    order = factories.make_order()
    order.parties.create(party=hit.party, role="forwarder")
    screen_order(actor=officer, order=order)
    address = reverse("screening:of", args=["order", order.pk])
    part = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "Fictional Meridian Trading" in part
    assert "<html" not in part


def test_queue_needs_no_more_queries_for_more_hits(
    client: Client, officer, hit: Hit, django_assert_max_num_queries
) -> None:
    for number in range(12):
        party = Party.objects.create(name=f"Fictional Meridian Trading {number}", country="AE")
        screen_party(actor=officer, party=party, purpose="test")
    with django_assert_max_num_queries(14):
        client.get(reverse("screening:queue"))
