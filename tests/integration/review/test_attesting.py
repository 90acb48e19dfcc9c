"""A decision's further condition: no job starts before an officer attests it, and one does after."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from allocation.chain.links import LinkStatus
from allocation.chain.queries import chain_of_filing
from allocation.clock import database_now
from ledger.errors import InvalidInput, NotPermitted, Overtaken
from ledger.models import Entry
from procurement.licences.models import Condition
from procurement.review.attesting import attest_decision_condition
from procurement.review.models import Decision
from tests import factories as make
from tests.browsing import signed_in, text_of
from tests.integration.allocation.worlds import World, make_world

pytestmark = pytest.mark.django_db
LATER = make.today() + timedelta(days=30)


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    settings.WRIT_KEYS = tmp_path
    return make_world(Client(), devices=1)


@pytest.fixture
def further(world: World) -> Condition:
    """The further condition of the filing's decision."""
    decision = Decision.objects.get(pk=world.grant.decision_id)
    return decision.conditions.create(kind="other", text="Only on the closed network.", is_machine_checked=False)


def address(further: Condition) -> str:
    assert further.decision is not None
    return reverse("review:attest", args=[further.decision.case_id, further.pk])


def typed(**changes: str) -> dict[str, str]:
    return {"until": LATER.isoformat(), "reason": "The network plan of October.", **changes}


def why_not(world: World) -> str:
    links = chain_of_filing(world.filing, now=database_now()).links
    return " ".join(link.reason for link in links if link.status == LinkStatus.BROKEN)


def test_attested_condition_lets_jobs_start(world: World, further: Condition) -> None:
    assert "Nobody has attested" in why_not(world)
    client = signed_in(world.officer)
    page = reverse("review:case", args=[further.decision.case_id])  # type: ignore[union-attr]
    assert "No job starts before an officer attests it" in text_of(client.get(page))
    assert client.post(address(further), typed()).status_code == 303
    assert why_not(world) == ""
    entry = Entry.objects.get(act="case.condition_attested")
    assert (entry.facts["reason"], entry.facts["until"]) == ("The network plan of October.", LATER.isoformat())
    assert f"attested by {world.officer.person.name}" in text_of(client.get(page))
    assert world.run(world.add_host()).state in ("claimed", "running")


def test_shortened_attestation_stops_what_runs_when_it_lapses(world: World, further: Condition) -> None:
    attest_decision_condition(actor=world.officer, condition=further, until=LATER, reason="The plan.")
    host = world.add_host()
    attempt = world.run(host)
    Condition.objects.filter(pk=further.pk).update(attested_until=make.today() - timedelta(days=1))
    assert host.renew(attempt)[0]["answer"] == "drain"


@pytest.mark.parametrize("changes", [{"reason": " "}, {"until": ""}, {"until": "2020-01-01"}])
def test_attestation_without_a_reason_or_a_day_to_come_is_refused(
    world: World, further: Condition, changes: dict[str, str]
) -> None:
    answer = signed_in(world.officer).post(address(further), typed(**changes))
    assert answer.status_code == 422
    further.refresh_from_db()
    assert further.attested_until is None
    assert not Entry.objects.filter(act="case.condition_attested").exists()


@pytest.mark.parametrize("made", [make.make_applicant, make.make_operator, make.make_auditor, make.make_liaison])
def test_no_other_role_attests(world: World, further: Condition, made: Any) -> None:
    actor = made()
    assert signed_in(actor).post(address(further), typed()).status_code == 403
    with pytest.raises(NotPermitted):
        attest_decision_condition(actor=actor, condition=further, until=LATER, reason="r")


def test_officer_of_the_applicants_side_does_not_attest(world: World, further: Condition) -> None:
    officer = make.make_officer(team=world.team.team)
    with pytest.raises(NotPermitted, match="applicant's side"):
        attest_decision_condition(actor=officer, condition=further, until=LATER, reason="r")


def test_condition_of_another_case_is_not_found(world: World, further: Condition) -> None:
    other = make_world(Client(), devices=1)
    case = Decision.objects.get(pk=other.grant.decision_id).case_id
    answer = signed_in(world.officer).post(reverse("review:attest", args=[case, further.pk]), typed())
    assert answer.status_code == 404


def test_condition_that_a_machine_checks_or_of_a_revoked_decision_is_not_attested(
    world: World, further: Condition
) -> None:
    assert further.decision is not None
    checked = further.decision.conditions.create(
        kind="checkpoint_window_s", text="60 s", parameter={"seconds": 60}, is_machine_checked=True
    )
    with pytest.raises(InvalidInput):
        attest_decision_condition(actor=world.officer, condition=checked, until=LATER, reason="r")
    Decision.objects.filter(pk=further.decision_id).update(revoked_at=timezone.now())
    with pytest.raises(Overtaken, match="revoked"):
        attest_decision_condition(actor=world.officer, condition=further, until=LATER, reason="r")
