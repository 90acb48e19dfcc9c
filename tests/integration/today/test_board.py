"""What the first page shows to each role, and that nothing of another team's is on it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.actors import Actor
from accounts.roles import Role
from allocation.inventory.models import Host, Incident
from allocation.today.queries import board_of
from allocation.today.shown import Section
from procurement.filings.models import Filing
from procurement.filings.states import FilingState
from procurement.licences.models import Side
from procurement.orders.states import OrderState
from procurement.review import services as review
from procurement.review.models import Case, Question
from procurement.review.states import CaseKind
from tests import factories

pytestmark = pytest.mark.django_db


def section(actor: Actor, key: str) -> Section:
    """One section of the board of ``actor``."""
    return next(each for each in board_of(actor, now=timezone.now()).sections if each.key == key)


def open_case(filing: Filing, title: str = "A case") -> Case:
    """A case about a filing in review."""
    matter = review.Matter(kind=CaseKind.FILING, title=title, order=filing.order, filing=filing)
    return review.open_case(actor=Actor(filing.applicant), matter=matter, applicant=filing.applicant)


@pytest.fixture
def officer() -> Actor:
    return factories.make_officer()


@pytest.fixture
def filing() -> Filing:
    return factories.make_filing(state=FilingState.IN_REVIEW)


def test_cases_due_stand_in_the_order_of_their_clocks(officer: Actor) -> None:
    later, sooner = (
        open_case(factories.make_filing(state=FilingState.IN_REVIEW), name) for name in ("later", "sooner")
    )
    Case.objects.filter(pk=sooner.pk).update(due_at=timezone.now() - timedelta(days=1))
    assert [row.title for row in section(officer, "cases").rows] == ["sooner", "later"]


def test_case_that_waits_for_the_team_asks_the_team_and_not_the_officer(officer: Actor, filing: Filing) -> None:
    case = open_case(filing)
    review.claim_case(actor=officer, case_id=case.pk)
    review.ask_question(actor=officer, case_id=case.pk, text="For how long?")
    assert section(officer, "cases").total == 0
    asked = section(Actor(filing.applicant), "questions")
    assert [(row.title, row.url) for row in asked.rows] == [("For how long?", f"/filings/{filing.pk}/")]
    review.answer_question(actor=Actor(filing.applicant), case_id=case.pk, answer="Six weeks.")
    assert section(Actor(filing.applicant), "questions").total == 0
    assert section(officer, "answers").total == 1


def test_answer_older_than_a_day_is_no_news(officer: Actor, filing: Filing) -> None:
    case = open_case(filing)
    review.claim_case(actor=officer, case_id=case.pk)
    review.ask_question(actor=officer, case_id=case.pk, text="For how long?")
    review.answer_question(actor=Actor(filing.applicant), case_id=case.pk, answer="Six weeks.")
    Question.objects.update(answered_at=timezone.now() - timedelta(days=1, seconds=1))
    assert section(officer, "answers").total == 0


@pytest.mark.parametrize(
    ("days", "drawn", "is_shown"), [(30, 0, True), (31, 0, False), (90, 80, False), (90, 81, True)]
)
def test_licence_is_watched_from_thirty_days_or_over_eighty_percent(
    officer: Actor, days: int, drawn: int, is_shown: bool
) -> None:
    line = {"ship_until": factories.today() + timedelta(days=days), "drawn": drawn}
    licence = factories.make_licence(Side.EXPORTER, factories.make_order(), granted=100, line=line)
    assert (licence.reference in [row.reference for row in section(officer, "licences").rows]) is is_shown


def test_another_teams_work_is_not_on_the_board() -> None:
    factories.make_order(state=OrderState.DRAFT)
    open_case(factories.make_filing(state=FilingState.IN_REVIEW))
    stranger = factories.make_applicant()
    assert [each.total for each in board_of(stranger, now=timezone.now()).sections] == [0] * 6


def test_own_drafts_say_what_is_next(filing: Filing) -> None:
    applicant = Actor(filing.applicant)
    order = factories.make_order(applicant=applicant, state=OrderState.DRAFT)
    row = section(applicant, "orders").rows[0]
    assert (row.reference, row.note) == (order.reference, "Not handed in yet: complete it and submit.")
    assert section(applicant, "filings").total == 1


def test_host_that_is_silent_for_longer_than_a_warrant_lives_is_named() -> None:
    operator = factories.make_operator()
    limit = timedelta(seconds=30)
    now = timezone.now()
    for name, silence in (("just", limit - timedelta(seconds=5)), ("over", limit + timedelta(seconds=5))):
        host = Host.objects.create(name=name, site=factories.make_site(), public_key=name)
        Host.objects.filter(pk=host.pk).update(last_seen_at=now - silence)
    assert [row.title for row in section(operator, "hosts").rows] == ["over"]


def test_closed_incident_is_gone(officer: Actor) -> None:
    Incident.objects.create(reference="INC-1", kind="unlicensed_device")
    Incident.objects.create(reference="INC-2", kind="moved_device", closed_at=timezone.now())
    assert [row.title for row in section(officer, "incidents").rows] == ["Device without a licence"]


@pytest.mark.parametrize("role", list(Role))
def test_board_of_every_role_opens_with_nothing_and_asks_for_itself_alone(role: Role) -> None:
    actor = factories.make_actor(role)
    client = Client()
    client.force_login(factories.make_user(actor.person))
    assert b"<!doctype html>" in client.get("/").content
    part = client.get("/", headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert b"<html" not in part.content


def test_board_costs_the_same_however_many_rows_there_are(
    officer: Actor, django_assert_max_num_queries: object
) -> None:
    for _ in range(3):
        case = open_case(factories.make_filing(state=FilingState.IN_REVIEW))
        review.claim_case(actor=officer, case_id=case.pk)
        factories.make_both_licences(factories.make_order())
    with django_assert_max_num_queries(24):
        board_of(officer, now=timezone.now())
