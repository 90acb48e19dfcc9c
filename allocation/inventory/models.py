"""Hosts, the devices on them, enrolment codes, and incidents where record and reality differ."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from allocation.inventory.states import DeviceState, HostState
from ledger.ids import uuid7
from ledger.transitions import choices, state_check


class Host(models.Model):
    """A machine that enrolled with its own key; ``sequence`` is the last request number it used.

    ``checkpoint_store`` names the folder that its checkpoints lie in; hosts that share the folder share the name.
    ``address`` is where the other hosts of a gang reach it; its name where it reports none.
    ``drain_by`` is when what still runs on a draining host has to be checkpointed and stopped.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100, unique=True)
    site = models.ForeignKey("procurement.Site", on_delete=models.PROTECT, related_name="hosts")
    public_key = models.CharField(max_length=64, unique=True)
    sequence = models.BigIntegerField(default=0)
    state = models.CharField(max_length=20, choices=choices(HostState), default=HostState.ENROLLED)
    isolation = models.JSONField(default=dict)
    agent_version = models.CharField(max_length=40, blank=True, default="")
    boot_id = models.CharField(max_length=64, blank=True, default="")
    checkpoint_store = models.CharField(max_length=64, blank=True, default="")
    address = models.CharField(max_length=253, blank=True, default="")
    drain_reason = models.CharField(max_length=300, blank=True, default="")
    drain_by = models.DateTimeField(null=True, blank=True)
    enrolled_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("name",)
        constraints: ClassVar = [state_check(HostState, "host_state_known")]

    def __str__(self) -> str:
        return self.name


class EnrolmentCode(models.Model):
    """A one-time code that lets one host enrol at one site; only its hash is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code_sha256 = models.CharField(max_length=64, unique=True)
    site = models.ForeignKey("procurement.Site", on_delete=models.PROTECT, related_name="+")
    created_by = models.ForeignKey("accounts.Membership", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    host = models.ForeignKey(Host, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return f"code for {self.site}"


class Backend(StrEnum):
    """What stands behind a device; an emulated one says so everywhere."""

    NVML = "nvml"
    CPU_EMULATED = "cpu-emulated"


class Device(models.Model):
    """One physical accelerator (or an emulated one), bound by its receipt item to a line of each authority.

    Its two lines are the first of each side; where more authorities have a say, the draws of its item name them all.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    serial = models.CharField(max_length=60, unique=True)
    uuid = models.CharField(max_length=80, unique=True, null=True, blank=True)
    chip = models.ForeignKey("procurement.ChipModel", on_delete=models.PROTECT, related_name="devices")
    item = models.OneToOneField(
        "procurement.ReceiptItem", on_delete=models.PROTECT, null=True, blank=True, related_name="device"
    )
    exporter_line = models.ForeignKey(
        "procurement.LicenceLine", on_delete=models.PROTECT, null=True, blank=True, related_name="exporter_devices"
    )
    importer_line = models.ForeignKey(
        "procurement.LicenceLine", on_delete=models.PROTECT, null=True, blank=True, related_name="importer_devices"
    )
    site = models.ForeignKey("procurement.Site", on_delete=models.PROTECT, related_name="devices")
    host = models.ForeignKey(Host, on_delete=models.PROTECT, null=True, blank=True, related_name="devices")
    index = models.IntegerField(null=True, blank=True)
    backend = models.CharField(max_length=20, choices=choices(Backend), blank=True, default="")
    memory_bytes = models.BigIntegerField(null=True, blank=True)
    driver = models.CharField(max_length=60, blank=True, default="")
    health = models.CharField(max_length=200, blank=True, default="")
    state = models.CharField(max_length=20, choices=choices(DeviceState), default=DeviceState.QUARANTINED)
    quarantine_reason = models.CharField(max_length=300, blank=True, default="")
    last_token = models.BigIntegerField(default=0)
    last_reported_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        ordering = ("serial",)
        constraints: ClassVar = [
            state_check(DeviceState, "device_state_known"),
            models.CheckConstraint(
                condition=~Q(state="available")
                | Q(exporter_line__isnull=False, importer_line__isnull=False, item__isnull=False),
                name="device_available_only_licensed",
            ),
            models.CheckConstraint(
                condition=Q(state="quarantined") | Q(quarantine_reason=""), name="device_reason_only_in_quarantine"
            ),
        ]

    @property
    def line_ids(self) -> frozenset[UUID]:
        """The licence lines that it stands on, one of each authority with a say; prefetch ``item__draws``."""
        drawn = {draw.line_id for draw in self.item.draws.all()} if self.item else set()
        return frozenset({pk for pk in (self.exporter_line_id, self.importer_line_id) if pk} | drawn)

    @property
    def is_emulated(self) -> bool:
        """Whether there is no physical accelerator behind it."""
        return self.backend == Backend.CPU_EMULATED

    def __str__(self) -> str:
        return self.serial


class IncidentKind(StrEnum):
    """How record and reality can differ."""

    UNLICENSED_DEVICE = "unlicensed_device"
    UNKNOWN_DEVICE = "unknown_device"
    MISSING_DEVICE = "missing_device"
    MOVED_DEVICE = "moved_device"
    DUPLICATE_SERIAL = "duplicate_serial"
    WRONG_PRODUCT = "wrong_product"
    FOREIGN_PROCESS = "foreign_process"
    LISTED_PARTY = "listed_party"
    HOST_SILENT = "host_silent"
    USAGE_DRIFT = "usage_drift"


class Incident(models.Model):
    """A discrepancy on a device or host, with its review case; one is open per kind and thing at a time.

    ``subject`` names what it is about where there is no device row. ``gone_since`` is when a report first no longer
    showed it: that closes nothing, an officer does.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=30, choices=choices(IncidentKind))
    device = models.ForeignKey(
        Device, on_delete=models.PROTECT, null=True, blank=True, related_name="incidents"
    )
    host = models.ForeignKey(Host, on_delete=models.PROTECT, null=True, blank=True, related_name="incidents")
    case = models.ForeignKey(
        "procurement.Case", on_delete=models.PROTECT, null=True, blank=True, related_name="incidents"
    )
    subject = models.CharField(max_length=120, blank=True, default="")
    facts = models.JSONField(default=dict)
    opened_at = models.DateTimeField(db_default=Now())
    last_shown_at = models.DateTimeField(db_default=Now())
    gone_since = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-opened_at",)
        constraints: ClassVar = [
            state_check(IncidentKind, "incident_kind_known", "kind"),
            models.UniqueConstraint(
                fields=("kind", "device"), condition=Q(closed_at=None), name="incident_open_once_per_device"
            ),
            models.UniqueConstraint(
                fields=("kind", "subject"),
                condition=Q(closed_at=None, device=None),
                name="incident_open_once_per_subject",
            ),
        ]

    def __str__(self) -> str:
        return self.reference
