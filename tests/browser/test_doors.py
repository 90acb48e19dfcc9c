"""People and tokens, acts on a filing, a decision's condition and a stopped order, on a desk and on a phone."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.services import end_membership, issue_token
from procurement.determinations.models import Determination
from procurement.filings import acts
from procurement.filings.states import FilingAction
from procurement.orders import resuming, services
from procurement.review.models import Decision
from tests import factories as make
from tests.browser.conftest import PHONE
from tests.integration.allocation.worlds import World, make_world

pytestmark = [pytest.mark.chromium, pytest.mark.django_db(transaction=True), pytest.mark.slow]
SHOTS = os.environ.get("WRIT_SHOTS")
SCREENS = pytest.mark.parametrize("screen", [{}, {"viewport": PHONE, "theme": "dark"}], ids=["desk", "phone"])


@pytest.fixture
def world(settings, tmp_path) -> World:
    """A running job, a waiting one, tokens, and somebody whose access has ended."""
    settings.WRIT_KEYS = tmp_path
    made = make_world(Client(), devices=2)
    made.run(made.add_host())
    made.submit(devices=2)
    user = make.make_user(made.team.person)
    for days, label in ((30, "Cluster"), (90, "Notebook")):
        ends = timezone.now() + timedelta(days=days)
        issue_token(user=user, membership=made.team.membership, label=label, expires_at=ends)
    gone = make.make_applicant(team=made.team.team)
    end_membership(actor=made.operator, membership=gone.membership, reason="Moved to another company.")
    return made


def shoot(sheet, name, screen):
    sheet.check()
    if SHOTS:
        sheet.shot(Path(SHOTS), f"doors-{name}-{len(screen)}")


@SCREENS
def test_people_and_tokens_are_whole(surf, screen, world):
    officer = surf.as_actor(world.officer, **screen)
    shoot(officer.open(reverse("accounts:people")), "people", screen)
    sheet = officer.open(reverse("accounts:person", args=[world.team.person.pk]))
    sheet.page.locator("details.confirm summary").last.click()
    shoot(sheet, "person", screen)
    team = surf.as_actor(world.team, **screen)
    sheet = team.open(reverse("accounts:tokens"))
    shoot(sheet, "tokens", screen)
    sheet.page.get_by_label("Name").fill("Evaluation")
    sheet.page.get_by_role("button", name="Make the token").click()
    sheet.page.get_by_text("It is shown this once").wait_for()
    shoot(sheet, "token-made", screen)


@SCREENS
def test_acts_on_filing_condition_and_order_are_whole(surf, screen, world):
    decision = Decision.objects.get(pk=world.grant.decision_id)
    decision.conditions.create(kind="other", text="Only on the closed network.", is_machine_checked=False)
    officer, second = surf.as_actor(world.officer, **screen), surf.as_actor(world.second, **screen)
    filing = reverse("filings:detail", args=[world.filing.pk])
    shoot(officer.open(filing), "filing", screen)
    acts.suspend_filing(actor=world.officer, filing=world.filing, reason="The use differs from what was filed.")
    acts.propose_filing_act(
        actor=world.officer, filing=world.filing, action=FilingAction.REINSTATE, reason="It was cleared up."
    )
    shoot(second.open(filing), "filing-suspended", screen)
    Determination.objects.update(superseded_at=timezone.now())  # the world's say nothing that a page could show
    shoot(officer.open(reverse("review:case", args=[decision.case_id])), "case", screen)
    order = make.make_order(applicant=make.make_applicant(), state="in_review")
    services.stop_order(actor=world.officer, order=order, reason="A listed party.")
    resuming.propose_resumption(actor=world.officer, order=order, reason="Another company.")
    shoot(second.open(reverse("orders:detail", args=[order.reference])), "order", screen)


@SCREENS
def test_password_reset_pages_look_like_the_rest(surf, screen):
    visitor = surf.as_visitor(**screen)
    for name in ("account_reset_password", "account_reset_password_done", "account_reset_password_from_key_done"):
        shoot(visitor.open(reverse(name)), name.removeprefix("account_"), screen)
    wrong = reverse("account_reset_password_from_key", kwargs={"uidb36": "1", "key": "no-such-key"})
    shoot(visitor.open(wrong), "reset_wrong_key", screen)
