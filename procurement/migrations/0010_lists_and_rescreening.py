"""Deliveries of lists, addresses of listed parties, re-screening that goes on after a stop, and names in batches.

What came of a delivery, and an officer's word on an old list, only take new rows; an address stands with its entry.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import ledger.ids

STANDS = """
CREATE TRIGGER list_address_stands BEFORE UPDATE ON procurement_listaddress
    FOR EACH ROW EXECUTE FUNCTION procurement_list_stands();
CREATE TRIGGER list_delivery_stands BEFORE UPDATE OR DELETE ON procurement_listdelivery
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER old_list_acceptance_stands BEFORE UPDATE OR DELETE ON procurement_oldlistacceptance
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
"""
FALLS = """
DROP TRIGGER list_address_stands ON procurement_listaddress;
DROP TRIGGER list_delivery_stands ON procurement_listdelivery;
DROP TRIGGER old_list_acceptance_stands ON procurement_oldlistacceptance;
"""
NOW = django.db.models.functions.datetime.Now
PROTECT = django.db.models.deletion.PROTECT


def key():
    return models.UUIDField(default=ledger.ids.uuid7, editable=False, primary_key=True, serialize=False)


def to(model, related_name="+", **options):
    return models.ForeignKey(on_delete=PROTECT, related_name=related_name, to=model, **options)


def number():
    return models.IntegerField(default=0)


def moment():
    return models.DateTimeField(blank=True, null=True)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_organisation_party"),
        ("ledger", "0002_append_only"),
        ("procurement", "0009_evidence_and_red_flags"),
    ]

    operations = [
        migrations.AddField("listsnapshot", "origin", models.CharField(blank=True, default="", max_length=500)),
        migrations.CreateModel(
            name="ListAddress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.CharField(max_length=500)),
                ("key", models.CharField(max_length=200)),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="addresses",
                        to="procurement.listentry",
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["key"], name="list_address_key")]},
        ),
        migrations.CreateModel(
            name="ListDelivery",
            fields=[
                ("id", key()),
                ("source_code", models.CharField(max_length=40)),
                ("origin", models.CharField(blank=True, default="", max_length=500)),
                ("is_fetched", models.BooleanField(default=False)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("loaded", "Loaded"),
                            ("unchanged", "Unchanged"),
                            ("refused", "Refused"),
                            ("unreachable", "Unreachable"),
                        ],
                        max_length=20,
                    ),
                ),
                ("code", models.CharField(blank=True, default="", max_length=60)),
                ("reason", models.CharField(blank=True, default="", max_length=500)),
                ("added", number()),
                ("altered", number()),
                ("removed", number()),
                ("came_at", models.DateTimeField(db_default=NOW())),
                ("snapshot", to("procurement.listsnapshot", blank=True, null=True)),
            ],
            options={
                "ordering": ("-came_at", "-id"),
                "indexes": [models.Index(fields=["source_code", "-came_at"], name="list_delivery_of_source")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["loaded", "unchanged", "refused", "unreachable"])),
                        name="list_delivery_outcome_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="OldListAcceptance",
            fields=[
                ("id", key()),
                ("until", models.DateField()),
                ("reason", models.CharField(max_length=500)),
                ("accepted_at", models.DateTimeField(db_default=NOW())),
                ("membership", to("accounts.membership")),
                ("snapshot", to("procurement.listsnapshot", "acceptances")),
            ],
            options={"ordering": ("-accepted_at",)},
        ),
        migrations.CreateModel(
            name="Rescreening",
            fields=[
                ("id", key()),
                ("purpose", models.CharField(max_length=300)),
                ("changed_keys", models.JSONField(default=list)),
                ("is_whole", models.BooleanField(default=False)),
                ("party_count", models.IntegerField()),
                ("done_count", number()),
                ("new_hits", number()),
                ("withdrawn_hits", number()),
                ("reached", models.UUIDField(blank=True, null=True)),
                ("asked_at", models.DateTimeField(db_default=NOW())),
                ("beat_at", moment()),
                ("finished_at", moment()),
                ("snapshot", to("procurement.listsnapshot", blank=True, null=True)),
            ],
            options={"ordering": ("-asked_at",)},
        ),
        migrations.CreateModel(
            name="BatchScreening",
            fields=[
                ("id", key()),
                ("file_name", models.CharField(max_length=200)),
                ("purpose", models.CharField(max_length=300)),
                ("line_count", models.IntegerField()),
                ("snapshots", models.JSONField(default=list)),
                ("asked_at", models.DateTimeField(db_default=NOW())),
                ("beat_at", moment()),
                ("finished_at", moment()),
                ("membership", to("accounts.membership")),
            ],
            options={"ordering": ("-asked_at",)},
        ),
        migrations.CreateModel(
            name="BatchScreeningLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.IntegerField()),
                ("name", models.CharField(blank=True, default="", max_length=500)),
                ("country", models.CharField(blank=True, default="", max_length=2)),
                ("ref", models.CharField(blank=True, default="", max_length=200)),
                ("fault", models.CharField(blank=True, default="", max_length=300)),
                ("hits", models.JSONField(blank=True, null=True)),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="procurement.batchscreening",
                    ),
                ),
            ],
            options={
                "ordering": ("number",),
                "constraints": [models.UniqueConstraint(fields=("batch", "number"), name="batch_line_once")],
            },
        ),
        migrations.RunSQL(STANDS, FALLS),
    ]
