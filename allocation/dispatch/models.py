"""Leases: the exclusive, expiring hold of an attempt on its devices; and drains: graded stops, with their times."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from ledger.ids import uuid7


class Lease(models.Model):
    """One device held by one attempt. At most one live lease a device, by a partial unique index.

    Charging runs from ``charged_from`` (the claim) to ``charged_until`` (confirmed end, or expiry where the host
    is silent). ``released_at`` is when the device may be leased again.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    device = models.ForeignKey("allocation.Device", on_delete=models.PROTECT, related_name="leases")
    attempt = models.ForeignKey("allocation.Attempt", on_delete=models.PROTECT, related_name="leases")
    fencing_token = models.BigIntegerField()
    exporter_line = models.ForeignKey("procurement.LicenceLine", on_delete=models.PROTECT, related_name="+")
    importer_line = models.ForeignKey("procurement.LicenceLine", on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    charged_from = models.DateTimeField(null=True, blank=True)
    charged_until = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("placed_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("device",), condition=Q(released_at=None), name="lease_one_live_per_device"
            ),
            models.UniqueConstraint(fields=("device", "attempt"), name="lease_once_per_attempt"),
            models.CheckConstraint(
                condition=Q(charged_until=None)
                | Q(charged_from__isnull=False, charged_until__gte=F("charged_from")),
                name="lease_charged_forward",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device} for {self.attempt}"


class Drain(models.Model):
    """The graded stop of everything that hangs on one broken link."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(max_length=20, unique=True)
    cause_kind = models.CharField(max_length=30)
    cause_id = models.UUIDField()
    cause_ref = models.CharField(max_length=80)
    reason = models.CharField(max_length=500)
    is_immediate = models.BooleanField(default=False)
    begun_at = models.DateTimeField(db_default=Now())
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-begun_at",)

    def __str__(self) -> str:
        return self.reference


class DrainItem(models.Model):
    """One attempt under a drain: asked, signalled, gone."""

    drain = models.ForeignKey(Drain, on_delete=models.PROTECT, related_name="items")
    attempt = models.ForeignKey("allocation.Attempt", on_delete=models.PROTECT, related_name="drain_items")
    window_ms = models.BigIntegerField()
    asked_at = models.DateTimeField(db_default=Now())
    told_at = models.DateTimeField(null=True, blank=True)
    signalled_at = models.DateTimeField(null=True, blank=True)
    last_process_gone_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=("drain", "attempt"), name="drain_item_once")]

    def __str__(self) -> str:
        return f"{self.drain}: {self.attempt}"
