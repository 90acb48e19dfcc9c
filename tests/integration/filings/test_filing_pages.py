"""Use-case filings through the pages: typed, shown again where they do not fit, and handed in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.actors import Actor
from procurement.filings.models import Filing
from procurement.filings.states import FilingState
from procurement.orders.models import Order
from procurement.parties.models import Party
from procurement.review.models import Case
from tests import factories as make
from tests.browsing import signed_in, text_of

pytestmark = pytest.mark.django_db
NEW = "/filings/new/"


@pytest.fixture
def applicant(db: None) -> Actor:
    return make.make_applicant()


@pytest.fixture
def team(applicant: Actor) -> Client:
    """The team's browser."""
    return signed_in(applicant)


@pytest.fixture
def order(applicant: Actor) -> Order:
    return make.make_order(applicant=applicant)


@pytest.fixture
def draft(order: Order) -> Filing:
    return make.make_filing(order, state=FilingState.DRAFT, submitted_at=None)


def use_case(order: Order, **differs: Any) -> dict[str, Any]:
    """A use case as a browser posts it."""
    return {
        "order": order.pk, "chip": order.lines.get().chip_id, "title": "Bytes", "end_use": "training",
        "description": "A byte-level language model for the operator.", "model_name": "bytes-1",
        "model_parameters": 1_300_000, "training_tokens": 20_000_000, "max_devices": 4, "requested_hours": "12.50",
        "starts_on": make.today(), "ends_on": make.today() + timedelta(days=30), **differs,
    }  # fmt: skip


def post(client: Client, act: str, filing: Filing, *more: Any, **typed: Any) -> Any:
    return client.post(reverse(f"filings:{act}", args=[filing.pk, *more]), typed)


def page(client: Client, filing: Filing) -> str:
    return text_of(client.get(reverse("filings:detail", args=[filing.pk])))


def test_use_case_typed_becomes_a_draft(team: Client, order: Order) -> None:
    answer = team.post(NEW, use_case(order))
    filing = Filing.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, reverse("filings:detail", args=[filing.pk]))
    assert (filing.state, filing.requested_ms) == (FilingState.DRAFT, 45_000_000)


@pytest.mark.parametrize(("field", "value", "words"), [
    ("title", "", "This field is required."),
    ("model_parameters", "a lot", "Enter a whole number."),
    ("requested_hours", "0", "Ensure this value is greater than or equal to 0.01."),
    ("ends_on", "2020-01-01", "The last day comes after the first."),
    ("starts_on", "soon", "Enter a valid date."),
])  # fmt: skip
def test_use_case_that_does_not_fit_is_shown_again_with_the_field_named(
    team: Client, order: Order, field: str, value: str, words: str
) -> None:
    answer = team.post(NEW, use_case(order, **{field: value}))
    assert answer.status_code == 422
    assert words in answer.context["form"].errors[field]
    shown = text_of(answer)
    assert words in shown
    assert f'id="error_1_id_{field}"' in shown or f'id="id_{field}_error' in shown
    assert "A byte-level language model for the operator." in shown
    assert 'value="bytes-1"' in shown
    if value:
        assert f'value="{value}"' in shown
    assert not Filing.objects.exists()


def test_use_case_on_another_teams_order_is_refused(team: Client, order: Order) -> None:
    theirs = make.make_order()
    answer = team.post(NEW, use_case(theirs))
    assert answer.status_code == 422
    assert "order" in answer.context["form"].errors
    assert theirs.reference not in text_of(team.get(NEW))
    assert not Filing.objects.exists()


def test_team_without_an_order_is_told_what_to_do_first(team: Client) -> None:
    assert "Place and hand in an order first." in text_of(team.get(NEW))


def test_new_filing_begins_with_the_order_asked_for(team: Client, order: Order) -> None:
    make.make_order(applicant=Actor(order.applicant))
    shown = text_of(team.get(NEW, {"order": order.pk}))
    assert f'<option value="{order.pk}" selected>' in shown
    assert team.get(NEW, {"order": "no-such-order"}).status_code == 200


def test_draft_changed_on_the_page_keeps_its_hours(team: Client, draft: Filing) -> None:
    address = reverse("filings:edit", args=[draft.pk])
    assert 'value="100.00"' in text_of(team.get(address))
    typed = {k: v for k, v in use_case(draft.order, title="Longer").items() if k not in ("order", "chip")}
    assert team.post(address, typed).status_code == 303
    draft.refresh_from_db()
    assert (draft.title, draft.requested_ms) == ("Longer", 45_000_000)
    again = team.post(address, typed | {"title": ""})
    assert (again.status_code, 'value="12.50"' in text_of(again)) == (422, True)


def test_remote_user_is_named_and_taken_off(team: Client, draft: Filing) -> None:
    answer = post(team, "remote_users", draft, name="Plain Cloud GmbH", country="DE", purpose="Reads the results.")
    assert answer.status_code == 303
    assert "Plain Cloud GmbH" in page(team, draft)
    user = draft.remote_users.get()
    assert post(team, "remove_remote_user", draft, user.pk).status_code == 303
    assert "Plain Cloud GmbH" not in page(team, draft)
    assert post(team, "remove_remote_user", draft, user.pk).status_code == 404


def test_remote_user_without_a_country_code_is_shown_again(team: Client, draft: Filing) -> None:
    answer = post(team, "remote_users", draft, name="Plain Cloud GmbH", country="de", purpose="Reads the results.")
    assert answer.status_code == 422
    assert 'value="Plain Cloud GmbH"' in text_of(answer)
    assert 'value="Reads the results."' in text_of(answer)
    assert not draft.remote_users.exists()


def test_remote_user_named_too_late_is_refused_and_leaves_no_party(team: Client, draft: Filing) -> None:
    Filing.objects.update(state=FilingState.IN_REVIEW)
    answer = post(team, "remote_users", draft, name="Plain Cloud GmbH", country="DE", purpose="Reads the results.")
    assert answer.status_code == 422
    assert "was handed in and can no longer be changed." in text_of(answer)
    assert not Party.objects.filter(name="Plain Cloud GmbH").exists()


def test_filing_handed_in_opens_a_case(team: Client, draft: Filing) -> None:
    assert reverse("filings:submit", args=[draft.pk]) in page(team, draft)
    assert post(team, "submit", draft).status_code == 303
    draft.refresh_from_db()
    assert draft.state == FilingState.IN_REVIEW
    assert Case.objects.get().filing_id == draft.pk
    again = text_of(team.post(reverse("filings:submit", args=[draft.pk]), follow=True))
    assert "was handed in and can no longer be changed." in again


def test_filing_on_an_order_in_review_is_not_handed_in_and_says_why(team: Client, draft: Filing) -> None:
    Order.objects.update(state="in_review")
    words = f"The order {draft.order.reference} is not approved yet."
    assert words in page(team, draft)
    refused = text_of(team.post(reverse("filings:submit", args=[draft.pk]), follow=True))
    assert words in refused
    draft.refresh_from_db()
    assert draft.state == FilingState.DRAFT


@pytest.mark.parametrize("name", ["edit", "remote_users", "submit", "withdraw"])
def test_filing_of_another_team_is_not_found(draft: Filing, name: str) -> None:
    stranger = signed_in(make.make_applicant())
    assert stranger.get(reverse("filings:detail", args=[draft.pk])).status_code == 404
    assert post(stranger, name, draft).status_code == 404
    draft.refresh_from_db()
    assert draft.state == FilingState.DRAFT
