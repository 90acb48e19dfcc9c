"""Determinations asked for by hand, each with who asked and why."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import ledger.ids


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_organisation_party"),
        ("procurement", "0004_parties_of_a_team"),
    ]

    operations = [
        migrations.CreateModel(
            name="AdHocDetermination",
            fields=[
                (
                    "id",
                    models.UUIDField(default=ledger.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("account", models.CharField(blank=True, default="", max_length=150)),
                ("purpose", models.CharField(max_length=300)),
                ("inputs", models.JSONField()),
                ("outcome", models.JSONField()),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "membership",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.membership",
                    ),
                ),
            ],
            options={"ordering": ("-made_at",)},
        ),
    ]
