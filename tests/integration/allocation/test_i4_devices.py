"""I4: a device is handed on only when its host has said that no process is left; and what reports find out."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from allocation.clock import database_now
from allocation.dispatch import drains
from allocation.dispatch.housekeeping import keep_house
from allocation.dispatch.models import Drain, Lease
from allocation.inventory import quarantine as reasons
from allocation.inventory.models import Device, Host, Incident
from allocation.inventory.services import admission_blockers, admit_device
from allocation.jobs.models import Attempt, AttemptHost, Job
from allocation.scheduler.passes import run_pass
from ledger.errors import ComplianceRefusal
from procurement.review.models import Case
from tests import factories as make
from tests.integration.allocation.worlds import World, attempt_of, device_of

HALF_HOUR = timedelta(minutes=30)


def fall_silent() -> None:
    """As if half an hour had passed since the last renewal."""
    Lease.objects.update(charged_from=F("charged_from") - HALF_HOUR, expires_at=F("expires_at") - HALF_HOUR)


def test_silent_hosts_attempt_is_requeued_and_its_devices_wait_for_its_report(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host, devices=4)
    host.checkpoint(attempt, 50)
    fall_silent()
    assert keep_house() == 1
    assert keep_house() == 0
    ended = attempt_of(attempt.job)
    assert (ended.outcome, ended.job.state) == ("host_lost", "waiting")
    assert set(Device.objects.values_list("state", "quarantine_reason")) == {("quarantined", reasons.HOST_SILENT)}
    assert Lease.objects.filter(released_at=None).count() == 4
    assert run_pass() == 0
    assert "fell silent" in Job.objects.get().waits_because

    busy = {"attempt_id": str(attempt.pk), "fencing_token": attempt.fencing_token, "state": "stopping", "processes": 3}
    host.report([busy])
    host.report([{**busy, "state": "silent", "processes": 0}])
    assert run_pass() == 0
    assert set(Device.objects.values_list("state", flat=True)) == {"quarantined"}
    assert Lease.objects.filter(released_at=None).count() == 4

    host.report([])
    assert set(Device.objects.values_list("state", flat=True)) == {"available"}
    assert run_pass() == 1
    assert attempt_of(attempt.job).resume["step"] == 50


def test_silent_host_is_charged_to_the_expiry_of_its_lease(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    Lease.objects.update(charged_from=F("charged_from") - timedelta(seconds=60))
    Lease.objects.update(expires_at=F("charged_from") + timedelta(seconds=30, milliseconds=1))
    keep_house()
    assert attempt.reservation.charged_ms == 30_001


def test_renewing_host_is_never_counted_as_silent(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    host.renew(attempt)
    assert keep_house() == 0
    assert attempt_of(attempt.job).state == "running"


def test_end_without_a_clear_device_releases_nothing(world: World) -> None:
    host = world.add_host(world.serials[:1])
    attempt = world.run(host)
    host.end(attempt, "killed", devices_clear=False)
    device = device_of(attempt)
    assert (device.state, device.quarantine_reason) == ("quarantined", reasons.NOT_CLEAR)
    assert Lease.objects.filter(released_at=None).count() == 1
    assert run_pass() == 0
    host.report([])
    assert run_pass() == 1


def test_placement_that_no_host_claims_goes_back_free_of_charge(world: World) -> None:
    world.add_host()
    attempt = world.place()
    assert keep_house() == 0
    Attempt.objects.update(placed_at=F("placed_at") - HALF_HOUR)
    assert keep_house() == 1
    ended = attempt_of(attempt.job)
    assert (ended.outcome, ended.job.state, ended.reservation.charged_ms) == ("never_claimed", "waiting", 0)
    assert run_pass() == 1


def test_device_without_a_host_or_on_a_silent_host_is_not_placeable(world: World) -> None:
    world.submit()
    assert run_pass() == 0
    assert "No host has reported it yet" in Job.objects.get().waits_because
    world.add_host()
    Host.objects.update(last_seen_at=F("last_seen_at") - timedelta(seconds=60))
    assert run_pass() == 0
    assert Job.objects.get().waits_because == "0 of the 1 licensed devices that it asks for are free now."


@pytest.mark.parametrize(
    ("change", "kind", "reason"),
    [
        ({"foreign_pids": [4711]}, "foreign_process", reasons.FOREIGN),
        ({"chip_model": "NVIDIA H20"}, "wrong_product", reasons.WRONG_PRODUCT),
        ({"uuid": "GPU-other"}, "duplicate_serial", reasons.DUPLICATE),
    ],
)
def test_discrepancy_stops_the_job_at_once_and_opens_one_incident(
    world: World, change: dict[str, Any], kind: str, reason: str
) -> None:
    host, other = world.add_host(world.serials[:1]), world.add_host(world.serials[1:2])
    attempts = [world.run_any(host, other) for _ in range(2)]
    mine = next(a for a in attempts if str(a.hosts.get().host_id) == host.id)
    spared = next(a for a in attempts if a != mine)
    host.report(**change)
    host.report(**change)
    device = device_of(mine)
    assert device.state == "quarantined"
    assert device.quarantine_reason.startswith(reason)
    incident = Incident.objects.get()
    assert incident.kind == kind
    assert incident.case == Case.objects.get(incident_ref=incident.reference)
    assert Drain.objects.get().is_immediate
    assert host.renew(mine)[0]["answer"] == "stop"
    assert other.renew(spared)[0]["answer"] == "run"
    host.end(mine, "killed")
    host.report()
    assert device_of(mine).state == "quarantined"
    with pytest.raises(ComplianceRefusal):
        admit_device(actor=world.operator, device_id=device.pk)


def test_missing_device_stops_the_job_that_holds_it(world: World) -> None:
    host = world.add_host(world.serials[:1])
    attempt = world.run(host)
    host.report(devices=[])
    assert Incident.objects.get().kind == "missing_device"
    assert host.renew(attempt)[0]["answer"] == "stop"


def test_device_reported_from_another_site_is_quarantined(world: World) -> None:
    elsewhere = world.add_host([], site=make.make_site())
    elsewhere.serials = world.serials[:1]
    elsewhere.report()
    device = Device.objects.get(serial=world.serials[0])
    assert Incident.objects.get().kind == "moved_device"
    assert device.quarantine_reason.startswith(reasons.MOVED)
    assert device.host is None


def test_serial_reported_by_two_hosts_is_quarantined(world: World) -> None:
    host = world.add_host(world.serials[:1])
    attempt = world.run(host)
    copy = world.add_host(world.serials[:1])
    assert Incident.objects.get().kind == "duplicate_serial"
    assert str(device_of(attempt).host_id) == host.id
    assert host.renew(attempt)[0]["answer"] == "stop"
    assert copy.post("poll", {})["bells"] == []


def test_unknown_serial_opens_one_incident_and_no_device(world: World) -> None:
    host = world.add_host(["SN-UNKNOWN"])
    host.report()
    assert Incident.objects.get().kind == "unknown_device"
    assert not Device.objects.filter(serial="SN-UNKNOWN").exists()


def test_unhealthy_device_drains_and_comes_back_when_it_is_well(world: World) -> None:
    host = world.add_host(world.serials[:1])
    attempt = world.run(host)
    host.report(health="ECC errors: 3")
    assert host.renew(attempt)[0]["answer"] == "drain"
    host.end(attempt, "drained")
    assert run_pass() == 0
    host.report()
    assert run_pass() == 1


def test_unlicensed_serial_is_received_into_quarantine_with_an_incident(world: World) -> None:
    receipt = make.make_receipt(world.order, ["SN-FIFTH"])
    from allocation.subscriptions import devices_received
    from ledger.events import DevicesReceived

    devices_received(DevicesReceived(receipt_id=receipt.pk))
    devices_received(DevicesReceived(receipt_id=receipt.pk))
    device = Device.objects.get(serial="SN-FIFTH")
    assert (device.state, device.quarantine_reason) == ("quarantined", reasons.UNLICENSED)
    assert Incident.objects.get().kind == "unlicensed_device"
    host = world.add_host([*world.serials, "SN-FIFTH"])
    host.report()
    device.refresh_from_db()
    assert device.state == "quarantined"
    assert "No line of both authorities covers it." in admission_blockers(device)
    with pytest.raises(ComplianceRefusal, match="the job asks for 5|4 licensed"):
        world.submit(devices=5)


def test_drain_with_a_short_window_leaves_the_lease_as_long_as_the_warrant_that_is_out(world: World) -> None:
    """The answer that carries the shorter one may be lost: the host then runs on under the warrant that it has."""
    host = world.add_host()
    attempt = world.run(host)
    held = AttemptHost.objects.get().warranted_until
    cause = drains.Cause("licence", world.exporter.pk, world.exporter.reference, "r")
    drains.begin_drain(actor=world.officer, cause=cause, attempts=[attempt.pk])
    type(attempt).objects.update(drain_deadline_at=database_now() + timedelta(seconds=1))
    assert host.renew(attempt)[0]["answer"] == "drain"
    assert held is not None
    assert AttemptHost.objects.get().warranted_until >= held
    assert attempt.leases.get().expires_at >= held
