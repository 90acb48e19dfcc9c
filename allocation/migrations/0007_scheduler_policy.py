"""What operators and officers set for the scheduler: weights, quotas, caps of lines, bookings, priorities, divisions.

Beside it what the pass keeps: outlooks of waiting jobs, and the stops it made.
"""

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import ledger.ids


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_organisation_party"),
        ("allocation", "0006_address_of_hosts"),
        ("procurement", "0009_evidence_and_red_flags"),
    ]

    operations = [
        migrations.CreateModel(
            name="JobOutlook",
            fields=[
                (
                    "job",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="outlook",
                        serialize=False,
                        to="allocation.job",
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                ("early_at", models.DateTimeField(blank=True, null=True)),
                ("likely_at", models.DateTimeField(blank=True, null=True)),
                ("late_at", models.DateTimeField(blank=True, null=True)),
                ("seen_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="Division",
            fields=[
                ("id", models.UUIDField(default=ledger.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("reference", models.CharField(max_length=20, unique=True)),
                ("quantity", models.PositiveIntegerField()),
                ("proposed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("decided_because", models.CharField(blank=True, default="", max_length=1000)),
                ("replaced_at", models.DateTimeField(blank=True, null=True)),
                (
                    "chip",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="procurement.chipmodel"
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.membership",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="divisions", to="procurement.order"
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.membership"
                    ),
                ),
            ],
            options={
                "ordering": ("-proposed_at",),
            },
        ),
        migrations.CreateModel(
            name="DivisionShare",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("asked", models.PositiveIntegerField()),
                ("least", models.PositiveIntegerField(default=1)),
                ("rank", models.PositiveIntegerField(default=1)),
                ("proposed", models.PositiveIntegerField()),
                ("given", models.PositiveIntegerField()),
                ("reason", models.CharField(max_length=500)),
                (
                    "division",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="shares", to="allocation.division"
                    ),
                ),
                (
                    "filing",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="division_shares",
                        to="procurement.filing",
                    ),
                ),
            ],
            options={
                "ordering": ("rank", "filing__reference"),
            },
        ),
        migrations.CreateModel(
            name="FilingPriority",
            fields=[
                (
                    "filing",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="scheduling_priority",
                        serialize=False,
                        to="procurement.filing",
                    ),
                ),
                (
                    "priority",
                    models.SmallIntegerField(
                        choices=[(-100, "Low"), (0, "Normal"), (100, "High"), (200, "Urgent")], default=0
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("priority__in", [-100, 0, 100, 200])), name="filing_priority_known"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="JobPriority",
            fields=[
                (
                    "job",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="own_priority",
                        serialize=False,
                        to="allocation.job",
                    ),
                ),
                (
                    "priority",
                    models.SmallIntegerField(choices=[(-100, "Low"), (0, "Normal"), (100, "High"), (200, "Urgent")]),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("priority__in", [-100, 0, 100, 200])), name="job_priority_known"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LineCap",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("per_job", models.PositiveIntegerField(blank=True, null=True)),
                ("at_once", models.PositiveIntegerField(blank=True, null=True)),
                ("basis", models.CharField(max_length=500)),
                (
                    "line",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="cap", to="procurement.licenceline"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Preemption",
            fields=[
                (
                    "attempt",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="preemption",
                        serialize=False,
                        to="allocation.attempt",
                    ),
                ),
                ("reason", models.CharField(max_length=300)),
                ("lost_device_ms", models.BigIntegerField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "for_job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="preemptions", to="allocation.job"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SchedulerRules",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ("half_life_hours", models.PositiveIntegerField(default=168)),
                ("bound_hours", models.PositiveIntegerField(default=200)),
                ("may_preempt", models.BooleanField(default=True)),
                ("quantum_minutes", models.PositiveIntegerField(default=120)),
                ("stops_most", models.PositiveIntegerField(default=5)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="scheduler_rules_one_row"),
                    models.CheckConstraint(
                        condition=models.Q(("bound_hours__gt", 0), ("half_life_hours__gt", 0)),
                        name="scheduler_rules_positive",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ShareWeight",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "weight",
                    models.PositiveIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000),
                        ]
                    ),
                ),
                (
                    "organisation",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="share_weight",
                        to="accounts.organisation",
                    ),
                ),
                (
                    "team",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="share_weight",
                        to="accounts.team",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Booking",
            fields=[
                ("id", models.UUIDField(default=ledger.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("reference", models.CharField(max_length=20, unique=True)),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("reason", models.CharField(max_length=300)),
                ("cancelled_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "filing",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="bookings", to="procurement.filing"
                    ),
                ),
                ("hosts", models.ManyToManyField(related_name="bookings", to="allocation.host")),
            ],
            options={
                "ordering": ("starts_at", "reference"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="booking_ends_after_start"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DeviceQuota",
            fields=[
                ("id", models.UUIDField(default=ledger.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("cohort", models.CharField(max_length=60)),
                ("nominal", models.PositiveIntegerField()),
                ("borrow_most", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "chip",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="procurement.chipmodel"
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="device_quotas",
                        to="accounts.organisation",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="device_quotas",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "ordering": ("cohort", "chip", "id"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("organisation__isnull", False), ("team", None)),
                            models.Q(("organisation", None), ("team__isnull", False)),
                            _connector="OR",
                        ),
                        name="device_quota_of_one_account",
                    ),
                    models.UniqueConstraint(fields=("organisation", "chip"), name="device_quota_once_per_organisation"),
                    models.UniqueConstraint(fields=("team", "chip"), name="device_quota_once_per_team"),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="division",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at", None), ("decided_by", None)),
                    models.Q(("decided_at__isnull", False), ("decided_by__isnull", False)),
                    _connector="OR",
                ),
                name="division_decided_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="division",
            constraint=models.UniqueConstraint(
                condition=models.Q(("decided_at__isnull", False), ("replaced_at", None)),
                fields=("order", "chip"),
                name="division_one_in_force",
            ),
        ),
        migrations.AddConstraint(
            model_name="divisionshare",
            constraint=models.UniqueConstraint(fields=("division", "filing"), name="division_share_once"),
        ),
        migrations.AddConstraint(
            model_name="divisionshare",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("given__lte", models.F("asked")), ("least__gt", 0), ("least__lte", models.F("asked"))
                ),
                name="division_share_within_ask",
            ),
        ),
        migrations.AddConstraint(
            model_name="linecap",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("at_once", None), ("per_job__gt", 0)),
                    models.Q(("at_once__gt", 0), ("per_job", None)),
                    models.Q(("at_once__gt", 0), ("per_job__gt", 0)),
                    _connector="OR",
                ),
                name="line_cap_says_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="shareweight",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("organisation__isnull", False), ("team", None)),
                    models.Q(("organisation", None), ("team__isnull", False)),
                    _connector="OR",
                ),
                name="share_weight_of_one_account",
            ),
        ),
        migrations.AddConstraint(
            model_name="shareweight",
            constraint=models.CheckConstraint(condition=models.Q(("weight__gt", 0)), name="share_weight_positive"),
        ),
    ]
