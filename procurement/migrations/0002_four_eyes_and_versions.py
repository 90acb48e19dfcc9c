"""Four eyes by composite foreign keys, decisions that stand, and row versions that the database itself counts."""

from django.db import migrations

SIGNERS = (
    # (table, the column that names the signer: its membership, person and team stand side by side)
    ("procurement_case", "applicant"),
    ("procurement_decision", "decider"),
    ("procurement_decision", "countersigner"),
    ("procurement_licenceact", "proposer"),
    ("procurement_licenceact", "countersigner"),
    ("procurement_hitdecision", "decider"),
    ("procurement_hitdecision", "countersigner"),
)

CASE_APPLICANT = """
ALTER TABLE procurement_decision ADD CONSTRAINT decision_applicant_is_the_cases
    FOREIGN KEY (case_id, applicant_person_id, applicant_team_id)
    REFERENCES procurement_case (id, applicant_person_id, applicant_team_id);
CREATE FUNCTION procurement_decision_names_applicant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.applicant_person_id IS NULL
       AND (SELECT applicant_person_id FROM procurement_case WHERE id = NEW.case_id) IS NOT NULL THEN
        RAISE EXCEPTION 'a decision names the applicant of its case' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER decision_names_applicant BEFORE INSERT OR UPDATE ON procurement_decision
    FOR EACH ROW EXECUTE FUNCTION procurement_decision_names_applicant();
"""

OFFICERS_ONLY = """
CREATE FUNCTION procurement_signer_is_officer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) ELSE '{}'::jsonb END;
    signer_column text;
    signer uuid;
BEGIN
    FOREACH signer_column IN ARRAY ARRAY[TG_ARGV[0], 'countersigner_id'] LOOP
        signer := (to_jsonb(NEW) ->> signer_column)::uuid;
        IF signer IS NOT NULL AND (before ->> signer_column)::uuid IS DISTINCT FROM signer AND NOT EXISTS (
            SELECT 1 FROM accounts_membership m JOIN accounts_person p ON p.id = m.person_id
            WHERE m.id = signer AND m.role = 'officer' AND p.left_at IS NULL
              AND m.starts_at <= now() AND (m.ends_at IS NULL OR m.ends_at > now())
        ) THEN
            RAISE EXCEPTION 'membership % is not that of a serving officer', signer USING ERRCODE = 'check_violation';
        END IF;
    END LOOP;
    RETURN NEW;
END $$;
CREATE TRIGGER decision_signed_by_officers BEFORE INSERT OR UPDATE ON procurement_decision
    FOR EACH ROW EXECUTE FUNCTION procurement_signer_is_officer('decider_id');
CREATE TRIGGER licenceact_signed_by_officers BEFORE INSERT OR UPDATE ON procurement_licenceact
    FOR EACH ROW EXECUTE FUNCTION procurement_signer_is_officer('proposer_id');
CREATE TRIGGER hitdecision_signed_by_officers BEFORE INSERT OR UPDATE ON procurement_hitdecision
    FOR EACH ROW EXECUTE FUNCTION procurement_signer_is_officer('decider_id');
"""

FINAL_STANDS = """
CREATE FUNCTION procurement_final_decision_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'decisions are not deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.final_at IS NOT NULL
       AND to_jsonb(NEW) - 'revoked_at' - 'version' IS DISTINCT FROM to_jsonb(OLD) - 'revoked_at' - 'version' THEN
        RAISE EXCEPTION 'a countersigned decision is not changed; it can be revoked' USING ERRCODE = 'restrict_violation';
    END IF;
    IF to_jsonb(NEW) - ARRAY['countersigner_id', 'countersigner_person_id', 'countersigner_team_id', 'final_at',
                             'returned_at', 'returned_reason', 'revoked_at', 'version']
       IS DISTINCT FROM
       to_jsonb(OLD) - ARRAY['countersigner_id', 'countersigner_person_id', 'countersigner_team_id', 'final_at',
                             'returned_at', 'returned_reason', 'revoked_at', 'version'] THEN
        RAISE EXCEPTION 'advice is not rewritten; return it and advise anew' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER decision_stands BEFORE UPDATE OR DELETE ON procurement_decision
    FOR EACH ROW EXECUTE FUNCTION procurement_final_decision_stands();
CREATE FUNCTION procurement_determination_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR to_jsonb(NEW) - ARRAY['superseded_at', 'version']
       IS DISTINCT FROM to_jsonb(OLD) - ARRAY['superseded_at', 'version'] THEN
        RAISE EXCEPTION 'a determination is never recomputed in place' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER determination_stands BEFORE UPDATE OR DELETE ON procurement_determination
    FOR EACH ROW EXECUTE FUNCTION procurement_determination_stands();
"""

COUNT_VERSIONS = """
CREATE FUNCTION writ_count_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ignored text[] := COALESCE(TG_ARGV, '{}') || ARRAY['version'];
BEGIN
    IF to_jsonb(NEW) - ignored IS DISTINCT FROM to_jsonb(OLD) - ignored THEN
        NEW.version := OLD.version + 1;
    ELSE
        NEW.version := OLD.version;
    END IF;
    RETURN NEW;
END $$;
"""
# Balances change with every release and every receipt, and break nothing: they do not count as a new version.
VERSIONED = {
    "procurement_party": (),
    "procurement_site": (),
    "procurement_demandassessment": (),
    "procurement_order": (),
    "procurement_determination": (),
    "procurement_licence": (),
    "procurement_licenceline": ("held", "drawn"),
    "procurement_receipt": (),
    "procurement_filing": (),
    "procurement_decision": (),
    "procurement_case": (),
    "accounts_membership": (),
    "accounts_person": (),
}


def _composite(table: str, column: str) -> str:
    return (
        f"ALTER TABLE {table} ADD CONSTRAINT {table.removeprefix('procurement_')}_{column}_is_member "
        f"FOREIGN KEY ({column}_id, {column}_person_id, {column}_team_id) "
        f"REFERENCES accounts_membership (id, person_id, team_id);"
    )


def _version_trigger(table: str, ignored: tuple[str, ...]) -> str:
    arguments = ", ".join(f"'{name}'" for name in ignored)
    return (
        f"CREATE TRIGGER {table}_count_version BEFORE UPDATE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION writ_count_version({arguments});"
    )


class Migration(migrations.Migration):
    dependencies = [("procurement", "0001_initial"), ("accounts", "0002_organisation_party")]

    operations = [
        *[migrations.RunSQL(_composite(table, column), migrations.RunSQL.noop) for table, column in SIGNERS],
        migrations.RunSQL(CASE_APPLICANT, migrations.RunSQL.noop),
        migrations.RunSQL(OFFICERS_ONLY, migrations.RunSQL.noop),
        migrations.RunSQL(FINAL_STANDS, migrations.RunSQL.noop),
        migrations.RunSQL(COUNT_VERSIONS, migrations.RunSQL.noop),
        *[
            migrations.RunSQL(_version_trigger(table, ignored), migrations.RunSQL.noop)
            for table, ignored in VERSIONED.items()
        ],
    ]
