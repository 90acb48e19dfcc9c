"""The life of a case: claim, question with a stopped clock, advice, return, refusal with every reason."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from ledger.errors import ComplianceRefusal, InvalidInput, NotPermitted, Overtaken
from ledger.models import Entry
from ledger.transitions import IllegalTransition
from procurement.filings.services import approval_blockers
from procurement.filings.states import FilingState
from procurement.parties.models import Ownership, ScreeningState
from procurement.review import services
from procurement.review.models import Case
from procurement.review.services import Advice
from procurement.review.states import CaseState, Outcome
from tests import factories
from tests.integration.review.conftest import Review

pytestmark = pytest.mark.django_db


def test_case_claimed_twice_names_who_holds_it(review: Review) -> None:
    services.claim_case(actor=review.first, case_id=review.case.pk)
    with pytest.raises(Overtaken, match=review.first.person.name):
        services.claim_case(actor=review.second, case_id=review.case.pk)


def test_question_stops_the_clock_until_the_answer(review: Review) -> None:
    services.claim_case(actor=review.first, case_id=review.case.pk)
    services.ask_question(actor=review.first, case_id=review.case.pk, text="Who pays?")
    stopped = timezone.now() - timedelta(days=3)
    Case.objects.update(clock_stopped_at=stopped)
    before = review.case.due_at
    services.answer_question(actor=review.applicant, case_id=review.case.pk, answer="The operator.")
    case = Case.objects.get()
    assert case.state == CaseState.CLAIMED
    assert case.clock_stopped_at is None
    assert timedelta(days=3) <= case.due_at - before < timedelta(days=3, minutes=1)


def test_question_answered_by_another_team_is_refused(review: Review) -> None:
    services.claim_case(actor=review.first, case_id=review.case.pk)
    services.ask_question(actor=review.first, case_id=review.case.pk, text="Who pays?")
    with pytest.raises(NotPermitted, match="applicant's team"):
        services.answer_question(actor=factories.make_applicant(), case_id=review.case.pk, answer="I do.")


def test_advise_while_a_question_is_open_is_refused(review: Review) -> None:
    services.claim_case(actor=review.first, case_id=review.case.pk)
    services.ask_question(actor=review.first, case_id=review.case.pk, text="Who pays?")
    with pytest.raises(IllegalTransition, match="Allowed now: answer, withdraw"):
        services.advise(actor=review.first, case_id=review.case.pk, advice=review.approval())


def test_advise_approval_of_an_unscreened_team_lists_the_reason(review: Review) -> None:
    organisation = review.applicant.team.organisation
    organisation.party = factories.make_party("Unscreened Co.", screening_state=ScreeningState.UNDECIDED)
    organisation.save()
    services.claim_case(actor=review.first, case_id=review.case.pk)
    with pytest.raises(ComplianceRefusal) as refusal:
        services.advise(actor=review.first, case_id=review.case.pk, advice=review.approval())
    assert any("Unscreened Co." in reason for reason in refusal.value.blockers)


def test_countersign_after_a_hit_turned_up_is_refused_and_changes_nothing(review: Review) -> None:
    review.advised()
    organisation = review.applicant.team.organisation
    organisation.party = factories.make_party(screening_state=ScreeningState.MATCHED)
    organisation.save()
    with pytest.raises(ComplianceRefusal):
        services.countersign(actor=review.second, case_id=review.case.pk)
    assert Case.objects.get().state == CaseState.ADVISED
    assert not Entry.objects.filter(act="case.decided").exists()


@pytest.mark.parametrize(("granted_ms", "field"), [(0, "granted_ms"), (10**15, "granted_ms"), (None, "granted_ms")])
def test_advise_grant_out_of_range_is_refused(review: Review, granted_ms: int | None, field: str) -> None:
    services.claim_case(actor=review.first, case_id=review.case.pk)
    advice = Advice(outcome=Outcome.APPROVE, reason="x", granted_ms=granted_ms, valid_until=review.filing.ends_on)
    with pytest.raises(InvalidInput) as refusal:
        services.advise(actor=review.first, case_id=review.case.pk, advice=advice)
    assert refusal.value.field == field


def test_advice_returned_can_be_given_anew(review: Review) -> None:
    review.advised()
    services.return_advice(actor=review.second, case_id=review.case.pk, reason="State the period.")
    services.advise(actor=review.first, case_id=review.case.pk, advice=review.approval())
    services.countersign(actor=review.second, case_id=review.case.pk)
    assert list(Case.objects.get().decisions.values_list("final_at", flat=True)).count(None) == 1


@pytest.mark.parametrize("state", [ScreeningState.MATCHED, ScreeningState.UNDECIDED, ScreeningState.NOT_SCREENED])
def test_filing_is_not_approved_while_an_owner_of_a_remote_user_is_not_clear(
    review: Review, state: ScreeningState
) -> None:
    user, owner = factories.make_party("Plain Cloud"), factories.make_party("Hidden Holding", screening_state=state)
    review.filing.remote_users.create(party=user, purpose="Reads the results.")
    Ownership.objects.create(owner=owner, owned=user, share_percent=10)
    words = f"Screening of Hidden Holding is {owner.get_screening_state_display().lower()}."
    assert approval_blockers(review.filing) == [words]


def test_decline_leaves_the_filing_declined_with_its_reason_in_the_ledger(review: Review) -> None:
    services.claim_case(actor=review.first, case_id=review.case.pk)
    services.advise(
        actor=review.first, case_id=review.case.pk, advice=Advice(outcome=Outcome.DECLINE, reason="No basis.")
    )
    services.countersign(actor=review.second, case_id=review.case.pk)
    review.filing.refresh_from_db()
    assert review.filing.state == FilingState.DECLINED
    assert Entry.objects.get(act="case.decided").facts["reason"] == "No basis."
