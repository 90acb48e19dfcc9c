"""Chips and determinations in a real browser, on a desk and on a phone."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.urls import reverse

from procurement.catalog.services import load_catalog
from procurement.determinations.services import determine_order
from tests import factories
from tests.browser.conftest import PHONE

pytestmark = [pytest.mark.chromium, pytest.mark.django_db(transaction=True), pytest.mark.slow]
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SHOTS = os.environ.get("WRIT_SHOTS")


@pytest.mark.parametrize("screen", [{}, {"viewport": PHONE, "theme": "dark"}], ids=["desk", "phone"])
def test_pages_of_chips_and_determinations_are_whole(surf, screen):
    load_catalog()
    order = factories.make_order()
    row = determine_order(actor=factories.make_officer(), order=order, now=NOW)[0]
    sheet = surf.as_actor(factories.make_officer(), **screen)
    paths = {
        "chips": reverse("catalog:list"),
        "chip": reverse("catalog:chip", args=["b200"]),
        "order": reverse("determinations:of_order", args=[order.pk]),
        "detail": reverse("determinations:detail", args=[row.pk]),
        "ask": reverse("determinations:ask"),
    }
    for name, path in paths.items():
        sheet.open(path).check()
        if SHOTS:
            sheet.shot(Path(SHOTS), f"{name}-{len(screen)}")


def test_question_by_hand_is_typed_and_answered(surf):
    sheet = surf.as_actor(factories.make_officer()).open(reverse("determinations:ask"))
    sheet.page.get_by_label("Why you ask").fill("A customer asked")
    destination = sheet.page.get_by_role("combobox", name="Destination")
    destination.focus()
    destination.press_sequentially("Chin")
    sheet.page.get_by_role("option", name="China").first.wait_for()
    if SHOTS:
        sheet.shot(Path(SHOTS), "ask-open")
    sheet.page.get_by_role("option", name="China").first.click()
    sheet.page.get_by_role("button", name="Determine").click()
    sheet.page.get_by_role("heading", name="US EAR, advanced computing").wait_for()
    sheet.check()
