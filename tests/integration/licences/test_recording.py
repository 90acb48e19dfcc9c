"""A licence is recorded from its document, with lines and conditions as data."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger.documents import SIZE_LIMIT_BYTES, DocumentDamaged, Upload, attachments_of, path_of, read_document
from ledger.errors import InvalidInput, NotPermitted
from ledger.models import Document, Entry
from procurement.licences.models import ConditionKind, Licence, Side
from procurement.licences.services import (
    GrantedLine,
    Paper,
    Proviso,
    activate_licence,
    attest_condition,
    record_licence,
)
from procurement.licences.states import LicenceState
from procurement.orders.models import EndUse, Order
from procurement.orders.states import OrderState
from tests import factories as make

pytestmark = pytest.mark.django_db
LETTER = Upload("licence.txt", b"Licence D1234567: 8 units.")


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.WRIT_MEDIA = tmp_path / "documents"
    return tmp_path / "documents"


@pytest.fixture
def paper() -> Paper:
    order = make.make_order()
    line = GrantedLine(
        chip=order.lines.get().chip, granted=8, site=order.site, end_user=make.end_user_of(order),
        end_uses=(EndUse.TRAINING,), ship_until=make.today() + timedelta(days=90),
        use_until=make.today() + timedelta(days=365),
    )  # fmt: skip
    conditions = (
        Proviso(ConditionKind.CHECKPOINT_WINDOW_S, "A running job has 60 s to save.", {"seconds": 60}, True),
        Proviso(ConditionKind.NO_REEXPORT, "No re-export without leave."),
    )
    return Paper(
        side=Side.EXPORTER, authority="US BIS", number="D1234567", order=order, holder=make.end_user_of(order),
        issued_on=make.today(), valid_from=make.today(), lines=(line,), conditions=conditions,
    )  # fmt: skip


def recorded(paper: Paper, upload: Upload = LETTER) -> Licence:
    return record_licence(actor=make.make_officer(), paper=paper, upload=upload)


def test_licence_recorded_holds_lines_conditions_and_its_document(paper: Paper, media: Path) -> None:
    licence = recorded(paper)
    assert licence.state == LicenceState.DRAFT
    assert licence.lines.get().granted == 8
    assert sorted(licence.conditions.values_list("kind", flat=True)) == ["checkpoint_window_s", "no_reexport"]
    sha256 = hashlib.sha256(LETTER.content).hexdigest()
    document = attachments_of(licence).get().document
    assert (document.sha256, document.media_type) == (sha256, "text/plain")
    assert read_document(document) == LETTER.content
    assert path_of(sha256).is_relative_to(media)
    assert Entry.objects.get(act="licence.recorded").facts["number"] == "D1234567"


def test_licence_activated_is_in_force(paper: Paper) -> None:
    licence = activate_licence(actor=make.make_officer(), licence=recorded(paper))
    assert Licence.objects.get(pk=licence.pk).state == LicenceState.ACTIVE


def test_licence_activated_by_who_recorded_it_is_refused(paper: Paper) -> None:
    licence = recorded(paper)
    again = make.make_officer(person=licence.recorded_by.person)
    with pytest.raises(NotPermitted, match="second person"):
        activate_licence(actor=again, licence=licence)


def test_licence_activated_by_an_officer_who_was_of_the_ordering_team_is_refused(paper: Paper) -> None:
    licence = recorded(paper)
    insider = make.make_officer()
    make.make_membership("applicant", person=insider.person, team=licence.order.team)
    with pytest.raises(NotPermitted, match="team that ordered"):
        activate_licence(actor=insider, licence=licence)


def test_licence_of_a_number_spelt_otherwise_is_refused(paper: Paper) -> None:
    recorded(paper)
    with pytest.raises(InvalidInput, match="recorded already"):
        recorded(replace(paper, authority="us  bis", number=" d1234567"))


def test_licence_of_a_number_recorded_before_is_refused(paper: Paper) -> None:
    recorded(paper)
    with pytest.raises(InvalidInput, match="US BIS D1234567 is recorded already"):
        recorded(paper)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"granted": 0}, "between 1 and 100,000"),
        ({"end_uses": ()}, "at least one end use"),
        ({"ship_until": make.today() - timedelta(days=1)}, "Shipments end after"),
        ({"use_until": make.today()}, "Use does not end before"),
    ],
)
def test_licence_line_that_does_not_fit_is_refused(paper: Paper, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        recorded(replace(paper, lines=(replace(paper.lines[0], **changes),)))
    assert not Licence.objects.exists()


@pytest.mark.parametrize(
    "proviso",
    [
        Proviso(ConditionKind.CHECKPOINT_WINDOW_S, "Window", {"seconds": 0}, True),
        Proviso(ConditionKind.CHECKPOINT_WINDOW_S, "Window", {"seconds": 3601}, True),
        Proviso(ConditionKind.SITE, "Site", {"site": "Shanghai"}, True),
        Proviso(ConditionKind.LAB_TEST, "Test", {}, True),
    ],
)
def test_condition_that_no_machine_can_check_is_refused(paper: Paper, proviso: Proviso) -> None:
    with pytest.raises(InvalidInput):
        recorded(replace(paper, conditions=(proviso,)))


def test_condition_attested_names_the_person_and_the_last_day(paper: Paper) -> None:
    officer = make.make_officer()
    condition = recorded(paper).conditions.get(kind="no_reexport")
    until = make.today() + timedelta(days=30)
    attested = attest_condition(actor=officer, condition=condition, until=until)
    assert (attested.attested_by, attested.attested_until) == (officer.membership, until)


def test_condition_is_attested_by_no_officer_of_the_team_that_ordered(paper: Paper) -> None:
    licence = recorded(paper)
    insider = make.make_officer(person=licence.order.applicant.person)
    with pytest.raises(NotPermitted, match="team that ordered"):
        attest_condition(
            actor=insider, condition=licence.conditions.get(kind="no_reexport"), until=make.today() + timedelta(days=1)
        )


def test_licence_for_an_order_that_is_not_approved_is_refused(paper: Paper) -> None:
    Order.objects.filter(pk=paper.order.pk).update(state=OrderState.IN_REVIEW)
    with pytest.raises(InvalidInput, match="a licence is for an approved order"):
        recorded(paper)


def test_licence_recorded_by_an_applicant_is_not_permitted(paper: Paper) -> None:
    with pytest.raises(NotPermitted):
        record_licence(actor=make.make_applicant(), paper=paper, upload=LETTER)


@pytest.mark.parametrize(
    ("upload", "words"),
    [
        (Upload("empty.pdf", b""), "is empty"),
        (Upload("big.txt", b"a" * (SIZE_LIMIT_BYTES + 1)), "larger than 10 MiB"),
        (Upload("licence.pdf", b"MZ\x90\x00" + bytes(300)), "is neither of these"),
        (Upload("page.txt", b"\xff\xfe\x00text"), "is neither of these"),
    ],
)
def test_document_that_does_not_fit_is_refused_and_nothing_is_recorded(
    paper: Paper, media: Path, upload: Upload, words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        recorded(paper, upload)
    assert not Licence.objects.exists()
    assert not Document.objects.exists()
    assert not media.exists()


def test_document_of_the_largest_size_is_kept(paper: Paper) -> None:
    assert recorded(paper, Upload("big.txt", b"a" * SIZE_LIMIT_BYTES)).pk


def test_document_name_keeps_no_folder(paper: Paper) -> None:
    licence = recorded(paper, Upload("../../etc/licence\x07.txt", LETTER.content))
    assert attachments_of(licence).get().filename == "licence.txt"


def test_document_altered_on_the_disk_is_not_served(paper: Paper) -> None:
    document = attachments_of(recorded(paper)).get().document
    path_of(document.sha256).write_bytes(b"something else")
    with pytest.raises(DocumentDamaged, match="was altered"):
        read_document(document)
