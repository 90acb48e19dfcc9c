"""Red flags of an order: what Writ computed, what officers answered, and that none of them decides."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError
from django.test import Client
from django.urls import reverse

from accounts.roles import Role
from ledger.errors import InvalidInput, NotPermitted
from ledger.models import Entry
from procurement.evidence.flag_services import answer_flag, answer_rest_not_seen
from procurement.evidence.models import FlagAnswer, RedFlagAnswer
from procurement.evidence.red_flags import FlagOfOrder, FlagState, day_of, flags_of, weighed
from procurement.orders.blockers import order_blockers
from procurement.orders.models import Order
from procurement.review import services as review
from procurement.review.states import CaseKind
from tests import factories as make
from tests.integration.evidence.conftest import Certified

pytestmark = pytest.mark.django_db


@pytest.fixture
def through(certified: Certified) -> Certified:
    """The order goes through a part of the world where it neither begins nor ends: RF10 is computed."""
    Order.objects.filter(pk=certified.order.pk).update(via_country="ZA")
    certified.order.refresh_from_db()
    certified.determine()
    return certified


def flag(world: Certified, code: str) -> FlagOfOrder:
    return next(each for each in flags_of(world.order) if each.flag.id == code)


def answer(world: Certified, code: str, said: FlagAnswer, reason: str = "", **differs: Any) -> RedFlagAnswer:
    actor = differs.pop("actor", world.officer)
    return answer_flag(actor=actor, order=world.order, code=code, answer=said, reason=reason)


def test_computed_flag_says_what_was_seen_and_waits_for_an_answer(through: Certified) -> None:
    found = flag(through, "RF10")
    assert found.state is FlagState.TO_ANSWER
    assert any("South Africa" in words for words in found.seen)


def test_flags_to_weigh_block_nothing(through: Certified) -> None:
    before = [each.text for each in order_blockers(through.order)]
    answer(through, "RF10", FlagAnswer.STANDS, "The forwarder gives no reason.")
    assert [each.text for each in order_blockers(through.order)] == before
    assert [each.flag.id for each in weighed(flags_of(through.order))] == ["RF10"]


def test_resolved_flag_is_weighed_no_more_until_something_else_is_seen(through: Certified) -> None:
    answer(through, "RF10", FlagAnswer.RESOLVED, "A consolidation point, with its contract.")
    through.determine()
    assert flag(through, "RF10").state is FlagState.RESOLVED
    Order.objects.filter(pk=through.order.pk).update(via_country="BR")
    through.determine()
    assert flag(through, "RF10").state is FlagState.TO_ANSWER


def test_flag_that_stands_stands_until_it_is_answered_otherwise(through: Certified) -> None:
    answer(through, "RF10", FlagAnswer.STANDS, "No reason is given.")
    through.determine()
    assert flag(through, "RF10").state is FlagState.STANDS
    answer(through, "RF10", FlagAnswer.RESOLVED, "Now there is one.", actor=through.second)
    found = flag(through, "RF10")
    assert (found.state, [each.answer for each in found.answers]) == (FlagState.RESOLVED, ["stands", "resolved"])


def test_flag_raised_on_the_case_waits_for_an_answer(certified: Certified) -> None:
    matter = review.Matter(kind=CaseKind.ORDER, title="An order", order=certified.order)
    case = review.open_case(actor=None, matter=matter, applicant=certified.order.applicant)
    review.raise_flag(actor=certified.officer, case=case, code="RF08", evidence="No delivery date.")
    assert flag(certified, "RF08").state is FlagState.TO_ANSWER
    answer(certified, "RF08", FlagAnswer.RESOLVED, "The date came with the contract.")
    assert flag(certified, "RF08").state is FlagState.RESOLVED


def test_flag_that_was_seen_cannot_be_answered_as_not_seen(through: Certified) -> None:
    with pytest.raises(InvalidInput, match="It was seen"):
        answer(through, "RF10", FlagAnswer.NOT_SEEN)


@pytest.mark.parametrize("said", [FlagAnswer.RESOLVED, FlagAnswer.STANDS])
def test_answer_other_than_not_seen_needs_its_reason(certified: Certified, said: FlagAnswer) -> None:
    with pytest.raises(InvalidInput, match="Say why"):
        answer(certified, "RF01", said, " ")


def test_answer_stands_in_the_ledger_with_its_person(certified: Certified) -> None:
    row = answer(certified, "RF04", FlagAnswer.STANDS, "Founded last month.")
    entry = Entry.objects.get(act="red_flag.answered", subject_id=str(row.pk))
    assert entry.facts["code"] == "RF04"
    assert entry.actor


def test_rest_is_answered_at_once_and_leaves_what_was_seen(through: Certified) -> None:
    rows = answer_rest_not_seen(actor=through.officer, order=through.order)
    states = {each.flag.id: each.state for each in flags_of(through.order)}
    assert states.pop("RF10") is FlagState.TO_ANSWER
    assert set(states.values()) <= {FlagState.NOT_SEEN, FlagState.TO_ANSWER}
    assert len(rows) == sum(1 for each in states.values() if each is FlagState.NOT_SEEN)
    with pytest.raises(InvalidInput):
        answer_rest_not_seen(actor=through.officer, order=through.order)


def test_unknown_flag_is_refused(certified: Certified) -> None:
    with pytest.raises(InvalidInput, match="RF99"):
        answer(certified, "RF99", FlagAnswer.NOT_SEEN)


@pytest.mark.parametrize("role", [Role.APPLICANT, Role.OPERATOR, Role.AUDITOR, Role.LIAISON])
def test_who_is_no_officer_answers_no_flag(certified: Certified, role: Role) -> None:
    with pytest.raises(NotPermitted):
        answer(certified, "RF01", FlagAnswer.NOT_SEEN, actor=make.make_actor(role))


def test_officer_of_the_applicants_team_answers_no_flag(certified: Certified) -> None:
    turned = make.make_officer()
    make.make_membership(Role.AUDITOR, person=turned.person, team=certified.team.team)
    with pytest.raises(NotPermitted, match="applicant's side"):
        answer(certified, "RF01", FlagAnswer.NOT_SEEN, actor=turned)


@pytest.mark.parametrize(
    "statement", ["UPDATE procurement_redflaganswer SET reason = 'x'", "DELETE FROM procurement_redflaganswer"]
)
def test_database_refuses_to_change_an_answer(certified: Certified, statement: str) -> None:
    answer(certified, "RF01", FlagAnswer.NOT_SEEN)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_catalogue_is_that_of_the_day_on_which_the_order_was_handed_in(certified: Certified) -> None:
    handed_in = datetime(2022, 11, 1, 12, tzinfo=UTC)
    Order.objects.filter(pk=certified.order.pk).update(submitted_at=handed_in)
    order = Order.objects.get(pk=certified.order.pk)
    then, now = {each.flag.id for each in flags_of(order)}, {each.flag.id for each in flags_of(certified.order)}
    assert day_of(order) == handed_in.date()
    assert "RF01" in then
    assert then < now


def test_case_page_shows_which_flags_stand_beside_the_decision(through: Certified, client: Client) -> None:
    matter = review.Matter(kind=CaseKind.ORDER, title="An order", order=through.order)
    case = review.open_case(actor=None, matter=matter, applicant=through.order.applicant)
    answer(through, "RF10", FlagAnswer.STANDS, "The forwarder gives no reason.")
    client.force_login(make.make_user(through.officer.person))
    body = client.get(reverse("review:case", args=[case.pk])).content.decode()
    assert "1 red flag to weigh" in body
    assert "The forwarder gives no reason." in body


def test_checklist_shows_what_was_touched_first_and_the_rest_on_demand(through: Certified, client: Client) -> None:
    client.force_login(make.make_user(through.officer.person))
    url = reverse("evidence:flags", args=[through.order.pk])
    first, whole = client.get(url).content.decode(), client.get(f"{url}?show=all").content.decode()
    assert 'id="RF10"' in first
    assert 'id="RF01"' not in first
    assert 'id="RF01"' in whole
    said = client.post(reverse("evidence:answer_flag", args=[through.order.pk, "RF10"]), {"answer": "stands"})
    assert said.status_code == 422
    assert "Say why" in said.content.decode()
