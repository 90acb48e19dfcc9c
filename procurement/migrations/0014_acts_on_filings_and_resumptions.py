"""Acts of two persons: a filing's suspension, revocation and reinstatement, and a stopped order's return to review.

Proposer and countersigner are tied to memberships by composite keys, and a trigger asks for serving officers.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import ledger.ids

SIGNERS = (
    ("procurement_filingact", "proposer"),
    ("procurement_filingact", "countersigner"),
    ("procurement_resumption", "proposer"),
    ("procurement_resumption", "countersigner"),
)
OFFICERS_ONLY = """
CREATE TRIGGER filingact_signed_by_officers BEFORE INSERT OR UPDATE ON procurement_filingact
    FOR EACH ROW EXECUTE FUNCTION procurement_signer_is_officer('proposer_id');
CREATE TRIGGER resumption_signed_by_officers BEFORE INSERT OR UPDATE ON procurement_resumption
    FOR EACH ROW EXECUTE FUNCTION procurement_signer_is_officer('proposer_id');
"""


def _composite(table: str, column: str) -> str:
    return (
        f"ALTER TABLE {table} ADD CONSTRAINT {table.removeprefix('procurement_')}_{column}_is_member "
        f"FOREIGN KEY ({column}_id, {column}_person_id, {column}_team_id) "
        f"REFERENCES accounts_membership (id, person_id, team_id);"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_last_use_of_tokens"),
        ("procurement", "0013_conditions_and_acts_count"),
    ]

    operations = [
        migrations.CreateModel(
            name="FilingAct",
            fields=[
                ("id", models.UUIDField(default=ledger.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("reason", models.TextField(max_length=2000)),
                ("proposed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("in_effect_at", models.DateTimeField(blank=True, null=True)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("submit", "Submit"),
                            ("approve", "Approve"),
                            ("decline", "Decline"),
                            ("withdraw", "Withdraw"),
                            ("suspend", "Suspend"),
                            ("reinstate", "Reinstate"),
                            ("revoke", "Revoke"),
                        ],
                        max_length=20,
                    ),
                ),
                ("is_immediate", models.BooleanField(default=False)),
            ],
            options={
                "ordering": ("-proposed_at",),
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Resumption",
            fields=[
                ("id", models.UUIDField(default=ledger.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("reason", models.TextField(max_length=2000)),
                ("proposed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("in_effect_at", models.DateTimeField(blank=True, null=True)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ("-proposed_at",),
                "abstract": False,
            },
        ),
        migrations.RemoveConstraint(
            model_name="filing",
            name="filing_state_known",
        ),
        migrations.AlterField(
            model_name="filing",
            name="state",
            field=models.CharField(
                choices=[
                    ("draft", "Draft"),
                    ("in_review", "In review"),
                    ("approved", "Approved"),
                    ("declined", "Declined"),
                    ("withdrawn", "Withdrawn"),
                    ("suspended", "Suspended"),
                    ("revoked", "Revoked"),
                ],
                default="draft",
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="filing",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["draft", "in_review", "approved", "declined", "withdrawn", "suspended", "revoked"])
                ),
                name="filing_state_known",
            ),
        ),
        migrations.AddField(
            model_name="filingact",
            name="countersigner",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.membership",
            ),
        ),
        migrations.AddField(
            model_name="filingact",
            name="countersigner_person",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.person",
            ),
        ),
        migrations.AddField(
            model_name="filingact",
            name="countersigner_team",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.team"
            ),
        ),
        migrations.AddField(
            model_name="filingact",
            name="filing",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="acts", to="procurement.filing"
            ),
        ),
        migrations.AddField(
            model_name="filingact",
            name="proposer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.membership"
            ),
        ),
        migrations.AddField(
            model_name="filingact",
            name="proposer_person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.person"
            ),
        ),
        migrations.AddField(
            model_name="filingact",
            name="proposer_team",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.team"),
        ),
        migrations.AddField(
            model_name="resumption",
            name="countersigner",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.membership",
            ),
        ),
        migrations.AddField(
            model_name="resumption",
            name="countersigner_person",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.person",
            ),
        ),
        migrations.AddField(
            model_name="resumption",
            name="countersigner_team",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.team"
            ),
        ),
        migrations.AddField(
            model_name="resumption",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="resumptions", to="procurement.order"
            ),
        ),
        migrations.AddField(
            model_name="resumption",
            name="proposer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.membership"
            ),
        ),
        migrations.AddField(
            model_name="resumption",
            name="proposer_person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.person"
            ),
        ),
        migrations.AddField(
            model_name="resumption",
            name="proposer_team",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.team"),
        ),
        migrations.AddConstraint(
            model_name="filingact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("countersigner_person", None),
                    models.Q(("countersigner_person", models.F("proposer_person")), _negated=True),
                    _connector="OR",
                ),
                name="filingact_four_eyes",
            ),
        ),
        migrations.AddConstraint(
            model_name="filingact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("countersigner", None), ("countersigner_person", None), ("countersigner_team", None)),
                    models.Q(
                        ("countersigner__isnull", False),
                        ("countersigner_person__isnull", False),
                        ("countersigner_team__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="filingact_countersigner_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="filingact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "action__in",
                        [
                            "suspend",
                            "reinstate",
                            "revoke",
                        ],
                    )
                ),
                name="filingact_action_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="filingact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("action", "suspend"),
                    ("in_effect_at", None),
                    ("countersigner_person__isnull", False),
                    _connector="OR",
                ),
                name="filingact_grave_needs_two",
            ),
        ),
        migrations.AddConstraint(
            model_name="filingact",
            constraint=models.UniqueConstraint(
                condition=models.Q(("in_effect_at", None), ("withdrawn_at", None)),
                fields=("filing",),
                name="filingact_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="resumption",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("countersigner_person", None),
                    models.Q(("countersigner_person", models.F("proposer_person")), _negated=True),
                    _connector="OR",
                ),
                name="resumption_four_eyes",
            ),
        ),
        migrations.AddConstraint(
            model_name="resumption",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("countersigner", None), ("countersigner_person", None), ("countersigner_team", None)),
                    models.Q(
                        ("countersigner__isnull", False),
                        ("countersigner_person__isnull", False),
                        ("countersigner_team__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="resumption_countersigner_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="resumption",
            constraint=models.CheckConstraint(
                condition=models.Q(("in_effect_at", None), ("countersigner_person__isnull", False), _connector="OR"),
                name="resumption_needs_two",
            ),
        ),
        migrations.AddConstraint(
            model_name="resumption",
            constraint=models.UniqueConstraint(
                condition=models.Q(("in_effect_at", None), ("withdrawn_at", None)),
                fields=("order",),
                name="resumption_one_open",
            ),
        ),
        *[migrations.RunSQL(_composite(table, column), migrations.RunSQL.noop) for table, column in SIGNERS],
        migrations.RunSQL(OFFICERS_ONLY, migrations.RunSQL.noop),
    ]
