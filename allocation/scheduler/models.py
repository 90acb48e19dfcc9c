"""What operators and officers set for the scheduler, and what it keeps: outlooks, preemptions, divisions of supply."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from ledger.ids import uuid7

ONE_ACCOUNT = Q(organisation__isnull=False, team=None) | Q(organisation=None, team__isnull=False)


class Priority(models.IntegerChoices):
    """How urgent a job is; a job may be stopped, with a checkpoint, for one of higher priority."""

    LOW = -100, "Low"
    NORMAL = 0, "Normal"
    HIGH = 100, "High"
    URGENT = 200, "Urgent"


class SchedulerRules(models.Model):
    """The rules of the scheduler, one row; where there is none the defaults hold.

    A job runs ``quantum_minutes`` undisturbed, twice that after each stop, and is stopped ``stops_most`` times at most.
    Whoever has waited ``bound_hours`` goes before everybody and is not stopped again.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    half_life_hours = models.PositiveIntegerField(default=168)
    bound_hours = models.PositiveIntegerField(default=200)
    may_preempt = models.BooleanField(default=True)
    quantum_minutes = models.PositiveIntegerField(default=120)
    stops_most = models.PositiveIntegerField(default=5)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="scheduler_rules_one_row"),
            models.CheckConstraint(
                condition=Q(half_life_hours__gt=0, bound_hours__gt=0), name="scheduler_rules_positive"
            ),
        ]

    def __str__(self) -> str:
        return "rules of the scheduler"


class ShareWeight(models.Model):
    """How much of what its siblings share an organisation or team is due; 1 where there is no row."""

    organisation = models.OneToOneField(
        "accounts.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="share_weight"
    )
    team = models.OneToOneField(
        "accounts.Team", on_delete=models.PROTECT, null=True, blank=True, related_name="share_weight"
    )
    weight = models.PositiveIntegerField(validators=[MinValueValidator(1), MaxValueValidator(1000)])

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=ONE_ACCOUNT, name="share_weight_of_one_account"),
            models.CheckConstraint(condition=Q(weight__gt=0), name="share_weight_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.weight} for {self.organisation or self.team}"


class DeviceQuota(models.Model):
    """Devices of one chip that an organisation or team is due; what its cohort does not use may be borrowed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(
        "accounts.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="device_quotas"
    )
    team = models.ForeignKey(
        "accounts.Team", on_delete=models.PROTECT, null=True, blank=True, related_name="device_quotas"
    )
    chip = models.ForeignKey("procurement.ChipModel", on_delete=models.PROTECT, related_name="+")
    cohort = models.CharField(max_length=60)
    nominal = models.PositiveIntegerField()
    borrow_most = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("cohort", "chip", "id")
        constraints: ClassVar = [
            models.CheckConstraint(condition=ONE_ACCOUNT, name="device_quota_of_one_account"),
            models.UniqueConstraint(fields=("organisation", "chip"), name="device_quota_once_per_organisation"),
            models.UniqueConstraint(fields=("team", "chip"), name="device_quota_once_per_team"),
        ]

    @property
    def account(self) -> str:
        """Whose it is, by the id that placement counts use under."""
        return f"{self.organisation_id or self.team_id}:{self.chip_id}"

    @property
    def holder(self) -> str:
        """Whose it is, by name."""
        return str(self.organisation or self.team)

    def __str__(self) -> str:
        return f"{self.nominal} of {self.chip} for {self.holder}"


class LineCap(models.Model):
    """What a licence line allows beyond its quantity, as an officer read it: devices in one job, devices at once."""

    line = models.OneToOneField("procurement.LicenceLine", on_delete=models.PROTECT, related_name="cap")
    per_job = models.PositiveIntegerField(null=True, blank=True)
    at_once = models.PositiveIntegerField(null=True, blank=True)
    basis = models.CharField(max_length=500)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(per_job__gt=0, at_once=None)
                | Q(per_job=None, at_once__gt=0)
                | Q(per_job__gt=0, at_once__gt=0),
                name="line_cap_says_something",
            ),
        ]

    def __str__(self) -> str:
        return f"cap of {self.line}"


class Booking(models.Model):
    """Hosts that are kept for one filing's jobs over a time: nothing else is placed there that could still run then."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(max_length=20, unique=True)
    filing = models.ForeignKey("procurement.Filing", on_delete=models.PROTECT, related_name="bookings")
    hosts = models.ManyToManyField("allocation.Host", related_name="bookings")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=300)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("starts_at", "reference")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="booking_ends_after_start"),
        ]

    def __str__(self) -> str:
        return self.reference


class FilingPriority(models.Model):
    """How urgent a filing's jobs are, unless an operator says otherwise of one."""

    filing = models.OneToOneField(
        "procurement.Filing", on_delete=models.PROTECT, primary_key=True, related_name="scheduling_priority"
    )
    priority = models.SmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(priority__in=Priority.values), name="filing_priority_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_priority_display()}: {self.filing}"


class JobPriority(models.Model):
    """How urgent one job is, as an operator said; it goes before its filing's."""

    job = models.OneToOneField(
        "allocation.Job", on_delete=models.PROTECT, primary_key=True, related_name="own_priority"
    )
    priority = models.SmallIntegerField(choices=Priority.choices)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(priority__in=Priority.values), name="job_priority_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_priority_display()}: {self.job}"


class JobOutlook(models.Model):
    """Where a waiting job stands and when it may start, as the last pass saw it; times are absent where unknown."""

    job = models.OneToOneField("allocation.Job", on_delete=models.CASCADE, primary_key=True, related_name="outlook")
    position = models.PositiveIntegerField()
    early_at = models.DateTimeField(null=True, blank=True)
    likely_at = models.DateTimeField(null=True, blank=True)
    late_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.job}: {self.position}"


class Preemption(models.Model):
    """A stop of one attempt for another job: why, and the device time since its last checkpoint that was lost."""

    attempt = models.OneToOneField(
        "allocation.Attempt", on_delete=models.PROTECT, primary_key=True, related_name="preemption"
    )
    for_job = models.ForeignKey("allocation.Job", on_delete=models.PROTECT, related_name="preemptions")
    reason = models.CharField(max_length=300)
    lost_device_ms = models.BigIntegerField()
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.attempt} for {self.for_job}"


class Division(models.Model):
    """How an approved quantity of one chip under one order is divided between filings that ask for more than it.

    It counts from ``decided_at`` on, until ``replaced_at``; the devices of each share then bound what its filing
    may hold at once.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(max_length=20, unique=True)
    order = models.ForeignKey("procurement.Order", on_delete=models.PROTECT, related_name="divisions")
    chip = models.ForeignKey("procurement.ChipModel", on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    proposed_by = models.ForeignKey("accounts.Membership", on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(db_default=Now())
    decided_by = models.ForeignKey(
        "accounts.Membership", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_because = models.CharField(max_length=1000, blank=True, default="")
    replaced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-proposed_at",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(decided_at=None, decided_by=None) | Q(decided_at__isnull=False, decided_by__isnull=False),
                name="division_decided_by_somebody",
            ),
            models.UniqueConstraint(
                fields=("order", "chip"),
                condition=Q(decided_at__isnull=False, replaced_at=None),
                name="division_one_in_force",
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class DivisionShare(models.Model):
    """One filing's part: what it asks for, the least that is of use, its weight and rank, and what it is given."""

    division = models.ForeignKey(Division, on_delete=models.CASCADE, related_name="shares")
    filing = models.ForeignKey("procurement.Filing", on_delete=models.PROTECT, related_name="division_shares")
    asked = models.PositiveIntegerField()
    least = models.PositiveIntegerField(default=1)
    rank = models.PositiveIntegerField(default=1)
    proposed = models.PositiveIntegerField()
    given = models.PositiveIntegerField()
    reason = models.CharField(max_length=500)

    class Meta:
        ordering = ("rank", "filing__reference")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("division", "filing"), name="division_share_once"),
            models.CheckConstraint(
                condition=Q(given__lte=F("asked"), least__lte=F("asked"), least__gt=0), name="division_share_within_ask"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.given} for {self.filing}"
