"""What a host says of itself and its devices, reconciled with receipts and licences."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from allocation.clock import wake
from allocation.dispatch import drains, times
from allocation.dispatch.models import Lease
from allocation.inventory import quarantine as reasons
from allocation.inventory.incidents import note_gone, open_incident
from allocation.inventory.models import Device, Host, IncidentKind
from allocation.inventory.services import admit_reported_device, quarantine_device
from allocation.inventory.states import DeviceState
from allocation.jobs.models import AttemptHost
from gpu_runtime.protocol.messages import AttemptReport, DeviceReport, ReportRequest
from procurement.catalog.models import ChipModel

GUARD_ENDED: Final = "ended"


@dataclass(frozen=True)
class Discrepancy:
    """Record and reality differ on a device: what kind of incident it is, and why in words."""

    kind: IncidentKind
    reason: str


@dataclass(frozen=True)
class Found:
    """A discrepancy of one report with its incident; ``device`` is ``None`` where no device of ours is concerned."""

    device: Device | None
    discrepancy: Discrepancy
    incident_id: UUID


def receive_report(*, host: Host, report: ReportRequest) -> None:
    """Bring the inventory in line with what a host reports; what does not fit is quarantined and stopped.

    Devices are quarantined first, in a transaction of their own; whatever runs on them is then stopped. A
    quarantined device breaks the chain by itself, so nothing is lost between the two.
    """
    with transaction.atomic():
        locked = Host.objects.select_for_update(no_key=True).get(pk=host.pk)
        Host.objects.filter(pk=host.pk).update(
            boot_id=report.boot_id[:64],
            isolation=report.isolation[:60],
            checkpoint_store=report.checkpoint_store[:64] or locked.checkpoint_store,
            address=report.address[:253],
            last_seen_at=Now(),
        )
        found = [each for told in report.devices if (each := _reconcile(locked, told)) is not None]
        found += _missing(locked, {each.serial for each in report.devices})
        note_gone(host=locked, shown=[each.incident_id for each in found])
        _release_clear(locked, report.attempts)
        _admit_well(locked, report.devices)
    for each in found:
        if each.device is not None:
            _stop(each.device, each.discrepancy)


def _reconcile(host: Host, told: DeviceReport) -> Found | None:
    locked = Device.objects.select_for_update(of=("self",)).select_related("chip", "site", "host")
    device = locked.filter(serial=told.serial).first()
    if device is None:
        return _strange(host, told, "which no receipt names")
    if device.state == DeviceState.RETIRED:
        return _strange(host, told, "which was retired")
    discrepancy = _discrepancy(host, device, told)
    if discrepancy is not None:
        return _set_apart(host, device, discrepancy)
    _take_down(host, device, told)
    return None


def _discrepancy(host: Host, device: Device, told: DeviceReport) -> Discrepancy | None:
    """The gravest thing that does not fit."""
    if device.site_id != host.site_id:
        where = f"{device.site.name} is where it belongs; {host.name} at {host.site.name} reports it."
        return Discrepancy(IncidentKind.MOVED_DEVICE, reasons.MOVED + where)
    if _is_elsewhere(host, device):
        return Discrepancy(IncidentKind.DUPLICATE_SERIAL, f"{reasons.DUPLICATE}also by {host.name}.")
    if device.uuid and device.uuid != told.uuid:
        return Discrepancy(IncidentKind.DUPLICATE_SERIAL, f"{reasons.DUPLICATE}its UUID is now {told.uuid[:80]}.")
    if Device.objects.filter(uuid=told.uuid).exclude(pk=device.pk).exists():
        return Discrepancy(IncidentKind.DUPLICATE_SERIAL, f"{reasons.DUPLICATE}its UUID is another device's.")
    if not is_chip(told.chip_model, device.chip):
        return Discrepancy(IncidentKind.WRONG_PRODUCT, f"{reasons.WRONG_PRODUCT}{told.chip_model[:60]}.")
    if told.foreign_pids:
        pids = ", ".join(str(pid) for pid in told.foreign_pids[:5])
        return Discrepancy(IncidentKind.FOREIGN_PROCESS, f"{reasons.FOREIGN}process {pids} on {host.name}.")
    return None


def _is_elsewhere(host: Host, device: Device) -> bool:
    """Whether another host, heard of lately, has it as well, or it is leased there."""
    if device.host is None or device.host_id == host.pk:
        return False
    if device.leases.filter(released_at=None).exists():
        return True
    lately = Now() - times.ttl()
    return Device.objects.filter(pk=device.pk, last_reported_at__gt=lately).exists()


def is_chip(reported: str, chip: ChipModel) -> bool:
    """Whether a driver's product name (``NVIDIA H200``) or a slug (``h200-sxm``) means this chip model."""
    words = set(re.findall(r"[a-z0-9]+", reported.lower())) - {"nvidia", "amd", "instinct"}
    known = set(re.findall(r"[a-z0-9]+", f"{chip.name} {chip.slug}".lower()))
    return bool(words) and words <= known


def _strange(host: Host, told: DeviceReport, why: str) -> Found:
    """A device that is not ours to lease: nothing is placed on it, and nothing of ours can be stopped on it."""
    title = f"{host.name} reports {told.serial[:60]} ({told.chip_model[:60]}), {why}"
    kind = IncidentKind.UNKNOWN_DEVICE
    incident = open_incident(kind=kind, title=title, host=host, subject=told.serial[:60])
    return Found(None, Discrepancy(kind, title), incident.pk)


def _set_apart(host: Host, device: Device, discrepancy: Discrepancy) -> Found:
    quarantine_device(device_id=device.pk, reason=discrepancy.reason)
    title = f"{device.serial}: {discrepancy.reason}"
    incident = open_incident(kind=discrepancy.kind, title=title, device=device, host=host, subject=device.serial)
    return Found(device, discrepancy, incident.pk)


def _take_down(host: Host, device: Device, told: DeviceReport) -> None:
    """Write down where the device is and what its driver says; a changed place or name counts as a new version."""
    values: dict[str, Any] = {
        "uuid": told.uuid[:80],
        "host": host,
        "index": told.index,
        "backend": told.backend,
        "memory_bytes": told.memory_bytes,
        "driver": told.driver[:60],
        "health": told.health[:200],
    }
    Device.objects.filter(pk=device.pk).update(**values, last_reported_at=Now())
    if told.health != "ok":
        quarantine_device(device_id=device.pk, reason=f"{reasons.UNHEALTHY}{told.health}")


def _missing(host: Host, reported: set[str]) -> list[Found]:
    gone = Device.objects.select_for_update().filter(host=host).exclude(serial__in=reported).exclude(state="retired")
    missing = Discrepancy(IncidentKind.MISSING_DEVICE, reasons.MISSING)
    return [_set_apart(host, device, missing) for device in gone.order_by("pk")]


def _release_clear(host: Host, attempts: Iterable[AttemptReport]) -> None:
    """Free the devices of attempts that have ended and of which nothing is left on the host, not even a guard."""
    busy = {each.attempt_id for each in attempts if each.processes > 0 or each.state != GUARD_ENDED}
    places = AttemptHost.objects.filter(
        host=host, clear_at=None, attempt__state="ended", attempt__leases__released_at=None
    ).exclude(claim_nonce="")
    for place in places.distinct():
        if str(place.attempt_id) in busy:
            continue
        AttemptHost.objects.filter(pk=place.pk).update(clear_at=Now())
        Lease.objects.filter(attempt=place.attempt_id, device__host=host, released_at=None).update(released_at=Now())
        wake()


def _admit_well(host: Host, told: Iterable[DeviceReport]) -> None:
    well = [each.serial for each in told if each.health == "ok" and not each.foreign_pids]
    waiting = Device.objects.select_for_update().filter(host=host, state="quarantined", serial__in=well)
    for device in waiting.order_by("pk"):
        admit_reported_device(device=device)


def _stop(device: Device, discrepancy: Discrepancy) -> None:
    cause = drains.Cause("device", device.pk, device.serial, f"{device.serial}: {discrepancy.reason}")
    attempts = drains.attempts_resting_on("device", device.pk)
    drains.begin_drain(actor=None, cause=cause, attempts=attempts, immediate=True)
