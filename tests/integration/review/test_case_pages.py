"""A filing's case through the pages: question and answer, advice, and the second signature that decides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from procurement.filings.services import withdraw_filing
from procurement.filings.states import FilingState
from procurement.review import services
from procurement.review.models import Decision, Question
from procurement.review.states import CaseState, Outcome
from tests import factories
from tests.browsing import signed_in, text_of
from tests.integration.review.conftest import Review

pytestmark = pytest.mark.django_db


@pytest.fixture
def first(review: Review) -> Client:
    """The first officer's browser."""
    return signed_in(review.first)


@pytest.fixture
def second(review: Review) -> Client:
    """The second officer's browser."""
    return signed_in(review.second)


@pytest.fixture
def team(review: Review) -> Client:
    """The applicant's browser."""
    return signed_in(review.applicant)


def page(client: Client, review: Review) -> Any:
    return client.get(reverse("review:case", args=[review.case.pk]))


def post(client: Client, review: Review, name: str, **typed: Any) -> Any:
    return client.post(reverse(f"review:{name}", args=[review.case.pk]), typed)


def standing(client: Client, review: Review) -> str:
    return text_of(client.get(reverse("review:standing", args=["filing", review.filing.pk])))


def approval(review: Review, **differs: Any) -> dict[str, Any]:
    """Advice to approve an hour, as a browser posts it."""
    last = review.filing.ends_on - timedelta(days=1)
    return {
        "outcome": "approve", "reason": "The use fits the licence.", "granted_hours": "1", "valid_until": last,
        "window_s": 30, "proviso": "Report the model card.", **differs,
    }  # fmt: skip


def state(review: Review) -> str:
    review.case.refresh_from_db()
    return review.case.state


def test_case_claimed_on_the_page_offers_the_work(review: Review, first: Client, second: Client) -> None:
    assert "Claim the case to ask, flag or advise." in text_of(page(first, review))
    assert post(first, review, "claim").status_code == 303
    assert state(review) == CaseState.CLAIMED
    assert reverse("review:advise", args=[review.case.pk]) in text_of(page(first, review))
    other = text_of(page(second, review))
    assert f"{review.first.person.name} holds this case." in other
    assert reverse("review:advise", args=[review.case.pk]) not in other


def test_question_too_long_is_shown_again_as_typed(review: Review, first: Client) -> None:
    post(first, review, "claim")
    typed = "Who pays for it? " * 300
    answer = post(first, review, "ask", text=typed)
    assert answer.status_code == 422
    assert typed.strip() in text_of(answer)
    assert "at most 4000 characters" in text_of(answer)
    assert not Question.objects.exists()


def test_question_asked_and_answered_through_the_pages(review: Review, first: Client, team: Client) -> None:
    post(first, review, "claim")
    assert post(first, review, "ask", text="Who pays for it?").status_code == 303
    assert state(review) == CaseState.WAITING
    shown = standing(team, review)
    assert "Who pays for it?" in shown
    assert reverse("review:answer", args=[review.case.pk]) in shown
    answer = post(team, review, "answer", answer="The operator pays.")
    assert (answer.status_code, answer["Location"]) == (303, reverse("filings:detail", args=[review.filing.pk]))
    assert state(review) == CaseState.CLAIMED
    assert "The operator pays." in text_of(page(first, review))


def test_answer_too_long_is_shown_again_as_typed(review: Review, first: Client, team: Client) -> None:
    post(first, review, "claim")
    post(first, review, "ask", text="Who pays for it?")
    typed = "The operator pays. " * 500
    answer = post(team, review, "answer", answer=typed)
    assert answer.status_code == 422
    assert typed.strip() in text_of(answer)
    assert state(review) == CaseState.WAITING


def test_answer_to_nothing_asked_keeps_what_was_typed(review: Review, team: Client) -> None:
    answer = post(team, review, "answer", answer="The operator pays.")
    assert answer.status_code == 422
    assert "The operator pays." in text_of(answer)


@pytest.mark.parametrize("left_out", ["granted_hours", "valid_until"])
def test_advice_on_a_filing_without_its_hours_or_last_day_is_shown_again(
    review: Review, first: Client, left_out: str
) -> None:
    post(first, review, "claim")
    answer = post(first, review, "advise", **approval(review, **{left_out: ""}))
    assert answer.status_code == 422
    shown = text_of(answer)
    assert "An approved filing needs its GPU time and its last day." in shown
    assert "The use fits the licence." in shown
    assert 'value="Report the model card."' in shown
    assert state(review) == CaseState.CLAIMED
    assert not Decision.objects.exists()


@pytest.mark.parametrize(("name", "form", "typed"), [
    ("ask", "question_form", {"text": "Who pays for it?"}),
    ("flag", "flag_form", {"code": "RF01", "evidence": "Seen in a register."}),
    ("advise", "advice_form", {"outcome": "decline", "reason": "No basis for it."}),
])  # fmt: skip
def test_act_that_came_too_late_is_told_and_what_was_typed_is_kept(
    review: Review, first: Client, name: str, form: str, typed: dict[str, str]
) -> None:
    post(first, review, "claim")
    withdraw_filing(actor=review.applicant, filing_id=review.filing.pk)
    answer = post(first, review, name, **typed)
    assert answer.status_code == 422
    assert list(typed.values())[-1] in text_of(answer)
    assert answer.context[form].errors["__all__"][0] in text_of(answer)


def test_adviser_who_countersigns_is_refused_in_words_and_nothing_is_decided(review: Review, first: Client) -> None:
    post(first, review, "claim")
    assert post(first, review, "advise", **approval(review)).status_code == 303
    sign = reverse("review:countersign", args=[review.case.pk])
    assert sign not in text_of(page(first, review))
    refused = text_of(first.post(sign, follow=True))
    assert "You advised on this case. A second person has to countersign." in refused
    assert state(review) == CaseState.ADVISED
    assert Decision.objects.get().final_at is None
    review.filing.refresh_from_db()
    assert review.filing.state == FilingState.IN_REVIEW
    assert not review.filing.grants.exists()


def test_second_officer_countersigns_and_the_filing_has_its_hours(
    review: Review, first: Client, second: Client, team: Client
) -> None:
    post(first, review, "claim")
    post(first, review, "advise", **approval(review))
    assert "grant 1.00 GPU-hours until" in text_of(page(second, review))
    assert post(second, review, "countersign").status_code == 303
    assert state(review) == CaseState.CLOSED
    review.filing.refresh_from_db()
    assert review.filing.state == FilingState.APPROVED
    assert review.filing.grants.get().granted_ms == 3_600_000
    assert "A job that has to stop saves its state within 30 s." in standing(team, review)


def test_advice_returned_without_a_reason_is_shown_again(review: Review, second: Client) -> None:
    review.advised()
    assert post(second, review, "return", reason="").status_code == 422
    assert state(review) == CaseState.ADVISED
    assert post(second, review, "return", reason="State the period.").status_code == 303
    assert state(review) == CaseState.CLAIMED


def test_applicant_reads_the_standing_without_scores_or_officers(review: Review, team: Client) -> None:
    assert page(team, review).status_code == 403
    assert post(team, review, "claim").status_code == 403
    assert "waits for a compliance officer" in standing(team, review)
    services.claim_case(actor=review.first, case_id=review.case.pk)
    services.ask_question(actor=review.first, case_id=review.case.pk, text="Who pays for it?")
    asked = standing(team, review)
    services.answer_question(actor=review.applicant, case_id=review.case.pk, answer="The operator.")
    services.advise(actor=review.first, case_id=review.case.pk, advice=review.approval())
    advised = standing(team, review)
    services.countersign(actor=review.second, case_id=review.case.pk)
    decided = standing(team, review)
    assert "A proposal is made" in advised
    assert "The use fits the licence." not in advised
    assert "The use fits the licence." in decided
    for shown in (asked, advised, decided):
        assert review.first.person.name not in shown
        assert review.second.person.name not in shown
        assert "score" not in shown.lower()


def test_standing_of_another_teams_filing_says_nothing(review: Review) -> None:
    stranger = signed_in(factories.make_applicant())
    services.claim_case(actor=review.first, case_id=review.case.pk)
    services.ask_question(actor=review.first, case_id=review.case.pk, text="Who pays for it?")
    shown = standing(stranger, review)
    assert "Who pays for it?" not in shown
    assert review.case.reference not in shown
    assert post(stranger, review, "answer", answer="I do.").status_code == 404


def test_decline_is_shown_to_the_team_with_its_reason(review: Review, first: Client, team: Client) -> None:
    post(first, review, "claim")
    assert post(first, review, "advise", outcome=str(Outcome.DECLINE), reason="No basis.").status_code == 303
    services.countersign(actor=review.second, case_id=review.case.pk)
    assert "No basis." in standing(team, review)
