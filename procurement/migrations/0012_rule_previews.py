"""The last preview of a rule set, kept for its page: what would change, order by order."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import ledger.ids


class Migration(migrations.Migration):
    dependencies = [
        ("procurement", "0011_legal_holds_and_record_terms"),
    ]

    operations = [
        migrations.CreateModel(
            name="RulePreview",
            fields=[
                ("id", models.UUIDField(default=ledger.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("account", models.CharField(max_length=150)),
                ("rule_sets", models.JSONField()),
                ("compared_with", models.JSONField()),
                ("on", models.DateField(blank=True, null=True)),
                ("determinations", models.PositiveIntegerField()),
                ("changed", models.PositiveIntegerField()),
                ("faults", models.PositiveIntegerField()),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "ordering": ("-made_at", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="PreviewedChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=20)),
                ("regime", models.CharField(max_length=40)),
                ("on", models.DateField()),
                ("lane_after", models.CharField(blank=True, default="", max_length=30)),
                ("differences", models.JSONField(blank=True, null=True)),
                ("fault", models.CharField(blank=True, default="", max_length=1000)),
                (
                    "preview",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="changes",
                        to="procurement.rulepreview",
                    ),
                ),
            ],
            options={
                "ordering": ("reference", "regime", "pk"),
                "indexes": [models.Index(fields=["preview", "reference"], name="previewed_change_by_order")],
            },
        ),
    ]
