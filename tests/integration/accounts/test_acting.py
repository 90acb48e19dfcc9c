"""By which membership somebody acts, and what the side bar shows them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership
from accounts.roles import Role
from tests.factories import make_membership, make_person, make_user

pytestmark = pytest.mark.django_db


def signed_in(membership: Membership) -> Client:
    """A client of the membership's person."""
    client = Client()
    client.force_login(make_user(membership.person))
    return client


def acting(client: Client) -> Membership | None:
    """By which membership the next page is opened."""
    actor = client.get("/").wsgi_request.actor
    return actor.membership if actor else None


def test_visitor_is_asked_to_sign_in() -> None:
    answer = Client().get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/account/login/?next=/")


def test_person_with_two_memberships_acts_by_the_oldest_until_they_switch() -> None:
    person = make_person()
    first = make_membership(Role.OFFICER, person=person, starts_at=timezone.now() - timedelta(days=3))
    second = make_membership(Role.AUDITOR, person=person)
    client = signed_in(first)
    assert acting(client) == first
    answer = client.post(reverse("accounts:switch"), {"membership": str(second.pk)})
    assert answer.status_code == 303
    assert acting(client) == second


def test_switch_to_a_membership_of_somebody_else_is_not_found() -> None:
    mine, other = make_membership(Role.APPLICANT), make_membership(Role.OFFICER)
    client = signed_in(mine)
    assert client.post(reverse("accounts:switch"), {"membership": str(other.pk)}).status_code == 404
    assert acting(client) == mine


@pytest.mark.parametrize("sent", ["", "no uuid", "00000000-0000-0000-0000-000000000000"])
def test_switch_to_nonsense_is_not_found(sent: str) -> None:
    assert (
        signed_in(make_membership(Role.APPLICANT)).post(reverse("accounts:switch"), {"membership": sent}).status_code
        == 404
    )


def test_switch_by_a_link_is_refused() -> None:
    assert signed_in(make_membership(Role.APPLICANT)).get(reverse("accounts:switch")).status_code == 405


def test_membership_that_ends_is_left_at_the_next_page() -> None:
    membership = make_membership(Role.OFFICER, starts_at=timezone.now() - timedelta(days=3))
    client = signed_in(membership)
    assert acting(client) == membership
    Membership.objects.filter(pk=membership.pk).update(ends_at=timezone.now() - timedelta(seconds=1))
    answer = client.get("/")
    assert answer.status_code == 403
    assert b"no organisation at present" in answer.content


def test_person_who_left_acts_for_nobody() -> None:
    membership = make_membership(Role.OFFICER)
    client = signed_in(membership)
    membership.person.left_at = timezone.now()
    membership.person.save()
    assert acting(client) is None


def test_side_bar_shows_only_what_the_role_may_see() -> None:
    applicant = signed_in(make_membership(Role.APPLICANT)).get("/").context["places"]
    assert {"/ledger/", "/review/"}.isdisjoint(place["url"] for place in applicant)
    assert "/" in [place["url"] for place in applicant]


def test_side_bar_marks_the_page_one_is_on() -> None:
    places = signed_in(make_membership(Role.OFFICER)).get("/").context["places"]
    assert [place["url"] for place in places if place["is_here"]] == ["/"]
