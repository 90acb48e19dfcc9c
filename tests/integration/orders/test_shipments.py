"""Balances: nothing is released beyond what both sides allow, and what arrives is recorded in full."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection, connections
from django.db.utils import IntegrityError

from ledger import events
from ledger.errors import ComplianceRefusal, InvalidInput, NotPermitted
from ledger.models import Entry
from procurement.licences.models import ConditionKind, Hold, LicenceLine, Side
from procurement.licences.states import LicenceState
from procurement.orders.models import EndUse, Order, Receipt, Release
from procurement.orders.shipments import Arrival, record_receipt, release_shipment
from procurement.orders.states import OrderState
from procurement.parties.models import ScreeningState
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> Order:
    """An approved order of 8, with an export licence for 8 and an import approval for 4."""
    order = make.make_order()
    make.make_both_licences(order, exporter=8, importer=4)
    return order


@pytest.fixture
def received() -> Iterator[list[events.DevicesReceived]]:
    """The receipts that inventory is told of."""
    told: list[events.DevicesReceived] = []
    events.subscribe(events.DevicesReceived, told.append)
    yield told
    events._subscribers[events.DevicesReceived].remove(told.append)


def release(order: Order, quantity: int) -> Release:
    return release_shipment(actor=make.make_liaison(), line=order.lines.get(), quantity=quantity)


def receive(order: Order, serials: list[str], **differs: Any) -> Receipt:
    values = {"site": order.site, "chip": order.lines.get().chip, "received_on": make.today(), **differs}
    return record_receipt(actor=make.make_operator(), order=order, arrival=Arrival(serials=serials, **values))


def line_of(order: Order, side: Side) -> LicenceLine:
    return LicenceLine.objects.get(licence__order=order, licence__side=side)


def test_release_of_more_than_both_sides_allow_is_refused_with_the_scarce_side_named(order: Order) -> None:
    with pytest.raises(ComplianceRefusal) as refusal:
        release(order, 5)
    approval = line_of(order, Side.IMPORTER).licence.reference
    assert refusal.value.message == f"5 asked, 4 usable: the import approval {approval} (line 1) grants 4."
    assert not Release.objects.filter(line__order=order).exists()


def test_release_of_what_both_sides_allow_holds_a_line_of_each(order: Order) -> None:
    made = release(order, 4)
    assert [line_of(order, side).held for side in Side] == [4, 4]
    assert sorted(made.holds.values_list("quantity", "remaining")) == [(4, 4), (4, 4)]
    assert Entry.objects.get(act="shipment.released", subject_id=str(made.pk)).facts["units"] == 4


def test_release_after_everything_is_held_is_refused(order: Order) -> None:
    release(order, 4)
    with pytest.raises(ComplianceRefusal, match="1 asked, 0 usable: .* grants 4, of which 0 drawn and 4 held"):
        release(order, 1)


def test_release_spread_over_two_lines_of_one_side_uses_the_one_that_ends_first() -> None:
    order = make.make_order()
    make.make_licence(Side.EXPORTER, order, granted=8)
    late = make.make_licence(Side.IMPORTER, order, granted=3)
    soon = make.make_licence(Side.IMPORTER, order, granted=3, line={"ship_until": make.today()})
    release(order, 4)
    assert (soon.lines.get().held, late.lines.get().held) == (3, 1)


@pytest.mark.parametrize("state", [LicenceState.DRAFT, LicenceState.SUSPENDED, LicenceState.REVOKED])
def test_release_under_a_licence_that_is_not_active_is_refused(order: Order, state: LicenceState) -> None:
    licence = line_of(order, Side.EXPORTER).licence
    licence.state = state
    licence.save()
    with pytest.raises(ComplianceRefusal, match=f"{licence.reference} .* is {state}"):
        release(order, 1)


@pytest.mark.parametrize(
    ("days", "usable"), [(-1, False), (0, True), (1, True)], ids=["day after", "last day", "day before"]
)
def test_release_around_the_last_day_of_shipments(order: Order, days: int, usable: bool) -> None:
    LicenceLine.objects.filter(pk=line_of(order, Side.IMPORTER).pk).update(
        ship_until=make.today() + timedelta(days=days)
    )
    if usable:
        release(order, 1)
    else:
        with pytest.raises(ComplianceRefusal, match="ended shipments on"):
            release(order, 1)


def test_release_for_another_site_than_the_licence_names_is_refused(order: Order) -> None:
    LicenceLine.objects.filter(pk=line_of(order, Side.EXPORTER).pk).update(site=make.make_site("Elsewhere"))
    with pytest.raises(ComplianceRefusal, match="is for the site Elsewhere"):
        release(order, 1)


def test_release_for_an_end_use_that_the_licence_leaves_out_is_refused(order: Order) -> None:
    LicenceLine.objects.filter(pk=line_of(order, Side.EXPORTER).pk).update(end_uses=[EndUse.INFERENCE])
    with pytest.raises(ComplianceRefusal, match="does not allow the end use training"):
        release(order, 1)


def test_release_against_a_machine_checked_condition_is_refused(order: Order) -> None:
    licence = line_of(order, Side.IMPORTER).licence
    make.make_condition(licence, ConditionKind.SITE, site=str(make.make_site().pk))
    with pytest.raises(ComplianceRefusal, match="has a condition that is not met: Condition: site"):
        release(order, 1)


def test_release_without_a_licence_of_one_side_is_refused() -> None:
    order = make.make_order()
    make.make_licence(Side.EXPORTER, order)
    with pytest.raises(ComplianceRefusal, match="1 asked, 0 usable: no licence of the importer side is recorded"):
        release(order, 1)


def test_release_of_an_order_in_review_is_refused(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(state=OrderState.IN_REVIEW)
    with pytest.raises(ComplianceRefusal, match="is in review; only an approved order ships"):
        release(order, 1)


@pytest.mark.parametrize("role", ["officer", "liaison"])
def test_release_with_an_undecided_party_is_refused_and_names_it_to_officers_alone(order: Order, role: str) -> None:
    party = make.end_user_of(order)
    party.screening_state = ScreeningState.UNDECIDED
    party.save()
    with pytest.raises(ComplianceRefusal) as refusal:
        release_shipment(actor=make.make_actor(role), line=order.lines.get(), quantity=1)
    named = f"{party.name} has a possible list match that nobody has decided yet."
    told = {"officer": named, "liaison": "The compliance office has not cleared every party."}
    assert refusal.value.blockers == (told[role],)


def test_release_beyond_the_order_line_is_refused() -> None:
    order = make.make_order(quantity=2)
    make.make_both_licences(order)
    release(order, 2)
    with pytest.raises(InvalidInput, match="the order line is for 2, and 2 are released already"):
        release(order, 1)


def test_release_by_an_applicant_is_not_permitted(order: Order) -> None:
    with pytest.raises(NotPermitted):
        release_shipment(actor=make.make_applicant(), line=order.lines.get(), quantity=1)


def test_receipt_of_more_than_was_released_is_recorded_in_full_with_the_rest_unlicensed(
    order: Order, received: list[events.DevicesReceived]
) -> None:
    release(order, 4)
    receipt = receive(order, ["S-1", "S-2", "S-3", "S-4", "S-5"])
    licensed = {item.serial: item.is_licensed for item in receipt.items.all()}
    assert licensed == {"S-1": True, "S-2": True, "S-3": True, "S-4": True, "S-5": False}
    for side in Side:
        line = line_of(order, side)
        assert (line.drawn, line.held, line.draws.count()) == (4, 0, 4)
    assert set(Hold.objects.filter(release__line__order=order).values_list("remaining", flat=True)) == {0}
    assert Order.objects.get(pk=order.pk).state == OrderState.RECEIVED
    assert received == [events.DevicesReceived(receipt_id=receipt.pk)]
    assert Entry.objects.get(act="receipt.recorded").facts["unlicensed"] == ["S-5"]


def test_receipt_of_a_part_leaves_the_rest_held(order: Order) -> None:
    release(order, 4)
    receive(order, ["S-1"])
    receive(order, ["S-2"])
    line = line_of(order, Side.EXPORTER)
    assert (line.drawn, line.held, line.free) == (2, 2, 4)


def test_receipt_without_a_release_binds_nothing(order: Order) -> None:
    receipt = receive(order, ["S-1"])
    assert not receipt.items.get().is_licensed
    assert line_of(order, Side.EXPORTER).drawn == 0


def test_receipt_under_a_suspended_licence_binds_nothing(order: Order) -> None:
    release(order, 2)
    licence = line_of(order, Side.EXPORTER).licence
    licence.state = LicenceState.SUSPENDED
    licence.save()
    assert not receive(order, ["S-1"]).items.get().is_licensed


def test_receipt_after_the_last_day_of_shipments_binds_nothing(order: Order) -> None:
    release(order, 2)
    LicenceLine.objects.filter(licence__order=order).update(ship_until=make.today() - timedelta(days=1))
    assert not receive(order, ["S-1"]).items.get().is_licensed


def test_receipt_at_another_site_binds_nothing(order: Order) -> None:
    release(order, 2)
    assert not receive(order, ["S-1"], site=make.make_site()).items.get().is_licensed


def test_receipt_of_another_chip_binds_nothing(order: Order) -> None:
    release(order, 2)
    assert not receive(order, ["S-1"], chip=make.make_chip("h20")).items.get().is_licensed


def test_receipt_of_a_stopped_order_is_recorded_and_binds_nothing(order: Order) -> None:
    release(order, 2)
    Order.objects.filter(pk=order.pk).update(state=OrderState.STOPPED)
    assert not receive(order, ["S-1"]).items.get().is_licensed
    assert Order.objects.get(pk=order.pk).state == OrderState.STOPPED


@pytest.mark.parametrize(
    ("serials", "words"),
    [
        ([], "Enter at least one serial"),
        (["S-1", "S-1", "S-2"], "Entered twice: S-1"),
        (["S 1", "S-2", "-x"], "No serials: S 1, -x"),
        (["S" * 61], "No serials: S{61}"),
    ],
)
def test_receipt_of_serials_that_do_not_fit_is_refused_with_each_named(
    order: Order, serials: list[str], words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        receive(order, serials)
    assert not Receipt.objects.exists()


def test_receipt_of_a_serial_recorded_before_is_refused_with_its_receipt(order: Order) -> None:
    first = receive(order, ["S-1"])
    with pytest.raises(InvalidInput, match=rf"Recorded already: S-1 \({first.reference}\)"):
        receive(order, ["S-1", "S-2"])


def test_receipt_of_tomorrow_is_refused(order: Order) -> None:
    with pytest.raises(InvalidInput, match="lies in the future"):
        receive(order, ["S-1"], received_on=make.today() + timedelta(days=1))


@pytest.mark.parametrize("balance", ["held = 5", "drawn = 5", "held = 3, drawn = 2"])
def test_line_overdrawn_by_raw_sql_is_refused_by_the_database(order: Order, balance: str) -> None:
    line = line_of(order, Side.IMPORTER)
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match="licence_line_never_overdrawn"):
        cursor.execute(f"UPDATE procurement_licenceline SET {balance} WHERE id = %s", [line.pk])


def test_hold_with_more_left_than_it_set_aside_is_refused_by_the_database(order: Order) -> None:
    release(order, 2)
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match="hold_remaining_within_quantity"):
        cursor.execute("UPDATE procurement_hold SET remaining = 3")


@pytest.mark.django_db(transaction=True)
def test_two_releases_at_once_never_hold_more_than_is_granted() -> None:
    order = make.make_order()
    make.make_both_licences(order, exporter=8, importer=4)
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def ship() -> None:
        try:
            start.wait(timeout=30)
            release(order, 3)
            outcomes.append("released")
        except ComplianceRefusal as refusal:
            outcomes.append(refusal.message.split(":")[0])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ship) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(outcomes) == ["3 asked, 1 usable", "released"]
    assert line_of(order, Side.IMPORTER).held == 3


@pytest.mark.django_db(transaction=True)
def test_release_waits_for_a_balance_that_another_session_is_changing(app_connection: psycopg.Connection) -> None:
    order = make.make_order()
    make.make_both_licences(order, exporter=8, importer=4)
    line = line_of(order, Side.IMPORTER)
    outcomes: list[str] = []

    def ship() -> None:
        try:
            release(order, 4)
        except ComplianceRefusal as refusal:
            outcomes.append(refusal.message.split(":")[0])
        finally:
            connections.close_all()

    app_connection.execute("UPDATE procurement_licenceline SET held = 2 WHERE id = %s", [line.pk])
    waiting = threading.Thread(target=ship)
    waiting.start()
    _until_it_waits(waiting, app_connection)
    app_connection.commit()
    waiting.join(timeout=60)
    assert outcomes == ["4 asked, 2 usable"]


def _until_it_waits(thread: threading.Thread, session: psycopg.Connection) -> None:
    """Returns once the thread's session waits for a lock of ``session``, or the thread has ended.

    It looks through a session outside any transaction: within one, PostgreSQL shows the same activity again and again.
    """
    query = "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"
    while thread.is_alive():
        with connection.cursor() as cursor:
            cursor.execute(query, [session.info.backend_pid])
            if cursor.fetchone() != (0,):
                return
