"""Evidence filed over the API: the same pieces, limits, kinds of file and refusals as on the page."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.actors import Actor
from accounts.services import issue_token
from ledger.documents import SIZE_LIMIT_BYTES, attachments_of
from procurement.evidence.asked import REPORT, asked_of
from procurement.evidence.models import Evidence
from procurement.evidence.standing import standing_of
from tests import factories as make
from tests.integration.evidence.conftest import Certified

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7\nA paper (demo).\n%%EOF\n"


def paper(content: bytes = PDF, name: str = "paper.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


class Api:
    """Somebody who files over the API on one order."""

    def __init__(self, certified: Certified, actor: Actor) -> None:
        self.certified = certified
        user = make.make_user(actor.person)
        self.headers = {"Authorization": f"Bearer {issue_token(user=user, membership=actor.membership, label='t')}"}

    def file(self, certification: str, place: int = 0, **differs: Any) -> Any:
        asked = next(each for each in asked_of(self.certified.order, make.today()) if each.id == certification)
        said = {
            "certification": certification, "piece": asked.pieces[place], "statement": "As it is.",
            "chip": asked.line.chip.slug if asked.line else "", **differs,
        }  # fmt: skip
        address = reverse("api:file_evidence", args=[self.certified.order.pk])
        return Client().post(address, {key: value for key, value in said.items() if value is not None},
                             headers=self.headers)  # fmt: skip


@pytest.fixture
def api(certified: Certified) -> Api:
    return Api(certified, certified.team)


def test_piece_with_its_document_is_filed_and_stands_as_on_the_page(api: Api) -> None:
    answer = api.file("C3", document=paper())
    assert answer.status_code == 201, answer.content
    assert (answer.json()["state"], answer.json()["statement"]) == ("filed", "As it is.")
    row = Evidence.objects.get(pk=answer.json()["id"])
    assert attachments_of(row).get().document.media_type == "application/pdf"
    (standing,) = [each for each in standing_of(api.certified.order, make.today()) if each.asked.id == "C3"]
    assert standing.pieces[0].state == "filed"


def test_share_is_filed_with_its_figures(api: Api) -> None:
    share = {"share_percent": "20.5", "cap_percent": "50", "basis": "tpp", "as_of": make.today().isoformat()}
    answer = api.file("C4", document=paper(), **share)
    assert answer.status_code == 201, answer.content
    assert (answer.json()["share_percent"], answer.json()["cap_percent"]) == ("20.5", "50")


def test_laboratory_s_report_is_filed_with_its_serials(api: Api) -> None:
    place = next(each for each in asked_of(api.certified.order, make.today()) if each.id == "C7").pieces.index(REPORT)
    said = {"laboratory": "Fictional Test House (demo)", "serials": "A-1\nA-2\n"}
    answer = api.file("C7", place, document=paper(), **said)
    assert answer.status_code == 201, answer.content
    assert answer.json()["serials"] == ["A-1", "A-2"]
    again = api.file("C7", place, document=paper(), **said)
    assert (again.status_code, again.json()["field"]) == (422, "serials")


@pytest.mark.parametrize(
    ("certification", "differs", "field"),
    [
        ("C3", {"piece": "something else"}, "piece"),
        ("C3", {"statement": ""}, "statement"),
        ("C3", {"valid_until": "2020-01-01"}, "valid_until"),
        ("C3", {"chip": "no-such-chip"}, "chip"),
        ("C3", {"share_percent": "20", "cap_percent": "50", "basis": "tpp", "as_of": "2026-01-01"}, "share_percent"),
        ("C4", {}, "share_percent"),
        ("C4", {"share_percent": "20"}, "share_percent"),
        ("C4", {"share_percent": "20", "cap_percent": "50", "basis": "tpp", "as_of": "2026-01-01"}, "document"),
        ("C4", {"share_percent": "20", "cap_percent": "0", "basis": "tpp", "as_of": "2026-01-01",
                "document": paper}, "cap_percent"),
        ("C4", {"share_percent": "20", "cap_percent": "50", "basis": "tpp", "as_of": "2999-01-01",
                "document": paper}, "as_of"),
    ],
)  # fmt: skip
def test_piece_that_does_not_fit_is_refused_by_its_field(
    api: Api, certification: str, differs: dict[str, Any], field: str
) -> None:
    made = {key: value() if callable(value) else value for key, value in differs.items()}
    answer = api.file(certification, **made)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert not Evidence.objects.exists()


@pytest.mark.parametrize(
    "document",
    [
        paper(b"%PDF-1.7" + b"0" * SIZE_LIMIT_BYTES), paper(b""), paper(b"MZ\x90\x00\x03" + b"\x00" * 80, "paper.pdf"),
    ],
    ids=["over 10 MiB", "empty", "a program named paper.pdf"],
)  # fmt: skip
def test_document_too_large_empty_or_of_another_kind_is_refused(api: Api, document: SimpleUploadedFile) -> None:
    answer = api.file("C3", document=document)
    assert answer.status_code == 422, answer.content
    assert not Evidence.objects.exists()


def test_words_longer_than_the_form_takes_are_refused(api: Api) -> None:
    assert api.file("C3", statement="x" * 4001).status_code == 422


def test_stranger_finds_no_order_and_staff_file_nothing(certified: Certified) -> None:
    assert Api(certified, make.make_applicant()).file("C3").status_code == 404
    assert Api(certified, make.make_officer()).file("C3").status_code == 403


def test_piece_of_the_other_side_that_waits_is_not_replaced(api: Api, certified: Certified) -> None:
    assert api.file("C3").status_code == 201
    assert Api(certified, certified.liaison).file("C3").status_code == 409


def test_what_is_asked_names_each_piece_as_it_is_filed(api: Api, certified: Certified) -> None:
    address = reverse("api:certifications", args=[certified.order.pk])
    told = Client().get(address, headers=api.headers).json()
    share = next(each for each in told if each["id"] == "C4")
    assert share["chip_slug"] == certified.line.chip.slug
    assert share["pieces_asked"] == list(
        next(each for each in asked_of(certified.order, make.today()) if each.id == "C4").pieces
    )


def test_filing_is_described_as_a_form_with_a_file() -> None:
    told = Client().get(reverse("api:openapi-json")).json()
    (path,) = [each for each in told["paths"] if each.endswith("/evidence/orders/{order_id}/pieces")]
    body = told["paths"][path]["post"]["requestBody"]["content"]
    assert list(body) == ["multipart/form-data"]
    assert "document" in str(body)
