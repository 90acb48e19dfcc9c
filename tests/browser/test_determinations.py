"""Chips and determinations in a real browser, on a desk and on a phone."""

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.urls import reverse

from procurement.catalog.services import load_catalog
from procurement.determinations.previews import keep_preview
from procurement.determinations.replaying import Kept, Switch
from procurement.determinations.services import determine_order
from procurement.regimes import rule_set
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
    _previewed(row)
    sheet = surf.as_actor(factories.make_officer(), **screen)
    paths = {
        "chips": reverse("catalog:list"),
        "chip": reverse("catalog:chip", args=["b200"]),
        "order": reverse("determinations:of_order", args=[order.pk]),
        "detail": reverse("determinations:detail", args=[row.pk]),
        "ask": reverse("determinations:ask"),
        "state": reverse("determinations:state", args=[order.pk]),
        "preview": reverse("determinations:preview"),
        "compare": reverse("determinations:compare", args=[order.pk]) + "?on=2026-01-14&against=2026-01-15",
    }
    for name, path in paths.items():
        sheet.open(path).check()
        if SHOTS:
            sheet.shot(Path(SHOTS), f"{name}-{len(screen)}")


def _previewed(row):
    """A preview by which this determination would turn, as `manage.py rules preview` keeps it."""
    kept = Kept(row.order.reference, row.regime, row.on, json.dumps(row.inputs), json.dumps(row.result))
    sooner = Switch(rule_set.own(), None, date(2026, 1, 14))
    keep_preview(rules=rule_set.own(), on=sooner.on, found=[sooner.of(kept)], account="operator")


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


def test_two_days_stand_side_by_side_on_a_desk_and_above_each_other_on_a_phone(surf):
    order = factories.make_order()
    determine_order(actor=factories.make_officer(), order=order, now=NOW)
    path = reverse("determinations:compare", args=[order.pk]) + "?on=2026-01-14&against=2026-01-15"
    tops = []
    for screen in ({}, {"viewport": PHONE}):
        sheet = surf.as_actor(factories.make_officer(), **screen).open(path)
        days = sheet.page.locator(".two-days").first.locator(":scope > div")
        tops.append([days.nth(n).bounding_box()["y"] for n in range(2)])
    assert tops[0][0] == tops[0][1]
    assert tops[1][0] < tops[1][1]


def test_two_days_are_picked_by_keyboard_and_what_differs_is_marked(surf):
    order = factories.make_order()
    determine_order(actor=factories.make_officer(), order=order, now=NOW)
    sheet = surf.as_actor(factories.make_officer()).open(reverse("determinations:compare", args=[order.pk]))
    sheet.page.get_by_label("One day").fill("2026-01-14")
    sheet.page.get_by_label("Another day").fill("2026-01-15")
    sheet.page.get_by_role("button", name="Compare").press("Enter")
    sheet.page.get_by_text("Reason gained").first.wait_for()
    assert sheet.page.get_by_text("Only on this side").count() > 1
    sheet.check()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_determination_on_paper_has_no_navigation_and_every_part_open(surf, theme):
    order = factories.make_order()
    determine_order(actor=factories.make_officer(), order=order, now=NOW)
    sheet = surf.as_actor(factories.make_officer(), theme=theme)
    sheet.open(reverse("determinations:of_order", args=[order.pk]))
    reached = sheet.page.get_by_text("How it was reached").first
    assert not reached.is_visible()
    sheet.page.emulate_media(media="print")
    assert reached.is_visible()
    assert not sheet.page.locator(".side").is_visible()
    assert not sheet.page.get_by_role("button", name="Print").is_visible()
    if SHOTS:
        sheet.page.screenshot(path=Path(SHOTS) / f"paper-{theme}.png", full_page=True)
