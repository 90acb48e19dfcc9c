"""One's own API tokens: shown once, hashed, listed with their last use, revoked."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import ApiToken
from accounts.services import end_membership, issue_token, revoke_token
from ledger.errors import InvalidInput, NotPermitted, Overtaken
from ledger.models import Entry
from tests import factories as make
from tests.browsing import signed_in, text_of

pytestmark = pytest.mark.django_db
HERE = "/account/tokens/"


def typed(actor: Actor, **changes: str) -> dict[str, str]:
    day = (timezone.now() + timedelta(days=30)).date().isoformat()
    return {"label": "Cluster", "membership": str(actor.membership.pk), "last_day": day, **changes}


def answers(token: str) -> int:
    return Client().get("/api/v1/orders", headers={"Authorization": f"Bearer {token}"}).status_code


def made_by(client: Client, actor: Actor) -> str:
    answer = client.post(HERE, typed(actor))
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    found = re.search(r"writ_[\w-]{20,}", text_of(answer))
    assert found
    return found.group()


def test_new_token_is_shown_once_works_and_is_kept_as_a_hash() -> None:
    actor = make.make_applicant()
    client = signed_in(actor)
    token = made_by(client, actor)
    assert answers(token) == 200
    assert token not in text_of(client.get(HERE))
    row = ApiToken.objects.get()
    assert token not in {str(value) for value in vars(row).values()}
    assert row.expires_at is not None
    entry = Entry.objects.get(act="token.issued")
    assert (entry.actor_role, entry.facts["membership"]) == ("applicant", str(actor.membership.pk))


def test_list_says_when_a_token_was_last_used() -> None:
    actor = make.make_applicant()
    client = signed_in(actor)
    token = made_by(client, actor)
    assert "never used" in text_of(client.get(HERE))
    answers(token)
    assert "last used" in text_of(client.get(HERE))
    used = ApiToken.objects.get().last_used_at
    answers(token)
    assert ApiToken.objects.get().last_used_at == used  # to the minute, not a write a call


def test_revoked_token_opens_nothing() -> None:
    actor = make.make_applicant()
    client = signed_in(actor)
    token = made_by(client, actor)
    answer = client.post(reverse("accounts:revoke_token", args=[ApiToken.objects.get().pk]))
    assert (answer.status_code, answer["Location"]) == (303, HERE)
    assert answers(token) == 401
    assert Entry.objects.get(act="token.revoked").facts["own"] is True
    with pytest.raises(Overtaken, match="revoked on"):
        revoke_token(actor=actor, token=ApiToken.objects.get())


def test_token_of_an_ended_membership_is_revoked_with_it() -> None:
    actor = make.make_applicant()
    token = made_by(signed_in(actor), actor)
    end_membership(actor=make.make_operator(), membership=actor.membership, reason="Moved.")
    assert answers(token) == 401
    assert ApiToken.objects.get().revoked_at is not None
    assert Entry.objects.get(act="membership.ended").facts["tokens"] == 1


def test_another_persons_token_is_not_found_and_an_officer_revokes_it_with_a_reason() -> None:
    owner, officer = make.make_applicant(), make.make_officer()
    token = made_by(signed_in(owner), owner)
    address = reverse("accounts:revoke_token", args=[ApiToken.objects.get().pk])
    assert signed_in(make.make_applicant()).post(address).status_code == 404
    client = signed_in(officer)
    refused = client.post(address)
    assert refused.status_code == 422
    assert "This field is required" in text_of(refused)
    assert answers(token) == 200
    assert client.post(address, {"reason": "Seen in a public place."}).status_code == 303
    assert answers(token) == 401
    with pytest.raises(NotPermitted):
        revoke_token(actor=make.make_applicant(), token=ApiToken.objects.get(), reason="I want to.")


@pytest.mark.parametrize(
    "changes",
    [{"label": " "}, {"last_day": "2020-01-01"}, {"last_day": "2999-01-01"}, {"membership": "x"}, {"last_day": ""}],
)
def test_token_that_does_not_fit_is_not_made_and_nothing_typed_is_lost(changes: dict[str, str]) -> None:
    actor = make.make_applicant()
    answer = signed_in(actor).post(HERE, typed(actor, label="Kept words") | changes)
    assert answer.status_code == 422
    assert not ApiToken.objects.exists()
    assert "Kept words" in text_of(answer) or "label" in changes


def test_membership_of_somebody_else_is_no_choice() -> None:
    actor, other = make.make_applicant(), make.make_officer()
    assert signed_in(actor).post(HERE, typed(actor, membership=str(other.membership.pk))).status_code == 422
    with pytest.raises(InvalidInput):
        issue_token(user=make.make_user(actor.person), membership=actor.membership, label="")
