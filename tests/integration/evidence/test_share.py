"""C4: the exporter's certified share blocks at the cap it states, and the latest accepted statement counts."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from ledger.errors import ComplianceRefusal, InvalidInput
from procurement.evidence.blockers import approval_blockers, release_blockers
from procurement.evidence.models import Basis
from procurement.evidence.services import accept_evidence, withdraw_evidence
from procurement.orders.models import Order
from procurement.orders.services import approval_blockers as order_blockers
from procurement.orders.shipments import release_shipment
from procurement.orders.states import OrderState
from tests import factories as make
from tests.integration.evidence.conftest import Certified, share

pytestmark = pytest.mark.django_db


def blocked(world: Certified) -> bool:
    at_cap = [text for text in approval_blockers(world.order, make.today()) if "reached the cap" in text]
    assert at_cap == [text for text in release_blockers(world.line, make.today()) if "reached the cap" in text]
    return bool(at_cap)


@pytest.mark.parametrize(
    ("percent", "cap", "state"),
    [
        ("49.9999", "50", "held"),
        ("50", "50", "blocked"),
        ("50.0001", "50", "shut"),
        ("29.9999", "30", "held"),
        ("30", "30", "blocked"),
        ("30.0001", "30", "shut"),
        ("49.9999", "80", "held"),
        ("50", "80", "blocked"),  # the rule's own cap is lower than the one stated
        ("0", "50", "held"),
    ],
)
def test_share_below_at_and_above_the_cap_it_states(certified: Certified, percent: str, cap: str, state: str) -> None:
    """Above the cap the lane itself is shut and asks for nothing more: the block stands all the same."""
    certified.settle("C4", share=share(percent, cap))
    assert blocked(certified) == (state != "held")
    assert certified.determine().get("C4", "shut") == state
    assert blocked(certified) == (state != "held")


def test_share_at_its_cap_stops_the_approval_of_an_order(certified: Certified) -> None:
    Order.objects.filter(pk=certified.order.pk).update(state=OrderState.IN_REVIEW)
    order = Order.objects.get(pk=certified.order.pk)
    assert order_blockers(order) == []
    certified.settle("C4", share=share("50"))
    assert any("reached the cap" in text for text in order_blockers(order))


def test_share_at_its_cap_stops_a_release_though_everything_else_is_held(certified: Certified) -> None:
    make.make_both_licences(certified.order)
    certified.settle_all(but=("C4",))
    certified.settle("C4", share=share("50"))
    with pytest.raises(ComplianceRefusal) as refusal:
        release_shipment(actor=certified.liaison, line=certified.line, quantity=1)
    assert len(refusal.value.blockers) == 1
    assert "reached the cap" in refusal.value.blockers[0]


def test_filed_statement_blocks_nothing_until_it_is_accepted(certified: Certified) -> None:
    certified.settle("C4", share=share("20"))
    row = certified.file("C4", share=share("50"))
    assert not blocked(certified)
    accept_evidence(actor=certified.officer, evidence=row)
    assert blocked(certified)


def test_later_statement_below_the_cap_lifts_the_block(certified: Certified) -> None:
    certified.settle("C4", share=share("50", as_of=make.today() - timedelta(days=30)))
    assert blocked(certified)
    certified.settle("C4", share=share("40"))
    assert not blocked(certified)


def test_lane_shut_by_the_share_opens_again_with_a_later_statement(certified: Certified) -> None:
    certified.settle("C4", share=share("60", as_of=make.today() - timedelta(days=30)))
    assert certified.determine() == {}
    certified.settle("C4", share=share("40"))
    assert not blocked(certified)
    assert certified.determine()["C4"] == "held"


def test_older_statement_is_not_accepted_after_a_newer_one(certified: Certified) -> None:
    certified.settle("C4", share=share("50"))
    older = certified.file("C4", share=share("20", as_of=make.today() - timedelta(days=30)), by=certified.liaison)
    with pytest.raises(ComplianceRefusal, match="is older"):
        accept_evidence(actor=certified.officer, evidence=older)
    assert blocked(certified)


def test_withdrawing_the_statement_at_its_cap_does_not_lift_the_block(certified: Certified) -> None:
    row = certified.settle("C4", share=share("50"))
    withdraw_evidence(actor=certified.team, evidence=row, reason="We count anew.")
    assert blocked(certified)


def test_lapsed_statement_is_not_held(certified: Certified) -> None:
    certified.settle("C4", valid_until=make.today())
    on = make.today() + timedelta(days=1)
    assert any(text.startswith("C4") for text in release_blockers(certified.line, on))


@pytest.mark.parametrize(
    ("differs", "field"),
    [
        ({"share": None}, "share_percent"),
        ({"upload": None}, "document"),
        ({"share": share("-1")}, "share_percent"),
        ({"share": share("10", "0")}, "cap_percent"),
        ({"share": share("10", "100.0001")}, "cap_percent"),
        ({"share": share("10", as_of=make.today() + timedelta(days=1))}, "as_of"),
    ],
)
def test_statement_that_is_not_whole_is_refused_by_field(certified: Certified, differs: dict, field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        certified.file("C4", **differs)
    assert refusal.value.field == field


def test_basis_and_figures_stand_as_they_were_certified(certified: Certified) -> None:
    row = certified.settle("C4", share=share("12.3456", "45.5", basis=Basis.UNITS))
    row.refresh_from_db()
    assert (row.share_percent, row.cap_percent, row.basis) == (Decimal("12.3456"), Decimal("45.5"), "units")


@pytest.mark.parametrize("change", ["cap_percent = 99", "share_percent = 1", "basis = 'units'"])
def test_database_refuses_another_figure_than_was_certified(certified: Certified, change: str) -> None:
    row = certified.settle("C4", share=share("50"))
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE procurement_evidence SET {change} WHERE id = %s", [row.pk])
