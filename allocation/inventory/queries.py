"""Reading hosts and devices."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from accounts.actors import Actor
from accounts.permissions import Act
from allocation.dispatch.models import Lease
from allocation.inventory.models import Device, Host, Incident


def visible_to(actor: Actor) -> QuerySet[Device]:
    """Every device, for those who may see devices; nobody else sees one."""
    devices = Device.objects.select_related(
        "chip", "site", "host", "exporter_line__licence", "importer_line__licence", "item__receipt"
    ).annotate(is_leased=Exists(Lease.objects.filter(device=OuterRef("pk"), released_at=None)))
    return devices if actor.may(Act.SEE_DEVICES) else devices.none()


def hosts_visible_to(actor: Actor) -> QuerySet[Host]:
    """Every host, for those who may see devices."""
    hosts = Host.objects.select_related("site").prefetch_related("devices")
    return hosts if actor.may(Act.SEE_DEVICES) else hosts.none()


def open_incidents(device: Device) -> QuerySet[Incident]:
    """What is not yet cleared up about a device."""
    return device.incidents.filter(closed_at=None).select_related("case")


def leases_of(device: Device) -> QuerySet[Lease]:
    """Which attempts held the device, newest first."""
    return device.leases.select_related("attempt__job__team").order_by("-placed_at")
