"""C7: where the export licence asks for a laboratory's test, each release goes out under a report of its own."""

from __future__ import annotations

import pytest

from ledger.errors import ComplianceRefusal, InvalidInput
from ledger.models import Entry
from procurement.evidence.models import ReportUse
from procurement.licences.models import Licence
from procurement.orders.models import Release
from procurement.orders.shipments import release_shipment
from tests import factories as make
from tests.integration.evidence.conftest import Certified

pytestmark = pytest.mark.django_db


@pytest.fixture
def licences(certified: Certified) -> tuple[Licence, Licence]:
    """Both licences for 8, everything held but C7."""
    certified.settle_all(but=("C7",))
    certified.settle("C7", 0)
    return make.make_both_licences(certified.order)


def asks_for_a_test(licence: Licence) -> None:
    licence.conditions.create(kind="lab_test", text="Each shipment is tested.", is_machine_checked=False)


def report(world: Certified, *serials: str) -> None:
    world.settle("C7", 1, serials=serials)


def release(world: Certified, quantity: int) -> Release:
    return release_shipment(actor=world.liaison, line=world.line, quantity=quantity)


def test_release_goes_out_under_its_own_report(certified: Certified, licences: tuple[Licence, Licence]) -> None:
    asks_for_a_test(licences[0])
    report(certified, "A-1", "A-2")
    made = release(certified, 2)
    assert made.report_use.evidence.serials == ["A-1", "A-2"]
    assert Entry.objects.get(act="evidence.report_used").facts["release"] == made.reference


def test_second_release_needs_a_second_report(certified: Certified, licences: tuple[Licence, Licence]) -> None:
    asks_for_a_test(licences[0])
    report(certified, "A-1", "A-2")
    release(certified, 2)
    with pytest.raises(ComplianceRefusal, match="No accepted report that no release has used"):
        release(certified, 2)
    report(certified, "A-3", "A-4")
    release(certified, 2)
    assert ReportUse.objects.count() == 2


@pytest.mark.parametrize(("quantity", "goes"), [(1, False), (2, True), (3, False)])
def test_report_covers_just_as_many_units_as_it_names(
    certified: Certified, licences: tuple[Licence, Licence], quantity: int, goes: bool
) -> None:
    asks_for_a_test(licences[0])
    report(certified, "A-1", "A-2")
    if goes:
        assert release(certified, quantity).quantity == 2
    else:
        with pytest.raises(ComplianceRefusal, match=f"just {quantity} unit"):
            release(certified, quantity)
        assert not Release.objects.exists()


def test_report_that_nobody_accepted_lets_nothing_go(certified: Certified, licences: tuple[Licence, Licence]) -> None:
    asks_for_a_test(licences[0])
    report(certified, "A-1")
    release(certified, 1)
    certified.file("C7", 1, serials=["A-2"])
    with pytest.raises(ComplianceRefusal, match="just 1 unit of"):
        release(certified, 1)


def test_licence_that_asks_for_no_test_leaves_the_report_unused(
    certified: Certified, licences: tuple[Licence, Licence]
) -> None:
    asks_for_a_test(licences[1])  # the importer's side: not the export licence
    report(certified, "A-1", "A-2")
    release(certified, 4)
    assert not ReportUse.objects.exists()


def test_serial_in_another_standing_report_is_refused(certified: Certified) -> None:
    report(certified, "A-1", "A-2")
    with pytest.raises(InvalidInput, match="In another report already: A-2"):
        report(certified, "A-2", "A-3")


@pytest.mark.parametrize(
    ("differs", "field"),
    [
        ({"serials": []}, "serials"),
        ({"serials": ["A-1", "A-1"]}, "serials"),
        ({"laboratory": " "}, "laboratory"),
        ({"upload": None}, "document"),
    ],
)
def test_report_that_is_not_whole_is_refused_by_field(certified: Certified, differs: dict, field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        certified.file("C7", 1, **differs)
    assert refusal.value.field == field
