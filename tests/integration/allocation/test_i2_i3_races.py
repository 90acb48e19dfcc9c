"""I2: a device has at most one live lease. I3: an attempt starts at most once. Tried at once, on many sessions."""

from collections import Counter

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from allocation.dispatch import drains
from allocation.dispatch.models import Lease
from allocation.inventory.models import Device
from allocation.jobs.models import Attempt
from allocation.scheduler import passes, placing
from allocation.scheduler.placement import FreeDevice, Placed
from gpu_runtime.protocol import new_nonce
from ledger.models import Entry
from tests.integration.allocation.races import race
from tests.integration.allocation.worlds import FakeHost, World, device_of, make_world


@pytest.fixture
def live_world(transactional_db: None, client: Client) -> World:
    return make_world(client)


def test_second_live_lease_by_raw_sql_is_refused(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    again = """INSERT INTO allocation_lease (id, device_id, attempt_id, fencing_token, exporter_line_id,
                   importer_line_id, placed_at, expires_at)
               SELECT gen_random_uuid(), l.device_id, l.attempt_id, l.fencing_token + 1000, l.exporter_line_id,
                   l.importer_line_id, now(), now() FROM allocation_lease l"""
    refused = pytest.raises(IntegrityError, match="lease_one_live_per_device")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(again)
    assert attempt.leases.count() == 1


def test_lease_under_a_token_that_is_not_higher_is_refused(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    host.end(attempt)
    lease = Lease.objects.get()
    with pytest.raises(IntegrityError, match="not above the last one of its device"), transaction.atomic():
        Lease.objects.create(
            device=lease.device, attempt=attempt, fencing_token=lease.fencing_token, exporter_line=lease.exporter_line,
            importer_line=lease.importer_line, expires_at=lease.expires_at,
        )  # fmt: skip


@pytest.mark.parametrize("is_locked", [True, False], ids=["with the pass lock", "without the pass lock"])
def test_passes_at_once_lease_each_device_once(
    live_world: World, monkeypatch: pytest.MonkeyPatch, is_locked: bool
) -> None:
    """Row locks and the index carry it: the pass lock only saves work."""
    live_world.add_host()
    for _ in range(6):
        live_world.submit()
    if not is_locked:
        for module in (passes, placing):
            monkeypatch.setattr(module, "is_mine", lambda: True)
    race(8, lambda _: passes.run_pass())
    held = Counter(Lease.objects.filter(released_at=None).values_list("device_id", flat=True))
    assert max(held.values()) == 1
    passes.run_pass()
    assert Lease.objects.filter(released_at=None).count() == 4
    assert Attempt.objects.count() == 4


def test_placements_of_two_jobs_on_the_same_device_give_it_to_one(
    live_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = live_world.add_host(live_world.serials[:1])
    jobs = [live_world.submit() for _ in range(6)]
    monkeypatch.setattr(placing, "is_mine", lambda: True)
    device = Device.objects.get(host_id=host.id)
    free = FreeDevice(str(device.pk), "h200-sxm", str(device.site_id), host.id, "", ("", ""))
    results = race(6, lambda number: placing.place_one(Placed(str(jobs[number].pk), (free,))))
    assert sorted(map(bool, results)) == [False] * 5 + [True]
    assert not [each for each in results if isinstance(each, Exception)]


def test_placement_planned_on_a_device_that_was_leased_since_is_dropped(world: World) -> None:
    host = world.add_host(world.serials[:1])
    first, second = world.submit(), world.submit()
    device = Device.objects.get(host_id=host.id)
    free = FreeDevice(str(device.pk), "h200-sxm", str(device.site_id), host.id, "", ("", ""))
    assert placing.place_one(Placed(str(first.pk), (free,)))
    assert not placing.place_one(Placed(str(second.pk), (free,)))
    assert Lease.objects.count() == 1


def test_claims_at_once_with_different_nonces_let_one_through(live_world: World) -> None:
    host = live_world.add_host()
    attempt = live_world.place()
    codes = race(8, lambda number: _claim(host, attempt, new_nonce(), 100 + number))
    assert Counter(codes)[200] == 1
    assert Entry.objects.filter(act="attempt.started").count() == 1
    assert Entry.objects.filter(act="attempt.claimed").count() == 1


def test_claims_with_the_same_nonce_get_the_same_answer(live_world: World) -> None:
    host = live_world.add_host()
    attempt = live_world.place()
    nonce = new_nonce()
    first = host.claim(attempt, nonce=nonce)
    assert host.claim(attempt, nonce=nonce) == first
    assert host.claim(attempt, nonce=new_nonce(), expect=409)["code"] == "claimed_elsewhere"
    assert Entry.objects.filter(act="attempt.started").count() == 1


def test_two_live_attempts_of_one_job_by_raw_sql_are_refused(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    with pytest.raises(IntegrityError, match="attempt_one_live_per_job"), transaction.atomic():
        Attempt.objects.create(job=attempt.job, number=2, fencing_token=attempt.fencing_token + 1)


def test_device_that_another_session_is_leasing_is_not_taken(
    live_world: World, app_connection: psycopg.Connection
) -> None:
    live_world.add_host(live_world.serials[:1])
    attempt = live_world.place()
    device = device_of(attempt)
    app_connection.execute("SELECT 1 FROM allocation_device WHERE id = %s FOR UPDATE", [device.pk])
    Lease.objects.update(released_at=attempt.placed_at)
    live_world.submit()
    assert passes.run_pass() == 0
    app_connection.rollback()
    assert passes.run_pass() == 1


def test_claim_said_again_once_the_attempt_drains_gets_no_warrant(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    cause = drains.Cause("licence", world.exporter.pk, world.exporter.reference, "Suspended.")
    drains.begin_drain(actor=None, cause=cause, attempts=[attempt.pk])
    refusal = host.claim(attempt, expect=409)
    assert refusal["code"] == "stale_token"
    assert "warrant" not in refusal


def _claim(host: FakeHost, attempt: Attempt, nonce: str, sequence: int) -> int:
    """A claim on a session of its own. Sequences race too: one that comes late is refused as well."""
    from allocation.dispatch.claims import claim_attempt
    from allocation.dispatch.refusals import ClaimedElsewhere
    from gpu_runtime.protocol.messages import ClaimRequest

    try:
        claim_attempt(host=host.row, request=ClaimRequest(str(attempt.pk), nonce))
    except ClaimedElsewhere:
        return 409
    return 200
