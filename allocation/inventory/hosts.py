"""An operator's acts on a host: drain it, take it back into service, retire it for good."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.permissions import Act
from allocation.clock import database_now, wake
from allocation.dispatch import drains
from allocation.dispatch.models import Lease
from allocation.inventory import quarantine as reasons
from allocation.inventory.models import Device, Host
from allocation.inventory.services import quarantine_device
from allocation.inventory.states import HOST_EDGES, HostAction, HostState
from allocation.jobs.models import AttemptHost
from allocation.jobs.states import AttemptState
from ledger.errors import ComplianceRefusal, InvalidInput
from ledger.services import record
from ledger.transitions import advance

LONGEST_WAIT: Final = timedelta(days=7)
_REASON_LIMIT: Final = 300


@dataclass(frozen=True)
class Leave:
    """How a host is drained: why, and how long what runs on it may go on before it is checkpointed and stopped."""

    reason: str
    finish_within: timedelta = timedelta(0)


def drain_host(*, actor: Actor, host_id: uuid.UUID, leave: Leave) -> Host:
    """Place nothing more on a host; what runs may finish by the window, and is then checkpointed and stopped.

    Raises:
        InvalidInput: no reason, or a window outside 0 to 7 days.
        IllegalTransition: the host is retired.
    """
    actor.require(Act.ENROL_HOST)
    reason = _said(leave.reason, "why the host is drained")
    if not timedelta(0) <= leave.finish_within <= LONGEST_WAIT:
        raise InvalidInput("Running jobs get from none to 168 hours to finish.", field="finish_within")
    with transaction.atomic():
        host = _locked(host_id)
        host.state = advance(HOST_EDGES, host.state, HostAction.DRAIN)
        host.drain_reason, host.drain_by = reason, database_now() + leave.finish_within
        host.save(update_fields=["state", "drain_reason", "drain_by"])
        running = running_on(host)
        facts = {"reason": reason, "drain_by": host.drain_by.isoformat(), "attempts": [str(pk) for pk in running]}
        record("host.drained", host, actor=actor, facts={"name": host.name, **facts})
        if not leave.finish_within:
            stop_running(host, actor=actor)
    return host


def stop_running(host: Host, *, actor: Actor | None = None) -> None:
    """Checkpoint and stop what still runs on a draining host, within the window that its licences leave."""
    cause = drains.Cause("host", host.pk, host.name, f"Its host {host.name} is taken out of service.")
    drains.begin_drain(actor=actor, cause=cause, attempts=running_on(host))


def stop_overdue() -> int:
    """Stop what runs on after its draining host's window; run by housekeeping, and idempotent.

    Returns:
        How many hosts still had something running.
    """
    overdue = Host.objects.filter(state=HostState.DRAINING, drain_by__lte=Now()).order_by("pk")
    busy = [host for host in overdue if running_on(host)]
    for host in busy:
        stop_running(host)
    return len(busy)


def resume_host(*, actor: Actor, host_id: uuid.UUID) -> Host:
    """Take a draining host back into service."""
    actor.require(Act.ENROL_HOST)
    with transaction.atomic():
        host = _locked(host_id)
        host.state = advance(HOST_EDGES, host.state, HostAction.RESUME)
        host.drain_reason, host.drain_by = "", None
        host.save(update_fields=["state", "drain_reason", "drain_by"])
        record("host.resumed", host, actor=actor, facts={"name": host.name})
    wake()
    return host


def retire_host(*, actor: Actor, host_id: uuid.UUID, reason: str) -> Host:
    """Take an empty host out for good: its key is refused from then on, its devices wait for another host's report.

    Raises:
        InvalidInput: no reason was given.
        ComplianceRefusal: something runs on it, or a device of it is still held.
    """
    actor.require(Act.ENROL_HOST)
    reason = _said(reason, "why the host is retired")
    with transaction.atomic():
        host = _locked(host_id)
        blockers = retirement_blockers(host)
        if blockers:
            raise ComplianceRefusal(f"{host.name} is not empty.", blockers=tuple(blockers))
        host.state = advance(HOST_EDGES, host.state, HostAction.RETIRE)
        host.save(update_fields=["state"])
        serials = _let_go_of_devices(host)
        facts = {"name": host.name, "reason": reason, "devices": serials, "public_key": host.public_key}
        record("host.retired", host, actor=actor, facts=facts)
    return host


def retirement_blockers(host: Host) -> list[str]:
    """Every reason why a host cannot be retired now."""
    found = [f"{attempt} runs on it." for attempt in _live_places(host).order_by("pk")[:20]]
    held = Lease.objects.filter(device__host=host, released_at=None).select_related("device")
    found += [f"{lease.device.serial} is held until the host reports that no process is left." for lease in held[:20]]
    return found


def running_on(host: Host) -> list[uuid.UUID]:
    """The attempts that have not ended on a host."""
    return list(_live_places(host).order_by("pk").values_list("attempt_id", flat=True))


def _live_places(host: Host) -> QuerySet[AttemptHost]:
    places = AttemptHost.objects.filter(host=host).exclude(attempt__state=AttemptState.ENDED)
    return places.select_related("attempt__job", "host")


def _let_go_of_devices(host: Host) -> list[str]:
    devices = list(Device.objects.select_for_update().filter(host=host).exclude(state="retired").order_by("pk"))
    for device in devices:
        quarantine_device(device_id=device.pk, reason=reasons.NOT_REPORTED)
    Device.objects.filter(pk__in=[device.pk for device in devices]).update(host=None)
    return [device.serial for device in devices]


def _locked(host_id: uuid.UUID) -> Host:
    return Host.objects.select_for_update(no_key=True).get(pk=host_id)


def _said(text: str, what: str) -> str:
    if not text.strip():
        raise InvalidInput(f"Please write {what}.", field="reason")
    return text.strip()[:_REASON_LIMIT]
