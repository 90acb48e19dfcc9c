"""Suspending an approved filing takes one officer and drains; revoking and reinstating take two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actors import Actor
from allocation.dispatch.models import Drain
from allocation.grants.models import Grant
from allocation.scheduler.passes import run_pass
from ledger.errors import ComplianceRefusal, NotPermitted, Overtaken
from ledger.models import Entry
from ledger.transitions import IllegalTransition
from procurement.filings import acts
from procurement.filings.models import Filing, FilingAct
from procurement.filings.states import FilingAction
from procurement.parties.models import Party
from procurement.review.models import Decision
from tests import factories as make
from tests.browsing import signed_in, text_of
from tests.integration.allocation.worlds import World, make_world

pytestmark = pytest.mark.django_db
WHY = "The use differs from what was filed."


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    settings.WRIT_KEYS = tmp_path
    return make_world(Client(), devices=2)


def post(actor: Actor, world: World, name: str, prefix: str, reason: str = WHY, **more: str) -> Any:
    typed = {f"{prefix}-{key}": value for key, value in {"reason": reason, **more}.items()}
    return signed_in(actor).post(reverse(f"filings:{name}", args=[world.filing.pk]), typed)


def state_of(world: World) -> str:
    return Filing.objects.get(pk=world.filing.pk).state


def test_suspension_by_one_officer_drains_what_runs_and_keeps_the_grant(world: World) -> None:
    host, other = world.add_host(), make_world(Client(), devices=1)
    attempt, spared = world.run(host), other.run(elsewhere := other.add_host())
    page = signed_in(world.officer)
    said = text_of(page.get(reverse("drains:what_if_filing", args=[world.filing.pk])))
    assert attempt.job.reference in said
    assert post(world.officer, world, "suspend", "suspend").status_code == 303
    assert state_of(world) == "suspended"
    assert {item.attempt_id for item in Drain.objects.get().items.all()} == {attempt.pk}
    assert host.renew(attempt)[0]["answer"] == "drain"
    assert elsewhere.renew(spared)[0]["answer"] == "run"
    assert Grant.objects.get(pk=world.grant.pk).revoked_at is None
    assert Entry.objects.get(act="filing.suspended").facts["reason"] == WHY
    assert Drain.objects.get().reference in text_of(page.get(reverse("drains:filing", args=[world.filing.pk])))
    with pytest.raises(ComplianceRefusal, match="suspended"):
        world.submit()


def test_suspension_at_once_leaves_no_window(world: World) -> None:
    world.run(world.add_host())
    assert post(world.officer, world, "suspend", "suspend", stop_now="on").status_code == 303
    assert Drain.objects.get().is_immediate


def test_reinstatement_takes_two_and_lets_jobs_start_again(world: World) -> None:
    world.add_host()
    waiting = world.submit()
    acts.suspend_filing(actor=world.officer, filing=world.filing, reason=WHY)
    assert run_pass() == 0
    assert post(world.officer, world, "reinstate", "reinstate").status_code == 303
    assert state_of(world) == "suspended"
    assert signed_in(world.officer).post(reverse("filings:countersign", args=[world.filing.pk])).status_code == 303
    assert state_of(world) == "suspended"  # the proposer is no second person
    assert signed_in(world.second).post(reverse("filings:countersign", args=[world.filing.pk])).status_code == 303
    assert state_of(world) == "approved"
    assert run_pass() == 1
    waiting.refresh_from_db()
    assert waiting.state != "waiting"


def test_revocation_takes_two_ends_decision_and_grant_and_drains(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    assert post(world.officer, world, "revoke", "revoke").status_code == 303
    assert host.renew(attempt)[0]["answer"] == "run"
    act = FilingAct.objects.get()
    acts.countersign_filing_act(actor=world.second, act=act)
    assert state_of(world) == "revoked"
    assert Decision.objects.get(pk=world.grant.decision_id).revoked_at is not None
    assert Grant.objects.get(pk=world.grant.pk).revoked_at is not None
    assert host.renew(attempt)[0]["answer"] == "drain"
    assert {"filing.revoked", "decision.revoked", "grant.revoked"} <= set(Entry.objects.values_list("act", flat=True))
    with pytest.raises(IllegalTransition):
        acts.propose_filing_act(actor=world.officer, filing=world.filing, action=FilingAction.REINSTATE, reason=WHY)


def test_proposer_does_not_countersign_by_another_account_or_in_the_database(world: World) -> None:
    act = acts.propose_filing_act(actor=world.officer, filing=world.filing, action=FilingAction.REVOKE, reason=WHY)
    again = make.make_officer(person=world.officer.person)
    with pytest.raises(NotPermitted, match="second person"):
        acts.countersign_filing_act(actor=again, act=act)
    with pytest.raises(IntegrityError), transaction.atomic():
        FilingAct.objects.filter(pk=act.pk).update(in_effect_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        FilingAct.objects.filter(pk=act.pk).update(
            countersigner=again.membership, countersigner_person=again.person, countersigner_team=again.team
        )


def test_applicants_side_may_stop_but_neither_revoke_nor_sign(world: World) -> None:
    inside = make.make_officer(team=world.team.team)
    with pytest.raises(NotPermitted, match="applicant's side"):
        acts.propose_filing_act(actor=inside, filing=world.filing, action=FilingAction.REVOKE, reason=WHY)
    act = acts.propose_filing_act(actor=world.officer, filing=world.filing, action=FilingAction.REVOKE, reason=WHY)
    with pytest.raises(NotPermitted, match="applicant's side"):
        acts.countersign_filing_act(actor=inside, act=act)
    acts.suspend_filing(actor=inside, filing=world.filing, reason=WHY)
    assert state_of(world) == "suspended"


def test_reinstatement_is_refused_while_a_party_is_matched_and_says_so(world: World) -> None:
    acts.suspend_filing(actor=world.officer, filing=world.filing, reason=WHY)
    Party.objects.filter(pk=world.site.operator_id).update(screening_state="matched")
    answer = post(world.officer, world, "reinstate", "reinstate")
    assert answer.status_code == 422
    assert "cannot be reinstated yet" in text_of(answer)
    assert world.site.operator.name in text_of(answer)


def test_second_proposal_says_whose_waits_and_withdrawing_frees_the_way(world: World) -> None:
    act = acts.propose_filing_act(actor=world.officer, filing=world.filing, action=FilingAction.REVOKE, reason=WHY)
    with pytest.raises(Overtaken, match=world.officer.person.name):
        acts.propose_filing_act(actor=world.second, filing=world.filing, action=FilingAction.REVOKE, reason=WHY)
    assert post(world.second, world, "turn_down", "turn_down", "Not enough.").status_code == 303
    with pytest.raises(Overtaken, match="withdrawn"):
        acts.countersign_filing_act(actor=world.second, act=act)
    assert signed_in(world.second).post(reverse("filings:countersign", args=[world.filing.pk])).status_code == 404
    assert state_of(world) == "approved"


@pytest.mark.parametrize("name", ["suspend", "revoke"])
def test_reason_is_required_and_other_roles_are_refused(world: World, name: str) -> None:
    assert post(world.officer, world, name, name, " ").status_code == 422
    for actor in (world.team, world.operator, make.make_auditor(), make.make_liaison()):
        assert post(actor, world, name, name).status_code == 403
    with pytest.raises(NotPermitted):
        acts.suspend_filing(actor=world.operator, filing=world.filing, reason=WHY)
    assert state_of(world) == "approved"


def test_team_reads_that_it_is_suspended_and_why_but_no_proposals(world: World) -> None:
    acts.suspend_filing(actor=world.officer, filing=world.filing, reason=WHY)
    acts.propose_filing_act(
        actor=world.officer, filing=world.filing, action=FilingAction.REVOKE, reason="Between officers."
    )
    page = text_of(signed_in(world.team).get(reverse("filings:detail", args=[world.filing.pk])))
    assert WHY in page
    assert "Between officers." not in page
    assert "Between officers." in text_of(
        signed_in(world.second).get(reverse("filings:detail", args=[world.filing.pk]))
    )
