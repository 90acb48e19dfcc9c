"""Orders and licences in a real browser, on a desk and on a phone."""

import os
from pathlib import Path

import pytest
from django.urls import reverse

from ledger.models import Entry
from procurement.catalog.services import load_catalog
from procurement.determinations.services import determine_order
from procurement.licences.acts import Proposal, propose_licence_act, suspend_licence
from procurement.licences.states import LicenceAction
from procurement.orders.models import Order
from procurement.orders.shipments import Arrival, record_receipt, release_shipment
from procurement.orders.states import OrderState
from tests import factories as make
from tests.browser.conftest import PHONE

pytestmark = [pytest.mark.chromium, pytest.mark.django_db(transaction=True), pytest.mark.slow]
SHOTS = os.environ.get("WRIT_SHOTS")
SCREENS = pytest.mark.parametrize("screen", [{}, {"viewport": PHONE, "theme": "dark"}], ids=["desk", "phone"])


def received_order() -> Order:
    """An order with both licences, a release of 4 and a receipt of 5."""
    load_catalog()
    order = make.make_order()
    make.make_condition(make.make_both_licences(order, importer=4)[0], "checkpoint_window_s", seconds=60)
    release_shipment(actor=make.make_liaison(), line=order.lines.get(), quantity=4)
    serials = [f"H200-{number:04d}" for number in range(5)]
    arrival = Arrival(order.site, order.lines.get().chip, serials, make.today())
    record_receipt(actor=make.make_operator(), order=order, arrival=arrival)
    determine_order(actor=make.make_officer(), order=order)
    return order


@SCREENS
def test_pages_of_orders_and_licences_are_whole(surf, screen):
    order = received_order()
    exporter, importer = order.licences.order_by("side")
    suspend_licence(actor=make.make_officer(), licence=importer, reason="A letter of the authority.")
    reinstate = Proposal(LicenceAction.REINSTATE, "The authority has lifted it.")
    propose_licence_act(actor=make.make_officer(), licence=importer, proposal=reinstate)
    sheet = surf.as_actor(make.make_officer(), **screen)
    paths = {
        "orders": reverse("orders:list"),
        "order": reverse("orders:detail", args=[order.reference]),
        "licences": reverse("licences:list"),
        "licence": reverse("licences:detail", args=[exporter.reference]),
        "suspended": reverse("licences:detail", args=[importer.reference]),
        "record": reverse("licences:new") + f"?order={order.reference}",
        "choose": reverse("licences:new"),
    }
    for name, path in paths.items():
        sheet.open(path).check()
        if SHOTS:
            sheet.shot(Path(SHOTS), f"{name}-{len(screen)}")


@SCREENS
def test_pages_of_a_draft_are_whole(surf, screen):
    load_catalog()
    applicant = make.make_applicant()
    order = make.make_order(applicant=applicant, state=OrderState.DRAFT, use_case="")
    make.make_demand(applicant=applicant)
    sheet = surf.as_actor(applicant, **screen)
    paths = {
        "draft": reverse("orders:detail", args=[order.reference]),
        "edit": reverse("orders:edit", args=[order.reference]),
        "new": reverse("orders:new"),
        "demand": reverse("orders:demand_new"),
        "party": reverse("parties:new"),
        "site": reverse("parties:site_new"),
    }
    for name, path in paths.items():
        sheet.open(path).check()
        if SHOTS:
            sheet.shot(Path(SHOTS), f"{name}-{len(screen)}")


def test_draft_is_saved_as_it_is_typed(surf):
    applicant = make.make_applicant()
    order = make.make_order(applicant=applicant, state=OrderState.DRAFT, use_case="")
    sheet = surf.as_actor(applicant).open(reverse("orders:edit", args=[order.reference]))
    sheet.page.get_by_label("What will run, for whom").fill("Trains models for a hospital.")
    sheet.page.get_by_label("What will run, for whom").blur()
    sheet.page.get_by_text("Saved as typed.").wait_for()
    assert Order.objects.get(pk=order.pk).use_case == "Trains models for a hospital."
    assert Entry.objects.filter(act="order.changed").count() == 1
    sheet.check()


def test_licence_is_suspended_from_its_page(surf):
    order = received_order()
    licence = order.licences.get(side="exporter")
    sheet = surf.as_actor(make.make_officer()).open(reverse("licences:detail", args=[licence.reference]))
    sheet.page.locator("summary", has_text="Suspend the licence").click()
    sheet.page.get_by_label("Reason").first.fill("A letter of the authority.")
    sheet.page.get_by_role("button", name="Suspend the licence").click()
    sheet.page.get_by_text("Suspended. What hangs on it stops now.").wait_for()
    sheet.check()
    licence.refresh_from_db()
    assert licence.state == "suspended"
