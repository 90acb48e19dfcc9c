"""The stored result of running a regime's rules on an order on a date."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from ledger.ids import uuid7
from ledger.transitions import choices, state_check
from procurement.regimes.lanes import Lane


class Determination(models.Model):
    """Inputs, rule versions and result, to the byte; never recomputed in place."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey("procurement.Order", on_delete=models.PROTECT, related_name="determinations")
    regime = models.CharField(max_length=40)
    on = models.DateField()
    lane = models.CharField(max_length=30, choices=choices(Lane))
    review_policy = models.CharField(max_length=20, blank=True, default="")
    inputs = models.JSONField()
    result = models.JSONField()
    rule_versions = models.JSONField()
    list_snapshots = models.JSONField(default=list)
    rule_set_sha256 = models.CharField(max_length=64)
    result_sha256 = models.CharField(max_length=64)
    program = models.CharField(max_length=80, blank=True, default="")
    made_at = models.DateTimeField(db_default=Now())
    superseded_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        ordering = ("regime", "-made_at")
        constraints: ClassVar = [
            state_check(Lane, "determination_lane_known", "lane"),
            models.UniqueConstraint(
                fields=("order", "regime"), condition=models.Q(superseded_at=None), name="determination_current_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.regime} {self.on}: {self.lane}"


class RuleSetText(models.Model):
    """The data files of a regime's rule set, word for word, kept from its first use on: the table only takes rows."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    regime = models.CharField(max_length=40)
    texts = models.JSONField()
    first_used_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("regime", "-first_used_at")

    def __str__(self) -> str:
        return f"{self.regime} {self.sha256[:12]}"


class AdHocDetermination(models.Model):
    """A determination asked for by hand: who, what about, why, and what was answered."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    membership = models.ForeignKey(
        "accounts.Membership", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    account = models.CharField(max_length=150, blank=True, default="")
    purpose = models.CharField(max_length=300)
    inputs = models.JSONField()
    outcome = models.JSONField()
    rule_sets = models.JSONField(default=dict)
    program = models.CharField(max_length=80, blank=True, default="")
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-made_at",)

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%d} {self.purpose}"


class RulePreview(models.Model):
    """What `manage.py rules preview` found: which set, against what, how many would change. The last one has a page.

    Args:
        rule_sets: regime -> digest of the set that was previewed.
        compared_with: regime -> digest of the set that answered then.
        on: the day that both sets were asked for; None where each determination was asked for its own.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.CharField(max_length=150)
    rule_sets = models.JSONField()
    compared_with = models.JSONField()
    on = models.DateField(null=True, blank=True)
    determinations = models.PositiveIntegerField()
    changed = models.PositiveIntegerField()
    faults = models.PositiveIntegerField()
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-made_at", "-pk")

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%d %H:%M}: {self.changed} of {self.determinations} would change"


class PreviewedChange(models.Model):
    """One determination that the previewed set would answer otherwise, or could not answer."""

    preview = models.ForeignKey(RulePreview, on_delete=models.CASCADE, related_name="changes")
    reference = models.CharField(max_length=20)
    regime = models.CharField(max_length=40)
    on = models.DateField()
    lane_after = models.CharField(max_length=30, blank=True, default="")
    differences = models.JSONField(null=True, blank=True)
    fault = models.CharField(max_length=1000, blank=True, default="")

    class Meta:
        ordering = ("reference", "regime", "pk")
        indexes: ClassVar = [models.Index(fields=["preview", "reference"], name="previewed_change_by_order")]

    def __str__(self) -> str:
        return f"{self.reference}, {self.regime}"
