"""The GPU time on a chip class that an approved filing may use; reserved and used are kept by constraint."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from ledger.ids import uuid7


class Grant(models.Model):
    """GPU-milliseconds granted to one filing. ``granted >= reserved + used``, always."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(max_length=20, unique=True)
    filing = models.ForeignKey("procurement.Filing", on_delete=models.PROTECT, related_name="grants")
    decision = models.OneToOneField("procurement.Decision", on_delete=models.PROTECT, related_name="grant")
    chip = models.ForeignKey("procurement.ChipModel", on_delete=models.PROTECT, related_name="grants")
    granted_ms = models.BigIntegerField()
    reserved_ms = models.BigIntegerField(default=0)
    used_ms = models.BigIntegerField(default=0)
    starts_on = models.DateField()
    ends_on = models.DateField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    version = models.BigIntegerField(default=1)

    class Meta:
        ordering = ("-created_at",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(granted_ms__gte=F("reserved_ms") + F("used_ms")), name="grant_never_overspent"
            ),
            models.CheckConstraint(
                condition=Q(granted_ms__gt=0, reserved_ms__gte=0, used_ms__gte=0), name="grant_amounts_not_negative"
            ),
        ]

    @property
    def free_ms(self) -> int:
        """GPU-milliseconds neither used nor reserved."""
        return self.granted_ms - self.reserved_ms - self.used_ms

    def __str__(self) -> str:
        return self.reference


class Reservation(models.Model):
    """GPU time set aside for an attempt (devices x time limit), settled once with what it used."""

    attempt = models.OneToOneField(
        "allocation.Attempt", on_delete=models.PROTECT, primary_key=True, related_name="reservation"
    )
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="reservations")
    reserved_ms = models.BigIntegerField()
    charged_ms = models.BigIntegerField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(charged_ms=None, settled_at=None)
                | Q(charged_ms__gte=0, charged_ms__lte=F("reserved_ms"), settled_at__isnull=False),
                name="reservation_settled_within_reserve",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reserved_ms} ms of {self.grant}"
