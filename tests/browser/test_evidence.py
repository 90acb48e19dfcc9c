"""Certifications and red flags in a real browser, on a desk and on a phone."""

import os
from pathlib import Path

import pytest
from django.urls import reverse

from procurement.catalog.services import load_catalog
from procurement.evidence.flag_services import answer_flag, answer_rest_not_seen
from procurement.evidence.models import Evidence, FlagAnswer
from procurement.evidence.services import return_evidence
from procurement.evidence.states import EvidenceState
from procurement.orders.models import Order
from procurement.review import services as review
from procurement.review.states import CaseKind
from tests import factories as make
from tests.browser.conftest import PHONE
from tests.integration.evidence.conftest import Certified, share

pytestmark = [pytest.mark.chromium, pytest.mark.django_db(transaction=True), pytest.mark.slow]
SHOTS = os.environ.get("WRIT_SHOTS")
SCREENS = pytest.mark.parametrize("screen", [{}, {"viewport": PHONE, "theme": "dark"}], ids=["desk", "phone"])


@pytest.fixture
def certified(settings, tmp_path) -> Certified:
    """An order through South Africa, some of whose evidence is accepted, some returned, some filed."""
    settings.WRIT_MEDIA = tmp_path
    load_catalog()
    team = make.make_applicant()
    world = Certified(make.make_order(applicant=team), team)
    Order.objects.filter(pk=world.order.pk).update(via_country="ZA")
    world.order.refresh_from_db()
    make.make_both_licences(world.order, importer=3)
    world.determine()
    for place in (0, 2):
        world.settle("C1", place)
    return_evidence(actor=world.officer, evidence=world.file("C3"), reason="It is not signed.")
    world.settle("C4", share=share("50"), by=world.liaison)
    world.file("C7", 1, by=world.liaison)
    world.determine()
    return world


def shoot(sheet, name, screen):
    sheet.check()
    if SHOTS:
        sheet.shot(Path(SHOTS), f"{name}-{len(screen)}")


@SCREENS
def test_pages_of_certifications_are_whole(surf, screen, certified):
    url = reverse("evidence:order", args=[certified.order.pk])
    for name, actor in (("team", certified.team), ("liaison", certified.liaison), ("officer", certified.officer)):
        sheet = surf.as_actor(actor, **screen).open(url)
        shoot(sheet, f"certifications-{name}", screen)
    shoot(sheet.open(reverse("orders:detail", args=[certified.order.reference])), "order-certified", screen)


@SCREENS
def test_checklist_of_red_flags_is_whole(surf, screen, certified):
    answer_flag(
        actor=certified.officer, order=certified.order, code="RF10", answer=FlagAnswer.STANDS,
        reason="The forwarder gives no reason for the detour.",
    )  # fmt: skip
    matter = review.Matter(kind=CaseKind.ORDER, title="8 x H200", order=certified.order)
    case = review.open_case(actor=None, matter=matter, applicant=certified.order.applicant)
    url = reverse("evidence:flags", args=[certified.order.pk])
    sheet = surf.as_actor(certified.officer, **screen).open(url)
    shoot(sheet, "flags", screen)
    shoot(sheet.open(f"{url}?show=all"), "flags-all", screen)
    shoot(sheet.open(reverse("review:case", args=[case.pk])), "case-flags", screen)
    answer_rest_not_seen(actor=certified.officer, order=certified.order)
    shoot(sheet.open(url), "flags-answered", screen)


def test_piece_is_filed_by_one_and_accepted_by_another_at_the_keyboard(surf, certified, tmp_path):
    paper = tmp_path / "lead-times.txt"
    paper.write_text("Lead times of the quarter.\n")
    url = reverse("evidence:order", args=[certified.order.pk])
    sheet = surf.as_actor(certified.team).open(url)
    piece = sheet.page.locator("#piece-C2-0-0")
    piece.locator("summary").focus()
    sheet.page.keyboard.press("Enter")
    piece.get_by_label("Statement").fill("No US order waits.")
    piece.get_by_label("Document").set_input_files(paper)
    piece.get_by_role("button", name="File it").press("Enter")
    sheet.page.get_by_text("Filed. A compliance officer looks at it.").wait_for()
    row = Evidence.objects.get(certification="C2")
    assert row.state == EvidenceState.FILED
    officer = surf.as_actor(certified.officer).open(url)
    officer.page.locator("#piece-C2-0-0").get_by_role("button", name="Accept it").press("Enter")
    officer.page.get_by_text("Accepted.").first.wait_for()
    row.refresh_from_db()
    assert row.state == EvidenceState.ACCEPTED
    officer.check()


def test_flag_is_answered_on_its_card(surf, certified):
    sheet = surf.as_actor(certified.officer).open(reverse("evidence:flags", args=[certified.order.pk]))
    card = sheet.page.locator("#RF10")
    card.locator("summary").click()
    assert card.get_by_label("Not seen").count() == 0
    card.get_by_label("It stands").check()
    card.get_by_label("Reason").fill("The forwarder gives no reason.")
    card.get_by_role("button", name="Record the answer").click()
    sheet.page.get_by_text("Answered, with your name and the time.").wait_for()
    assert certified.order.flag_answers.get().answer == "stands"
    sheet.check()
