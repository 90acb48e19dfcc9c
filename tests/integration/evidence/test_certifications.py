"""Certifications C1 to C7: held once every piece is accepted by another person, and open again when one falls away."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from accounts.roles import Role
from ledger.errors import ComplianceRefusal, InvalidInput, NotPermitted
from ledger.models import Entry
from ledger.transitions import IllegalTransition
from procurement.evidence.blockers import approval_blockers, approval_warnings, release_blockers
from procurement.evidence.models import Evidence
from procurement.evidence.services import accept_evidence, return_evidence, withdraw_evidence
from procurement.evidence.standing import standing_of
from procurement.evidence.states import EvidenceState
from procurement.orders.models import Order
from procurement.regimes.outcome import CertificationState
from tests import factories as make
from tests.integration.evidence.conftest import Certified, share

pytestmark = pytest.mark.django_db


def state_of(world: Certified, certification: str, days: int = 0) -> CertificationState:
    found = standing_of(world.order, make.today() + timedelta(days=days))
    return next(each.state for each in found if each.asked.id == certification)


def test_certification_with_every_piece_accepted_is_held_when_determined_again(certified: Certified) -> None:
    assert certified.determine()["C1"] == "missing"
    certified.settle("C1", 0)
    assert certified.determine()["C1"] == "missing"
    certified.settle("C1", 2)
    assert certified.determine() == {"C1": "held", **{f"C{n}": "missing" for n in range(2, 8)}}


def test_filed_piece_that_nobody_accepted_does_not_hold(certified: Certified) -> None:
    certified.file("C3")
    assert state_of(certified, "C3") is CertificationState.MISSING
    assert certified.determine()["C3"] == "missing"


def test_accepted_piece_stands_in_the_ledger_with_both_persons(certified: Certified) -> None:
    row = certified.settle("C3")
    acts = {each.act: each for each in Entry.objects.filter(subject_kind="evidence", subject_id=str(row.pk))}
    assert {"evidence.filed", "document.attached", "evidence.accepted"} <= set(acts)
    assert acts["evidence.filed"].actor != acts["evidence.accepted"].actor


def test_withdrawn_piece_opens_its_certification_again(certified: Certified) -> None:
    row = certified.settle("C3")
    assert state_of(certified, "C3") is CertificationState.HELD
    withdraw_evidence(actor=certified.team, evidence=row, reason="It was the wrong quarter.")
    assert state_of(certified, "C3") is CertificationState.MISSING


def test_officer_may_withdraw_what_was_accepted_and_another_team_may_not(certified: Certified) -> None:
    row = certified.settle("C3")
    with pytest.raises(NotPermitted):
        withdraw_evidence(actor=make.make_applicant(), evidence=row, reason="Mine?")
    withdraw_evidence(actor=certified.second, evidence=row, reason="The foundry has told us otherwise.")
    assert state_of(certified, "C3") is CertificationState.MISSING


def test_replaced_piece_opens_its_certification_until_the_new_one_is_accepted(certified: Certified) -> None:
    former = certified.settle("C3")
    newer = certified.file("C3")
    former.refresh_from_db()
    assert former.state == EvidenceState.REPLACED
    assert state_of(certified, "C3") is CertificationState.MISSING
    accept_evidence(actor=certified.officer, evidence=newer)
    assert state_of(certified, "C3") is CertificationState.HELD


def test_piece_of_the_other_side_that_waits_is_not_pushed_aside(certified: Certified) -> None:
    waiting = certified.file("C4", by=certified.liaison, share=share("50"))
    with pytest.raises(ComplianceRefusal, match="other side has filed"):
        certified.file("C4")
    accept_evidence(actor=certified.officer, evidence=waiting)
    assert certified.file("C4").state == EvidenceState.FILED


@pytest.mark.parametrize(("day", "state"), [(9, "held"), (10, "held"), (11, "missing")])
def test_piece_counts_through_its_last_day(certified: Certified, day: int, state: str) -> None:
    certified.settle("C3", valid_until=make.today() + timedelta(days=10))
    assert state_of(certified, "C3", day) == state


def test_returned_piece_says_why_and_can_be_filed_anew(certified: Certified) -> None:
    row = return_evidence(actor=certified.officer, evidence=certified.file("C3"), reason="It is not signed.")
    assert (row.state, row.reason) == (EvidenceState.RETURNED, "It is not signed.")
    with pytest.raises(IllegalTransition):
        accept_evidence(actor=certified.officer, evidence=row)
    certified.settle("C3")
    assert state_of(certified, "C3") is CertificationState.HELD


def test_who_filed_cannot_accept_by_another_membership(certified: Certified) -> None:
    also_officer = make.make_officer(person=certified.team.person)
    with pytest.raises(NotPermitted, match="You filed this piece"):
        accept_evidence(actor=also_officer, evidence=certified.file("C3"))


def test_officer_who_was_of_the_applicants_team_cannot_accept(certified: Certified) -> None:
    turned = make.make_officer()
    make.make_membership(Role.AUDITOR, person=turned.person, team=certified.team.team)
    with pytest.raises(NotPermitted, match="side that filed"):
        accept_evidence(actor=turned, evidence=certified.file("C3"))


@pytest.mark.parametrize("role", [Role.APPLICANT, Role.OPERATOR, Role.AUDITOR, Role.LIAISON])
def test_who_is_no_officer_cannot_accept(certified: Certified, role: Role) -> None:
    with pytest.raises(NotPermitted):
        accept_evidence(actor=make.make_actor(role), evidence=certified.file("C3"))


@pytest.mark.parametrize("role", [Role.OFFICER, Role.OPERATOR, Role.AUDITOR])
def test_who_is_of_neither_side_cannot_file(certified: Certified, role: Role) -> None:
    with pytest.raises(NotPermitted):
        certified.file("C3", by=make.make_actor(role))


def test_another_team_cannot_file_and_the_exporters_side_can(certified: Certified) -> None:
    with pytest.raises(Order.DoesNotExist):
        certified.file("C3", by=make.make_applicant())
    assert certified.file("C3", by=certified.liaison).state == EvidenceState.FILED


def decide_by_sql(row: Evidence, who: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procurement_evidence SET state = 'accepted', decider_id = %s, decider_person_id = %s,"
            " decider_team_id = %s, decided_at = now() WHERE id = %s",
            [who.membership.pk, who.person.pk, who.team.pk, row.pk],
        )


def test_database_refuses_the_filer_as_decider(certified: Certified) -> None:
    row = certified.file("C3")
    for same in (certified.team, make.make_officer(person=certified.team.person)):
        with pytest.raises(IntegrityError):
            decide_by_sql(row, same)


def test_database_refuses_somebody_of_the_applicants_team_and_one_who_is_no_officer(certified: Certified) -> None:
    row = certified.file("C3")
    turned = make.make_officer()
    make.make_membership(Role.AUDITOR, person=turned.person, team=certified.team.team)
    for other in (turned, make.make_operator()):
        with pytest.raises(IntegrityError):
            decide_by_sql(row, other)
    decide_by_sql(row, certified.officer)


@pytest.mark.parametrize(
    "change",
    [
        "state = 'accepted'",
        "statement = 'Otherwise.'",
        "valid_until = '2099-01-01'",
        "filer_person_id = decider_person_id",
    ],
)
def test_database_refuses_to_rewrite_what_was_filed(certified: Certified, change: str) -> None:
    row = return_evidence(actor=certified.officer, evidence=certified.file("C3"), reason="Not signed.")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE procurement_evidence SET {change} WHERE id = %s", [row.pk])
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM procurement_evidence WHERE id = %s", [row.pk])


@pytest.mark.parametrize(
    ("differs", "field"),
    [
        ({"upload": None, "statement": " "}, "statement"),
        ({"valid_until": date(2020, 1, 1)}, "valid_until"),
        ({"piece": "a letter from a friend"}, "piece"),
        ({"share": share("1")}, "share_percent"),
    ],
)
def test_submission_that_lacks_something_is_refused_by_field(certified: Certified, differs: dict, field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        certified.file("C3", **differs)
    assert refusal.value.field == field


def test_piece_that_writ_keeps_is_not_filed(certified: Certified) -> None:
    with pytest.raises(InvalidInput, match="keeps this piece itself"):
        certified.file("C5", 1)


def test_screening_that_clears_nobody_leaves_c5_open(certified: Certified) -> None:
    certified.settle("C5", 0)
    assert state_of(certified, "C5") is CertificationState.HELD
    party = make.end_user_of(certified.order)
    party.screening_state = "undecided"
    party.save()
    assert state_of(certified, "C5") is CertificationState.MISSING


def test_draft_and_declined_orders_take_no_evidence(certified: Certified) -> None:
    Order.objects.filter(pk=certified.order.pk).update(state="declined")
    with pytest.raises(ComplianceRefusal, match="takes no evidence now"):
        certified.file("C3")


def test_missing_certifications_warn_before_an_approval_and_block_a_release(certified: Certified) -> None:
    today = make.today()
    assert approval_blockers(certified.order, today) == []
    assert len(approval_warnings(certified.order, today)) == 7
    assert len(release_blockers(certified.line, today)) == 7
    certified.settle_all()
    assert approval_warnings(certified.order, today) == []
    assert release_blockers(certified.line, today) == []


def test_order_without_a_determination_asks_for_nothing(certified: Certified) -> None:
    order = make.make_order()
    assert standing_of(order, make.today()) == []
    assert release_blockers(order.lines.get(), make.today()) == []
