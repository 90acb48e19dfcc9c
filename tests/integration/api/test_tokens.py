"""A token acts by one live membership, and dies with it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import ApiToken
from accounts.services import end_membership, issue_token
from ledger.errors import NotPermitted
from tests import factories as make
from tests.integration.api.conftest import Caller


def test_token_in_force_opens_the_api(owner: Caller) -> None:
    owner.get("orders")


@pytest.mark.parametrize("token", ["writ_unknown", "x", "writ_" + "a" * 4000])
def test_unknown_token_is_refused(owner: Caller, token: str) -> None:
    assert owner.send("GET", "orders", token=token).status_code == 401


def test_token_is_not_stored_as_such(owner: Caller) -> None:
    assert owner.token not in {value for row in ApiToken.objects.values_list() for value in row}


def test_revoked_token_is_refused(owner: Caller) -> None:
    ApiToken.objects.update(revoked_at=timezone.now())
    owner.get("orders", expect=401)


def test_token_past_its_end_is_refused(owner: Caller) -> None:
    ApiToken.objects.update(expires_at=timezone.now() + timedelta(minutes=5))
    owner.get("orders")
    ApiToken.objects.update(expires_at=timezone.now())
    owner.get("orders", expect=401)


def test_token_of_an_ended_membership_is_refused(owner: Caller) -> None:
    end_membership(actor=make.make_operator(), membership=owner.actor.membership, reason="Moved on.")
    owner.get("orders", expect=401)


def test_token_of_somebody_who_left_is_refused(owner: Caller) -> None:
    person = owner.actor.person
    person.left_at = timezone.now()
    person.save()
    owner.get("orders", expect=401)


def test_token_of_a_closed_account_is_refused(owner: Caller) -> None:
    owner.user.is_active = False
    owner.user.save()
    owner.get("orders", expect=401)


def test_token_for_somebody_elses_membership_is_not_issued(owner: Caller, officer: Caller) -> None:
    with pytest.raises(NotPermitted, match="one's own"):
        issue_token(user=owner.user, membership=officer.actor.membership, label="t")
