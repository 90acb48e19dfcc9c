"""Screening in a real browser, on a desk and on a phone."""

import os
from pathlib import Path

import pytest
from django.urls import reverse

from procurement.screening.decision_services import decide_hit
from procurement.screening.list_services import Source, load_list
from procurement.screening.models import HitState
from procurement.screening.services import screen_order, search
from tests import factories
from tests.browser.conftest import PHONE

pytestmark = [pytest.mark.chromium, pytest.mark.django_db(transaction=True), pytest.mark.slow]
HOUSE_LIST = Path(__file__).resolve().parents[2] / "config" / "demo" / "house_list.csv"
SHOTS = os.environ.get("WRIT_SHOTS")
REASON = "The registration number and the address differ."


@pytest.fixture
def scene(transactional_db):
    """An order that names a party of the fictional house list, screened; its hit is open."""
    load_list(actor=None, file=HOUSE_LIST, source=Source(is_fictional=True))
    officer, order = factories.make_officer(), factories.make_order()
    party = factories.make_party("Fictional Meridian Dual Use Trading LLC", country="AE")
    order.parties.create(party=party, role="forwarder")
    screen_order(actor=officer, order=order)
    found = search(actor=officer, name="Fictional Halcyon", purpose="A question from sales")
    return officer, order, party.hits.get(), found.search_id


@pytest.mark.parametrize("screen", [{}, {"viewport": PHONE, "theme": "dark"}], ids=["desk", "phone"])
def test_pages_of_screening_are_whole(surf, scene, screen):
    officer, order, hit, search_id = scene
    sheet = surf.as_actor(officer, **screen)
    paths = {
        "queue": reverse("screening:queue"),
        "hit": reverse("screening:hit", args=[hit.pk]),
        "search": reverse("screening:search"),
        "found": reverse("screening:found", args=[search_id]),
        "lists": reverse("screening:lists"),
        "party": reverse("screening:party", args=[hit.party_id]),
        "of": reverse("screening:of", args=["order", order.pk]),
    }
    for name, path in paths.items():
        sheet.open(path).check()
        if SHOTS:
            sheet.shot(Path(SHOTS), f"screening-{name}-{len(screen)}")


def test_hit_is_decided_by_hand(surf, scene):
    officer, _, hit, _ = scene
    sheet = surf.as_actor(officer).open(reverse("screening:hit", args=[hit.pk]))
    sheet.page.get_by_label("False positive: the party is not the listed one").check()
    sheet.page.get_by_label("Reason").fill(REASON)
    sheet.page.get_by_role("button", name="Record the decision").click()
    sheet.page.get_by_text("Decided and recorded.").wait_for()
    sheet.check()
    hit.refresh_from_db()
    assert hit.state == HitState.FALSE_POSITIVE


def test_release_waits_for_a_second_officer_and_is_countersigned_by_hand(surf, scene):
    officer, _, hit, _ = scene
    for outcome in (HitState.TRUE_MATCH, HitState.RELEASED):
        decide_hit(actor=officer, hit_id=hit.pk, outcome=outcome, reason=REASON, evidence_sha256=hit.evidence_sha256)
    address = reverse("screening:hit", args=[hit.pk])
    surf.as_actor(officer).open(address).page.get_by_text("It waits for a second officer.").wait_for()
    sheet = surf.as_actor(factories.make_officer()).open(address)
    sheet.page.get_by_text("Countersign the release").first.click()
    sheet.page.get_by_role("button", name="Countersign the release").click()
    sheet.page.get_by_text("Released: the party may go on.").wait_for()
    sheet.check()
