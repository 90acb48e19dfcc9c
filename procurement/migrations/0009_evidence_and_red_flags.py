"""Evidence for certifications, reports used by releases, and answers to red flags: four eyes and append-only rows.

The words of a filed piece stand as they were filed, a decision on it is made once, and who files never accepts: not by
another account, not by another membership, not by SQL.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import ledger.ids
import procurement.evidence.states

SIGNERS = (
    ("procurement_evidence", "filer"),
    ("procurement_evidence", "decider"),
    ("procurement_redflaganswer", "answerer"),
)

STANDS = """
CREATE FUNCTION procurement_evidence_stands() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changing text[] := ARRAY['state', 'decider_id', 'decider_person_id', 'decider_team_id', 'decided_at', 'reason',
                             'withdrawn_at'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'evidence is not deleted; it is withdrawn' USING ERRCODE = 'restrict_violation';
    END IF;
    IF to_jsonb(NEW) - changing IS DISTINCT FROM to_jsonb(OLD) - changing THEN
        RAISE EXCEPTION 'filed evidence is not rewritten; file it anew' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.decider_id IS NOT NULL AND (NEW.decider_id, NEW.decider_person_id, NEW.decider_team_id, NEW.decided_at)
       IS DISTINCT FROM (OLD.decider_id, OLD.decider_person_id, OLD.decider_team_id, OLD.decided_at) THEN
        RAISE EXCEPTION 'a decision on evidence is made once' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state <> OLD.state AND NOT (
        OLD.state = 'filed' AND NEW.state IN ('accepted', 'returned', 'replaced', 'withdrawn')
        OR OLD.state = 'accepted' AND NEW.state IN ('replaced', 'withdrawn')
    ) THEN
        RAISE EXCEPTION 'evidence that is % does not become %', OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER evidence_stands BEFORE UPDATE OR DELETE ON procurement_evidence
    FOR EACH ROW EXECUTE FUNCTION procurement_evidence_stands();
CREATE FUNCTION procurement_answers_stand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% only takes new rows', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER redflaganswer_stands BEFORE UPDATE OR DELETE ON procurement_redflaganswer
    FOR EACH ROW EXECUTE FUNCTION procurement_answers_stand();
CREATE TRIGGER reportuse_stands BEFORE UPDATE OR DELETE ON procurement_reportuse
    FOR EACH ROW EXECUTE FUNCTION procurement_answers_stand();
"""

OFFICERS = """
CREATE FUNCTION procurement_evidence_decided_by_other_side() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.decider_person_id IS NOT NULL AND EXISTS (
        SELECT 1 FROM accounts_membership m JOIN procurement_order o ON o.id = NEW.order_id
        WHERE m.person_id = NEW.decider_person_id AND m.team_id IN (o.team_id, NEW.filer_team_id)
    ) THEN
        RAISE EXCEPTION 'who decides on evidence is of the side that filed it' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER evidence_decided_by_other_side BEFORE INSERT OR UPDATE OF decider_person_id ON procurement_evidence
    FOR EACH ROW EXECUTE FUNCTION procurement_evidence_decided_by_other_side();
CREATE TRIGGER evidence_decided_by_officers BEFORE INSERT OR UPDATE ON procurement_evidence
    FOR EACH ROW EXECUTE FUNCTION procurement_signer_is_officer('decider_id');
CREATE TRIGGER redflaganswer_by_officers BEFORE INSERT ON procurement_redflaganswer
    FOR EACH ROW EXECUTE FUNCTION procurement_signer_is_officer('answerer_id');
"""

DROP = """
DROP FUNCTION procurement_evidence_stands() CASCADE;
DROP FUNCTION procurement_answers_stand() CASCADE;
DROP FUNCTION procurement_evidence_decided_by_other_side() CASCADE;
"""


def _composite(table: str, column: str) -> str:
    return (
        f"ALTER TABLE {table} ADD CONSTRAINT {table.removeprefix('procurement_')}_{column}_is_member "
        f"FOREIGN KEY ({column}_id, {column}_person_id, {column}_team_id) "
        f"REFERENCES accounts_membership (id, person_id, team_id);"
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_organisation_party"), ("procurement", "0008_rule_sets_kept")]

    operations = [
        migrations.CreateModel(
            name="Evidence",
            fields=[
                ("id", models.UUIDField(default=ledger.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("certification", models.CharField(max_length=10)),
                ("piece", models.CharField(max_length=300)),
                ("statement", models.TextField(blank=True, default="", max_length=4000)),
                ("valid_until", models.DateField(blank=True, null=True)),
                ("share_percent", models.DecimalField(blank=True, decimal_places=4, max_digits=10, null=True)),
                ("cap_percent", models.DecimalField(blank=True, decimal_places=4, max_digits=10, null=True)),
                ("basis", models.CharField(blank=True, default="", max_length=10)),
                ("as_of", models.DateField(blank=True, null=True)),
                ("is_report", models.BooleanField(default=False)),
                ("laboratory", models.CharField(blank=True, default="", max_length=200)),
                ("serials", models.JSONField(default=list)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("filed", "Filed"),
                            ("accepted", "Accepted"),
                            ("returned", "Returned"),
                            ("replaced", "Replaced"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default=procurement.evidence.states.EvidenceState["FILED"],
                        max_length=20,
                    ),
                ),
                ("filed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("reason", models.CharField(blank=True, default="", max_length=1000)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "decider",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.membership",
                    ),
                ),
                (
                    "decider_person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.person",
                    ),
                ),
                (
                    "decider_team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
                (
                    "filer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.membership"
                    ),
                ),
                (
                    "filer_person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.person"
                    ),
                ),
                (
                    "filer_team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.team"
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evidence",
                        to="procurement.orderline",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="evidence", to="procurement.order"
                    ),
                ),
            ],
            options={
                "ordering": ("filed_at", "pk"),
            },
        ),
        migrations.CreateModel(
            name="RedFlagAnswer",
            fields=[
                ("id", models.UUIDField(default=ledger.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=10)),
                (
                    "answer",
                    models.CharField(
                        choices=[("not_seen", "Not seen"), ("resolved", "Resolved"), ("stands", "Stands")],
                        max_length=20,
                    ),
                ),
                ("reason", models.CharField(blank=True, default="", max_length=1000)),
                ("answered_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "answerer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.membership"
                    ),
                ),
                (
                    "answerer_person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.person"
                    ),
                ),
                (
                    "answerer_team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.team"
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="flag_answers", to="procurement.order"
                    ),
                ),
            ],
            options={
                "ordering": ("answered_at", "pk"),
            },
        ),
        migrations.CreateModel(
            name="ReportUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("used_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "evidence",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="use", to="procurement.evidence"
                    ),
                ),
                (
                    "release",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="report_use", to="procurement.release"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["filed", "accepted", "returned", "replaced", "withdrawn"])),
                name="evidence_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decider_person", None),
                    models.Q(
                        models.Q(("decider_person", models.F("filer_person")), _negated=True),
                        models.Q(("decider_team", models.F("filer_team")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="evidence_four_eyes",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at", None), ("decider", None), ("decider_person", None), ("decider_team", None)),
                    models.Q(
                        ("decided_at__isnull", False),
                        ("decider__isnull", False),
                        ("decider_person__isnull", False),
                        ("decider_team__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="evidence_decider_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["accepted", "returned"]), _negated=True),
                    ("decider__isnull", False),
                    _connector="OR",
                ),
                name="evidence_state_rests_on_a_decider",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("state", "filed"), _negated=True), ("decider", None), _connector="OR"),
                name="evidence_undecided_while_filed",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("as_of", None), ("basis", ""), ("cap_percent", None), ("share_percent", None)),
                    models.Q(
                        ("as_of__isnull", False),
                        ("basis__in", ["tpp", "units"]),
                        ("cap_percent__gt", 0),
                        ("cap_percent__lte", 100),
                        ("certification", "C4"),
                        ("share_percent__gte", 0),
                    ),
                    _connector="OR",
                ),
                name="evidence_share_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_report", False), ("state__in", ["filed", "accepted"])),
                fields=("order", "line", "certification", "piece", "state"),
                name="evidence_one_standing_per_piece",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="redflaganswer",
            constraint=models.CheckConstraint(
                condition=models.Q(("answer__in", ["not_seen", "resolved", "stands"])), name="red_flag_answer_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="redflaganswer",
            constraint=models.CheckConstraint(
                condition=models.Q(("answer", "not_seen"), models.Q(("reason", ""), _negated=True), _connector="OR"),
                name="red_flag_answer_has_reason",
            ),
        ),
        *[migrations.RunSQL(_composite(table, column), migrations.RunSQL.noop) for table, column in SIGNERS],
        migrations.RunSQL(STANDS, DROP),
        migrations.RunSQL(OFFICERS, "DROP TRIGGER evidence_decided_by_officers ON procurement_evidence;"),
    ]
