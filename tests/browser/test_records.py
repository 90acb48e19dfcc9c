"""How long records are kept, and legal holds, in a real browser, on a desk and on a phone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from procurement.records.models import LegalHold
from procurement.records.services import Matter, place_hold, propose_lift
from procurement.records.terms import Term, state_term
from tests import factories as make
from tests.browser.conftest import PHONE, Surfer

pytestmark = [pytest.mark.chromium, pytest.mark.django_db(transaction=True), pytest.mark.slow]
SHOTS = os.environ.get("WRIT_SHOTS")
MATTER = Matter("Letter of 3 November 2026 (demo)", "The authority asked for every paper of it.", True)


@pytest.mark.parametrize("screen", [{}, {"viewport": PHONE, "theme": "dark"}], ids=["desk", "phone"])
def test_pages_of_records_are_whole(surf: Surfer, screen: dict[str, Any]) -> None:
    officer, second = make.make_officer(), make.make_officer()
    order = make.make_order()
    licence, _other = make.make_both_licences(order)
    make.make_receipt(order, ["S-1"])
    filing = make.make_filing(order)
    hold = place_hold(actor=officer, kind="order", subject_id=order.pk, matter=MATTER)
    place_hold(actor=officer, kind="filing", subject_id=filing.pk, matter=Matter("Suit 7 (demo)", "Counsel asked."))
    propose_lift(actor=officer, hold=hold, reason="The authority closed its inquiry on 20 November.")
    for years in (12, 11):
        state_term(actor=officer, licence=licence, term=Term(years), reason="Condition 9 of its paper.")
    sheet = surf.as_actor(second, **screen)
    paths = {
        "records": reverse("records:of", args=["order", order.pk]),
        "licence": reverse("licences:detail", args=[licence.reference]),
        "term": reverse("records:term", args=[licence.pk]),
        "filing": reverse("filings:detail", args=[filing.pk]),
        "today": reverse("today"),
        "licence-new": f"{reverse('licences:new')}?order={order.reference}",
    }
    for name, path in paths.items():
        sheet.open(path).check()
        if SHOTS:
            sheet.shot(Path(SHOTS), f"{name}-{len(screen)}")


def test_hold_is_placed_and_lifted_by_two(surf: Surfer) -> None:
    order = make.make_order()
    page = reverse("records:of", args=["order", order.pk])
    sheet = surf.as_actor(make.make_officer()).open(page)
    sheet.page.get_by_text("Place a legal hold").first.click()
    sheet.page.get_by_label("Matter").fill("Letter 7 (demo)")
    sheet.page.get_by_label("Reason").fill("An inquiry.")
    sheet.page.get_by_role("button", name="Place a legal hold").click()
    sheet.page.get_by_text("Held: nothing is destroyed while a hold stands").wait_for()
    sheet.page.get_by_text("Propose to lift the hold").first.click()
    sheet.page.locator("form:visible").get_by_label("Reason").last.fill("It is over.")
    sheet.page.get_by_role("button", name="Propose to lift the hold").click()
    sheet.page.get_by_text("You proposed to lift it").wait_for()
    other = surf.as_actor(make.make_officer()).open(page)
    other.page.get_by_text("Countersign: lift the hold").first.click()
    other.page.get_by_role("button", name="Countersign: lift the hold").click()
    other.page.get_by_text("Lifted").first.wait_for()
    other.check()
    assert LegalHold.objects.get().state == "lifted"
