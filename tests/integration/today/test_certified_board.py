"""Evidence and holds on the first page: each person sees the pieces that wait for them, and no other's."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.actors import Actor
from accounts.roles import Role
from allocation.today.queries import board_of
from allocation.today.shown import Section
from procurement.determinations.services import determine_order
from procurement.evidence.asked import asked_of
from procurement.evidence.models import Evidence
from procurement.evidence.services import Submission, accept_evidence, file_evidence, return_evidence
from procurement.orders.models import Order
from procurement.orders.states import OrderState
from procurement.records.services import Matter, place_hold, propose_lift
from procurement.records.terms import Term, state_term
from tests import factories as make

pytestmark = pytest.mark.django_db
C3 = "C3"


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Path) -> None:
    settings.WRIT_MEDIA = tmp_path


def section(actor: Actor, key: str) -> Section:
    return next(each for each in board_of(actor, now=timezone.now()).sections if each.key == key)


@pytest.fixture
def officer() -> Actor:
    return make.make_officer()


@pytest.fixture
def team() -> Actor:
    return make.make_applicant()


@pytest.fixture
def order(team: Actor, officer: Actor) -> Order:
    order = make.make_order(applicant=team)
    determine_order(actor=officer, order=order)
    return order


def filed(order: Order, by: Actor, **differs: Any) -> Evidence:
    asked = next(each for each in asked_of(order, make.today()) if each.id == C3)
    values = {"certification": C3, "piece": asked.pieces[0], "statement": "As attested.", **differs}
    return file_evidence(actor=by, order=order, submission=Submission(**values))


def test_filed_piece_waits_for_an_officer_until_it_is_decided(order: Order, team: Actor, officer: Actor) -> None:
    row = filed(order, team)
    found = section(officer, "evidence")
    assert (found.total, found.rows[0].reference, found.rows[0].title[:3]) == (1, order.reference, "C3:")
    accept_evidence(actor=officer, evidence=row)
    assert section(officer, "evidence").total == 0


def test_piece_of_one_s_own_side_does_not_wait_for_oneself(order: Order, team: Actor) -> None:
    filed(order, team)
    insider = make.make_officer()
    make.make_membership(Role.APPLICANT, person=insider.person, team=order.team)
    assert section(insider, "evidence").total == 0
    assert section(make.make_officer(person=team.person), "evidence").total == 0


def test_piece_of_an_order_that_ended_waits_for_nobody(order: Order, team: Actor, officer: Actor) -> None:
    filed(order, team)
    Order.objects.filter(pk=order.pk).update(state=OrderState.WITHDRAWN)
    assert section(officer, "evidence").total == 0


def test_returned_piece_asks_its_team_until_it_is_filed_anew(order: Order, team: Actor, officer: Actor) -> None:
    return_evidence(actor=officer, evidence=filed(order, team), reason="It is not signed.")
    found = section(team, "anew")
    assert (found.total, found.rows[0].note, found.rows[0].state) == (1, "It is not signed.", "returned")
    assert section(make.make_applicant(), "anew").total == 0
    assert section(make.make_liaison(), "anew").total == 0
    again = filed(order, team)
    assert section(team, "anew").total == 0
    return_evidence(actor=officer, evidence=again, reason="Still not.")
    found = section(team, "anew")
    assert [row.note for row in found.rows] == ["Still not."]


def test_accepted_piece_asks_its_team_when_it_has_lapsed(order: Order, team: Actor, officer: Actor) -> None:
    row = accept_evidence(actor=officer, evidence=filed(order, team, valid_until=make.today() + timedelta(days=1)))
    assert section(team, "anew").total == 0
    later = timezone.now() + timedelta(days=2)
    found = next(each for each in board_of(team, now=later).sections if each.key == "anew")
    assert (found.total, found.rows[0].state) == (1, "lapsed")
    assert row.valid_until is not None
    assert f"{row.valid_until:%d %b %Y}" in found.rows[0].note


def test_hold_to_lift_waits_for_a_second_officer_alone(order: Order, team: Actor, officer: Actor) -> None:
    hold = place_hold(actor=officer, kind="order", subject_id=order.pk, matter=Matter("Letter 7", "An inquiry."))
    second = make.make_officer()
    assert section(second, "holds").total == 0
    propose_lift(actor=officer, hold=hold, reason="Over.")
    assert section(officer, "holds").total == 0
    insider = make.make_officer()
    make.make_membership(Role.APPLICANT, person=insider.person, team=order.team)
    assert section(insider, "holds").total == 0
    found = section(second, "holds")
    assert (found.total, found.rows[0].title, found.rows[0].reference) == (1, "Letter 7", hold.reference)


def test_shorter_record_term_waits_for_a_second_officer_alone(order: Order, officer: Actor) -> None:
    licence, _other = make.make_both_licences(order)
    state_term(actor=officer, licence=licence, term=Term(12), reason="Its condition 9.")
    second = make.make_officer()
    assert section(second, "terms").total == 0
    state_term(actor=officer, licence=licence, term=Term(7), reason="Amended.")
    assert section(officer, "terms").total == 0
    insider = make.make_officer()
    make.make_membership(Role.APPLICANT, person=insider.person, team=order.team)
    assert section(insider, "terms").total == 0
    found = section(second, "terms")
    assert (found.total, found.rows[0].reference) == (1, licence.reference)
    assert "7 years from the end of the transaction" in found.rows[0].title
