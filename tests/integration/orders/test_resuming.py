"""A stopped order goes back into review by two officers, once no party is matched."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.actors import Actor
from ledger.errors import NotPermitted, Overtaken
from ledger.models import Entry
from procurement.orders import resuming, services
from procurement.orders.models import Order, Resumption
from procurement.parties.models import Party
from tests import factories as make
from tests.browsing import signed_in, text_of

pytestmark = pytest.mark.django_db
WHY = "Screened again: another company."


@pytest.fixture
def officer() -> Actor:
    return make.make_officer()


@pytest.fixture
def order(officer: Actor) -> Order:
    made = make.make_order(applicant=make.make_applicant(), state="in_review")
    return services.stop_order(actor=officer, order=made, reason="A listed party.")


def post(actor: Actor, order: Order, name: str, reason: str = WHY) -> Any:
    return signed_in(actor).post(reverse(f"orders:{name}", args=[order.reference]), {"reason": reason})


def state_of(order: Order) -> str:
    return Order.objects.get(pk=order.pk).state


def test_two_officers_put_it_back_into_review_with_a_case(order: Order, officer: Actor) -> None:
    assert post(officer, order, "propose_resume").status_code == 303
    assert post(officer, order, "countersign_resume").status_code == 303
    assert state_of(order) == "stopped"  # the proposer is no second person
    second = make.make_officer()
    assert "Go on after the stop" in text_of(signed_in(second).get(reverse("orders:detail", args=[order.reference])))
    assert post(second, order, "countersign_resume").status_code == 303
    assert state_of(order) == "in_review"
    assert order.cases.filter(kind="order", state="open").count() == 1
    assert Entry.objects.get(act="order.resumed").facts["reason"] == WHY
    with pytest.raises(Overtaken, match=second.person.name):
        resuming.countersign_resumption(actor=make.make_officer(), act=Resumption.objects.get())


def test_matched_party_holds_it_at_both_steps(order: Order, officer: Actor) -> None:
    act = resuming.propose_resumption(actor=officer, order=order, reason=WHY)
    Party.objects.filter(pk=order.site.operator_id).update(screening_state="matched")
    answer = signed_in(make.make_officer()).post(
        reverse("orders:countersign_resume", args=[order.reference]), follow=True
    )
    assert "stays stopped" in text_of(answer)
    assert state_of(order) == "stopped"
    resuming.withdraw_resumption(actor=officer, act=act, reason="Matched again.")
    refused = post(officer, order, "propose_resume")
    assert refused.status_code == 422
    assert order.site.operator.name in text_of(refused)


def test_reason_is_required_and_nothing_waits_twice(order: Order, officer: Actor) -> None:
    assert post(officer, order, "propose_resume", " ").status_code == 422
    assert post(officer, order, "propose_resume").status_code == 303
    again = post(make.make_officer(), order, "propose_resume")
    assert again.status_code == 422
    assert officer.person.name in text_of(again)
    assert post(officer, order, "withdraw_resume", " ").status_code == 422
    assert post(officer, order, "withdraw_resume").status_code == 303
    assert post(officer, order, "countersign_resume").status_code == 404


@pytest.mark.parametrize("made", [make.make_operator, make.make_auditor, make.make_liaison, make.make_applicant])
def test_other_roles_are_refused(order: Order, made: Any) -> None:
    for name in ("propose_resume", "countersign_resume", "withdraw_resume"):
        assert post(made(), order, name).status_code == 403


def test_officer_of_the_team_that_ordered_is_refused(order: Order) -> None:
    with pytest.raises(NotPermitted, match="team that ordered"):
        resuming.propose_resumption(actor=make.make_officer(team=order.team), order=order, reason=WHY)


def test_database_asks_for_two_persons(order: Order, officer: Actor) -> None:
    act = resuming.propose_resumption(actor=officer, order=order, reason=WHY)
    with pytest.raises(IntegrityError), transaction.atomic():
        Resumption.objects.filter(pk=act.pk).update(in_effect_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Resumption.objects.filter(pk=act.pk).update(
            countersigner=officer.membership, countersigner_person=officer.person, countersigner_team=officer.team
        )


def test_team_reads_neither_the_proposal_nor_its_reason(order: Order, officer: Actor) -> None:
    resuming.propose_resumption(actor=officer, order=order, reason=WHY)
    page = text_of(signed_in(Actor(order.applicant)).get(reverse("orders:detail", args=[order.reference])))
    assert WHY not in page
    assert "Go on after the stop" not in page
