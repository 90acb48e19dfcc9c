"""Every act on a device: received, quarantined, admitted, retired."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.db import transaction

from accounts.actors import Actor
from accounts.permissions import Act
from allocation.clock import wake
from allocation.inventory import quarantine as reasons
from allocation.inventory.incidents import open_incident
from allocation.inventory.models import Device, Incident, IncidentKind
from allocation.inventory.states import DEVICE_EDGES, DeviceAction, DeviceState
from ledger.errors import ComplianceRefusal, InvalidInput
from ledger.services import record
from ledger.transitions import advance
from procurement.orders.models import Receipt, ReceiptItem

_REASON_LIMIT: Final = 300


def receive_devices(*, receipt_id: uuid.UUID) -> list[Device]:
    """Take the serials of a receipt into the inventory; those without a line of both authorities are incidents."""
    with transaction.atomic():
        receipt = Receipt.objects.select_related("order", "site").get(pk=receipt_id)
        return [_receive(item, receipt) for item in receipt.items.select_related("chip").order_by("serial")]


def _receive(item: ReceiptItem, receipt: Receipt) -> Device:
    reason = reasons.NOT_REPORTED if item.is_licensed else reasons.UNLICENSED
    device, is_new = Device.objects.get_or_create(
        item=item,
        defaults={
            "serial": item.serial,
            "chip": item.chip,
            "site": receipt.site,
            "exporter_line_id": item.exporter_line_id,
            "importer_line_id": item.importer_line_id,
            "state": DeviceState.QUARANTINED,
            "quarantine_reason": reason,
        },
    )
    if is_new:
        facts = {"receipt": receipt.reference, "licensed": item.is_licensed, "chip": item.chip.slug}
        record("device.received", device, facts={"serial": device.serial, **facts})
        if not item.is_licensed:
            title = f"{device.serial} of {receipt.reference} was received without a licence of both sides"
            open_incident(kind=IncidentKind.UNLICENSED_DEVICE, title=title, device=device, subject=device.serial)
    return device


def quarantine_device(*, device_id: uuid.UUID, reason: str, actor: Actor | None = None) -> Device:
    """Take a device out of use. Whatever runs on it drains at its next renewal; a grave cause stops it at once.

    A graver reason is not overwritten by one that passes by itself.
    """
    with transaction.atomic():
        device = Device.objects.select_for_update().get(pk=device_id)
        if actor is not None:
            actor.require(Act.BIND_DEVICE)
        if device.state == DeviceState.QUARANTINED and not reasons.is_passing(device):
            return device
        if device.state == DeviceState.QUARANTINED and device.quarantine_reason == reason[:_REASON_LIMIT]:
            return device
        device.state = advance(DEVICE_EDGES, device.state, DeviceAction.QUARANTINE)
        device.quarantine_reason = reason[:_REASON_LIMIT]
        device.save(update_fields=["state", "quarantine_reason"])
        record("device.quarantined", device, actor=actor, facts={"serial": device.serial, "reason": reason})
    return device


def admit_device(*, actor: Actor, device_id: uuid.UUID) -> Device:
    """Let an operator take a device back into use after its incident was closed.

    Raises:
        ComplianceRefusal: it is unlicensed, has an open incident, or no host reports it.
    """
    actor.require(Act.BIND_DEVICE)
    with transaction.atomic():
        device = Device.objects.select_for_update().get(pk=device_id)
        blockers = admission_blockers(device)
        if blockers:
            raise ComplianceRefusal(f"{device.serial} cannot be taken into use.", blockers=tuple(blockers))
        return _admit(device, actor)


def admission_blockers(device: Device) -> list[str]:
    """Every reason why a device cannot be taken into use now."""
    found = [
        f"Incident {incident.reference} is open." for incident in Incident.objects.filter(device=device, closed_at=None)
    ]
    if device.item_id is None or device.exporter_line_id is None or device.importer_line_id is None:
        found.append("No line of both authorities covers it.")
    if device.host_id is None:
        found.append("No host reports it.")
    if device.leases.filter(released_at=None).exists():
        found.append("Its host has not reported yet that no process is left on it.")
    return found


def admit_reported_device(*, device: Device) -> None:
    """End a quarantine that passes by itself, in the transaction of the host's good report."""
    if reasons.is_passing(device) and not admission_blockers(device):
        _admit(device, None)


def retire_device(*, actor: Actor, device_id: uuid.UUID, reason: str) -> Device:
    """Take a device out of the inventory for good."""
    actor.require(Act.BIND_DEVICE)
    if not reason.strip():
        raise InvalidInput("Please write why the device is retired.", field="reason")
    with transaction.atomic():
        device = Device.objects.select_for_update().get(pk=device_id)
        if device.leases.filter(released_at=None).exists():
            raise ComplianceRefusal(f"{device.serial} is leased; drain it first.")
        device.state = advance(DEVICE_EDGES, device.state, DeviceAction.RETIRE)
        device.quarantine_reason = ""
        device.save(update_fields=["state", "quarantine_reason"])
        record("device.retired", device, actor=actor, facts={"serial": device.serial, "reason": reason.strip()})
    return device


def _admit(device: Device, actor: Actor | None) -> Device:
    device.state = advance(DEVICE_EDGES, device.state, DeviceAction.ADMIT)
    device.quarantine_reason = ""
    device.save(update_fields=["state", "quarantine_reason"])
    facts: dict[str, Any] = {"serial": device.serial, "host": str(device.host_id)}
    record("device.admitted", device, actor=actor, facts=facts)
    wake()
    return device
