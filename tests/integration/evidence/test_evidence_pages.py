"""The pages of certifications: what is typed stays, each side sees its own papers, and nobody hears of screening."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.actors import Actor
from procurement.evidence.models import Evidence
from procurement.evidence.states import EvidenceState
from tests import factories as make
from tests.integration.evidence.conftest import Certified, share

pytestmark = pytest.mark.django_db


def signed_in(actor: Actor) -> Client:
    client = Client()
    client.force_login(make.make_user(actor.person))
    return client


def page(world: Certified) -> str:
    return reverse("evidence:order", args=[world.order.pk])


def filing(world: Certified, certification: str, place: int = 0) -> str:
    line = world.line.pk if certification in ("C1", "C4", "C7") else 0
    return reverse("evidence:file", args=[world.order.pk, f"{certification}-{line}-{place}"])


def paper() -> SimpleUploadedFile:
    return SimpleUploadedFile("paper.txt", b"A paper.\n")


def test_piece_is_filed_accepted_and_shown_as_held_after_determining_again(certified: Certified) -> None:
    team, officer = signed_in(certified.team), signed_in(certified.officer)
    filed = team.post(filing(certified, "C3"), {"statement": "As attested.", "document": paper()})
    assert filed.status_code == 303
    row = Evidence.objects.get()
    assert officer.post(reverse("evidence:accept", args=[row.pk])).status_code == 303
    officer.post(reverse("determinations:again", args=[certified.order.pk]))
    tree = officer.get(reverse("determinations:of_order", args=[certified.order.pk])).content.decode()
    assert tree.count("On file") == 1
    assert "1 of 7 are held" in team.get(page(certified)).content.decode()


def test_filing_that_lacks_something_comes_back_with_what_was_typed(certified: Certified) -> None:
    typed = {"share_percent": "12.5", "cap_percent": "50", "basis": "units", "as_of": "2026-01-20"}
    answer = signed_in(certified.team).post(filing(certified, "C4"), typed)
    body = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="12.5"' in body
    assert 'value="2026-01-20"' in body
    assert not Evidence.objects.exists()


def test_address_of_no_piece_is_not_found(certified: Certified) -> None:
    client = signed_in(certified.team)
    for key in ("C9-0-0", "C3-0-9", "C3-1-0"):
        url = reverse("evidence:file", args=[certified.order.pk, key])
        assert client.post(url, {"statement": "x"}).status_code == 404


def test_return_without_a_reason_comes_back_and_with_one_is_shown_to_the_team(certified: Certified) -> None:
    row = certified.file("C3")
    officer, url = signed_in(certified.officer), reverse("evidence:return", args=[row.pk])
    assert officer.post(url, {"reason": ""}).status_code == 422
    assert officer.post(url, {"reason": "It is not signed."}).status_code == 303
    body = signed_in(certified.team).get(page(certified)).content.decode()
    assert "It is not signed." in body
    assert certified.officer.person.name not in body


def test_side_does_not_see_the_papers_and_figures_of_the_other(certified: Certified) -> None:
    row = certified.file("C4", by=certified.liaison, share=share("37.25"), statement="For the authority alone.")
    team, liaison, officer = map(signed_in, (certified.team, certified.liaison, certified.officer))
    for client, sees in ((team, False), (liaison, True), (officer, True)):
        body = client.get(page(certified)).content.decode()
        assert ("37.25" in body) is sees
        assert ("For the authority alone." in body) is sees
        assert "Waits for an officer" in body
    assert row.state == EvidenceState.FILED


@pytest.mark.parametrize("state", ["clear", "undecided", "matched", "not_screened"])
def test_team_hears_the_same_of_c5_whatever_screening_says(certified: Certified, state: str) -> None:
    certified.settle("C5", 0)
    party = make.end_user_of(certified.order)
    party.screening_state = state
    party.save()
    body = signed_in(certified.team).get(page(certified), headers={"HX-Request": "true"}).content.decode()
    row = body[body.index("<strong>C5</strong>") :].partition("</li>")[0]
    assert "In review" in row
    assert "screening" not in row
    assert "0 of 7 are held" in body


def test_order_page_shows_what_both_sides_allow(certified: Certified) -> None:
    exporter, _importer = make.make_both_licences(certified.order, exporter=8, importer=3)
    body = signed_in(certified.officer).get(reverse("orders:detail", args=[certified.order.reference])).content.decode()
    assert "3 may ship under the licences" in body
    assert "PRC MIIT" in body
    assert "C1 (NVIDIA H200 SXM) is not held" in body
    assert exporter.reference in body
