"""One person cannot decide alone: not by the services, not by a second account, not by raw SQL."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.actors import Actor
from accounts.roles import Role
from ledger.errors import NotPermitted
from procurement.filings.states import FilingState
from procurement.review import services
from procurement.review.models import Decision
from tests import factories
from tests.integration.review.conftest import Review

pytestmark = pytest.mark.django_db

SIGN = """UPDATE procurement_decision SET countersigner_id = %s, countersigner_person_id = %s,
          countersigner_team_id = %s, final_at = now() WHERE id = %s"""


def sign_by_sql(decision: Decision, actor: Actor, *, check_now: bool = False) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SIGN, [actor.membership.pk, actor.person.pk, actor.team.pk, decision.pk])
        if check_now:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_countersign_by_the_adviser_is_refused(review: Review) -> None:
    review.advised()
    with pytest.raises(NotPermitted, match="second person"):
        services.countersign(actor=review.first, case_id=review.case.pk)


def test_countersign_by_the_advisers_second_membership_is_refused(review: Review) -> None:
    review.advised()
    again = factories.make_officer(person=review.first.person)
    with pytest.raises(NotPermitted, match="second person"):
        services.countersign(actor=again, case_id=review.case.pk)


def test_countersign_by_another_officer_makes_it_final(review: Review) -> None:
    review.advised()
    decision = services.countersign(actor=review.second, case_id=review.case.pk)
    review.filing.refresh_from_db()
    assert decision.is_final
    assert review.filing.state == FilingState.APPROVED


def test_claim_by_an_officer_of_the_applicants_team_is_refused(review: Review) -> None:
    insider = factories.make_officer(team=review.applicant.team)
    with pytest.raises(NotPermitted, match="applicant's side"):
        services.claim_case(actor=insider, case_id=review.case.pk)


def test_countersign_by_the_applicant_who_is_also_an_officer_is_refused(review: Review) -> None:
    review.advised()
    both = factories.make_officer(person=review.applicant.person)
    with pytest.raises(NotPermitted, match="applicant's side"):
        services.countersign(actor=both, case_id=review.case.pk)


def test_sql_countersign_by_the_adviser_is_refused(review: Review) -> None:
    review.advised()
    again = factories.make_officer(person=review.first.person)
    for actor in (review.first, again):
        with pytest.raises(IntegrityError, match="decision_four_eyes"):
            sign_by_sql(Decision.objects.get(), actor)


def test_sql_countersign_under_a_false_name_is_refused(review: Review) -> None:
    review.advised()
    forged = Actor(review.second.membership)
    forged.membership.pk = review.first.membership.pk
    with pytest.raises(IntegrityError, match="countersigner_is_member"):
        sign_by_sql(Decision.objects.get(), forged, check_now=True)


def test_sql_countersign_by_the_applicants_side_is_refused(review: Review) -> None:
    review.advised()
    insider = factories.make_officer(team=review.applicant.team)
    with pytest.raises(IntegrityError, match="decision_countersigner_not_applicant"):
        sign_by_sql(Decision.objects.get(), insider)


def test_decision_by_an_officer_who_is_also_of_the_applicants_team_is_refused(review: Review) -> None:
    factories.make_membership("applicant", person=review.first.person, team=review.applicant.team)
    with pytest.raises(NotPermitted, match="applicant's side"):
        services.claim_case(actor=review.first, case_id=review.case.pk)


def test_sql_countersign_by_an_officer_who_is_also_of_the_applicants_team_is_refused(review: Review) -> None:
    review.advised()
    factories.make_membership("applicant", person=review.second.person, team=review.applicant.team)
    with pytest.raises(IntegrityError, match="of the applicant's team"):
        sign_by_sql(Decision.objects.get(), review.second)


def test_sql_decision_that_names_an_applicant_without_the_team_is_refused(review: Review) -> None:
    review.advised()
    with pytest.raises(IntegrityError, match="decision_applicant_whole"), transaction.atomic():
        Decision.objects.create(
            case=review.case, outcome="approve", reason="r", returned_at="2026-01-01T00:00:00Z",
            applicant_person=factories.make_applicant().person, applicant_team=None,
            decider=review.first.membership, decider_person=review.first.person, decider_team=review.first.team,
        )  # fmt: skip


@pytest.mark.parametrize("role", [role for role in Role if role != Role.OFFICER])
def test_sql_countersign_by_another_role_is_refused(review: Review, role: Role) -> None:
    review.advised()
    with pytest.raises(IntegrityError, match="serving officer"):
        sign_by_sql(Decision.objects.get(), factories.make_actor(role))


def test_sql_final_without_countersigner_is_refused(review: Review) -> None:
    review.advised()
    with pytest.raises(IntegrityError, match="decision_final_only_countersigned"), transaction.atomic():
        Decision.objects.update(final_at="2026-01-01T00:00:00Z")


def test_sql_change_of_a_final_decision_is_refused(review: Review) -> None:
    review.advised()
    services.countersign(actor=review.second, case_id=review.case.pk)
    with pytest.raises(IntegrityError, match="countersigned decision is not changed"), transaction.atomic():
        Decision.objects.update(outcome="decline")
    with pytest.raises(IntegrityError, match="not deleted"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM procurement_decision")
