"""Legal holds, lifted by two, and what licences ask for their own records, shortened by two.

What was placed or proposed stands as it was written; who signed is a serving officer, and never the one who proposed:
not by another account, not by another membership, not by SQL.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import ledger.ids
import procurement.records.models
import procurement.records.states

SIGNERS = (
    ("procurement_legalhold", "placer"),
    ("procurement_legalhold", "proposer"),
    ("procurement_legalhold", "countersigner"),
    ("procurement_recordterm", "proposer"),
    ("procurement_recordterm", "countersigner"),
)

STANDS = """
CREATE FUNCTION procurement_hold_stands() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changing text[] := ARRAY['state', 'lift_reason', 'proposer_id', 'proposer_person_id', 'proposer_team_id',
                             'proposed_at', 'countersigner_id', 'countersigner_person_id', 'countersigner_team_id',
                             'lifted_at', 'lifted_on'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a legal hold is not deleted; it is lifted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF to_jsonb(NEW) - changing IS DISTINCT FROM to_jsonb(OLD) - changing THEN
        RAISE EXCEPTION 'a legal hold is not rewritten' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state = 'lifted' OR (OLD.state = 'standing' AND NEW.state = 'lifted') THEN
        RAISE EXCEPTION 'a legal hold that is % does not become %', OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state = 'lift_proposed' AND NEW.state = 'lifted' AND (NEW.proposer_id, NEW.proposer_person_id)
       IS DISTINCT FROM (OLD.proposer_id, OLD.proposer_person_id) THEN
        RAISE EXCEPTION 'who proposed to lift a hold stands' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER legalhold_stands BEFORE UPDATE OR DELETE ON procurement_legalhold
    FOR EACH ROW EXECUTE FUNCTION procurement_hold_stands();
CREATE FUNCTION procurement_record_term_stands() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changing text[] := ARRAY['countersigner_id', 'countersigner_person_id', 'countersigner_team_id', 'in_effect_at',
                             'withdrawn_at'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a licence''s record term is not deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.in_effect_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL
       OR to_jsonb(NEW) - changing IS DISTINCT FROM to_jsonb(OLD) - changing THEN
        RAISE EXCEPTION 'a licence''s record term is not rewritten; state another' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.in_effect_at IS NOT NULL AND NEW.countersigner_id IS NULL THEN
        RAISE EXCEPTION 'a proposed record term takes effect when a second person signs'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER recordterm_stands BEFORE UPDATE OR DELETE ON procurement_recordterm
    FOR EACH ROW EXECUTE FUNCTION procurement_record_term_stands();
"""

OFFICERS = """
CREATE TRIGGER legalhold_placed_by_officers BEFORE INSERT ON procurement_legalhold
    FOR EACH ROW EXECUTE FUNCTION procurement_signer_is_officer('placer_id');
CREATE TRIGGER legalhold_lifted_by_officers BEFORE INSERT OR UPDATE ON procurement_legalhold
    FOR EACH ROW EXECUTE FUNCTION procurement_signer_is_officer('proposer_id');
CREATE TRIGGER recordterm_signed_by_officers BEFORE INSERT OR UPDATE ON procurement_recordterm
    FOR EACH ROW EXECUTE FUNCTION procurement_signer_is_officer('proposer_id');
"""

DROP = """
DROP FUNCTION procurement_hold_stands() CASCADE;
DROP FUNCTION procurement_record_term_stands() CASCADE;
"""

DROP_OFFICERS = """
DROP TRIGGER legalhold_placed_by_officers ON procurement_legalhold;
DROP TRIGGER legalhold_lifted_by_officers ON procurement_legalhold;
DROP TRIGGER recordterm_signed_by_officers ON procurement_recordterm;
"""


def _composite(table: str, column: str) -> str:
    return (
        f"ALTER TABLE {table} ADD CONSTRAINT {table.removeprefix('procurement_')}_{column}_is_member "
        f"FOREIGN KEY ({column}_id, {column}_person_id, {column}_team_id) "
        f"REFERENCES accounts_membership (id, person_id, team_id);"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_organisation_party"),
        ("procurement", "0010_lists_and_rescreening"),
    ]

    operations = [
        migrations.CreateModel(
            name="LegalHold",
            fields=[
                ("id", models.UUIDField(default=ledger.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("reference", models.CharField(max_length=20, unique=True)),
                ("matter", models.CharField(max_length=200)),
                ("is_agency_request", models.BooleanField(default=False)),
                ("reason", models.CharField(max_length=2000)),
                (
                    "state",
                    models.CharField(
                        choices=[("standing", "Standing"), ("lift_proposed", "Lift proposed"), ("lifted", "Lifted")],
                        default=procurement.records.states.HoldState["STANDING"],
                        max_length=20,
                    ),
                ),
                ("placed_on", models.DateField()),
                ("placed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("lift_reason", models.CharField(blank=True, default="", max_length=2000)),
                ("proposed_at", models.DateTimeField(blank=True, null=True)),
                ("lifted_at", models.DateTimeField(blank=True, null=True)),
                ("lifted_on", models.DateField(blank=True, null=True)),
                (
                    "case",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="legal_holds",
                        to="procurement.case",
                    ),
                ),
                (
                    "countersigner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.membership",
                    ),
                ),
                (
                    "countersigner_person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.person",
                    ),
                ),
                (
                    "countersigner_team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
                (
                    "filing",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="legal_holds",
                        to="procurement.filing",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="legal_holds",
                        to="procurement.order",
                    ),
                ),
                (
                    "placer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.membership"
                    ),
                ),
                (
                    "placer_person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.person"
                    ),
                ),
                (
                    "placer_team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.team"
                    ),
                ),
                (
                    "proposer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.membership",
                    ),
                ),
                (
                    "proposer_person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.person",
                    ),
                ),
                (
                    "proposer_team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "ordering": ("-placed_at", "-pk"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["standing", "lift_proposed", "lifted"])),
                        name="legal_hold_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("case", None), ("filing", None), ("order__isnull", False)),
                            models.Q(("case", None), ("filing__isnull", False), ("order", None)),
                            models.Q(("case__isnull", False), ("filing", None), ("order", None)),
                            _connector="OR",
                        ),
                        name="legal_hold_on_one_thing",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("reason", ""), _negated=True), models.Q(("matter", ""), _negated=True)
                        ),
                        name="legal_hold_has_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("countersigner_person", None),
                            models.Q(("countersigner_person", models.F("proposer_person")), _negated=True),
                            _connector="OR",
                        ),
                        name="legal_hold_four_eyes",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("lift_reason", ""),
                                ("proposed_at", None),
                                ("proposer", None),
                                ("proposer_person", None),
                                ("proposer_team", None),
                            ),
                            models.Q(
                                ("proposed_at__isnull", False),
                                ("proposer__isnull", False),
                                ("proposer_person__isnull", False),
                                ("proposer_team__isnull", False),
                                models.Q(("lift_reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="legal_hold_proposer_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("countersigner", None),
                                ("countersigner_person", None),
                                ("countersigner_team", None),
                                ("lifted_at", None),
                                ("lifted_on", None),
                            ),
                            models.Q(
                                ("countersigner__isnull", False),
                                ("countersigner_person__isnull", False),
                                ("countersigner_team__isnull", False),
                                ("lifted_at__isnull", False),
                                ("lifted_on__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="legal_hold_countersigner_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("countersigner", None), ("proposer", None), ("state", "standing")),
                            models.Q(("countersigner", None), ("proposer__isnull", False), ("state", "lift_proposed")),
                            models.Q(
                                ("countersigner__isnull", False), ("proposer__isnull", False), ("state", "lifted")
                            ),
                            _connector="OR",
                        ),
                        name="legal_hold_lifted_by_two",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RecordTerm",
            fields=[
                ("id", models.UUIDField(default=ledger.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("years", models.PositiveSmallIntegerField(blank=True, null=True)),
                (
                    "counted_from",
                    models.CharField(
                        choices=[("transaction_end", "Transaction end"), ("licence_end", "Licence end")],
                        default=procurement.records.models.CountedFrom["TRANSACTION_END"],
                        max_length=20,
                    ),
                ),
                ("reason", models.CharField(max_length=2000)),
                ("proposed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("in_effect_at", models.DateTimeField(blank=True, null=True)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "countersigner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.membership",
                    ),
                ),
                (
                    "countersigner_person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.person",
                    ),
                ),
                (
                    "countersigner_team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
                (
                    "licence",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="record_terms",
                        to="procurement.licence",
                    ),
                ),
                (
                    "proposer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.membership"
                    ),
                ),
                (
                    "proposer_person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.person"
                    ),
                ),
                (
                    "proposer_team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.team"
                    ),
                ),
            ],
            options={
                "ordering": ("-proposed_at", "-pk"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("counted_from__in", ["transaction_end", "licence_end"])),
                        name="record_term_counted_from_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("years", None), models.Q(("years__gte", 1), ("years__lte", 100)), _connector="OR"
                        ),
                        name="record_term_years_in_bounds",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("countersigner_person", None),
                            models.Q(("countersigner_person", models.F("proposer_person")), _negated=True),
                            _connector="OR",
                        ),
                        name="record_term_four_eyes",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("countersigner", None), ("countersigner_person", None), ("countersigner_team", None)
                            ),
                            models.Q(
                                ("countersigner__isnull", False),
                                ("countersigner_person__isnull", False),
                                ("countersigner_team__isnull", False),
                                ("in_effect_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="record_term_countersigner_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("in_effect_at", None), ("withdrawn_at", None), _connector="OR"),
                        name="record_term_in_effect_or_withdrawn",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("in_effect_at", None), ("withdrawn_at", None)),
                        fields=("licence",),
                        name="record_term_one_open",
                    ),
                ],
            },
        ),
        *[migrations.RunSQL(_composite(table, column), migrations.RunSQL.noop) for table, column in SIGNERS],
        migrations.RunSQL(STANDS, DROP),
        migrations.RunSQL(OFFICERS, DROP_OFFICERS),
    ]
