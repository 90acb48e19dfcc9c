"""Snapshots and what was decided on hits stand; a hit's state rests on a decision about the same evidence."""

from django.db import migrations, models

SNAPSHOTS_STAND = """
CREATE FUNCTION procurement_list_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - 'is_current' IS DISTINCT FROM to_jsonb(OLD) - 'is_current' THEN
        RAISE EXCEPTION 'a list snapshot is never changed; load a newer one' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER list_snapshot_stands BEFORE UPDATE ON procurement_listsnapshot
    FOR EACH ROW EXECUTE FUNCTION procurement_list_stands();
CREATE TRIGGER list_entry_stands BEFORE UPDATE ON procurement_listentry
    FOR EACH ROW EXECUTE FUNCTION procurement_list_stands();
CREATE TRIGGER list_name_stands BEFORE UPDATE ON procurement_listname
    FOR EACH ROW EXECUTE FUNCTION procurement_list_stands();
"""

DECISIONS_STAND = """
CREATE FUNCTION procurement_hit_decision_stands() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    countersigning text[] := ARRAY['countersigner_id', 'countersigner_person_id', 'countersigner_team_id', 'in_effect_at'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'decisions are not deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.in_effect_at IS NOT NULL OR to_jsonb(NEW) - countersigning IS DISTINCT FROM to_jsonb(OLD) - countersigning THEN
        RAISE EXCEPTION 'a decision on a hit is not rewritten; decide anew' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER hit_decision_stands BEFORE UPDATE OR DELETE ON procurement_hitdecision
    FOR EACH ROW EXECUTE FUNCTION procurement_hit_decision_stands();
"""

STATE_RESTS_ON_DECISION = """
CREATE FUNCTION procurement_hit_state_is_decided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'open' THEN
            RAISE EXCEPTION 'a hit begins open' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - ARRAY['state', 'withdrawn_at'] IS DISTINCT FROM to_jsonb(OLD) - ARRAY['state', 'withdrawn_at'] THEN
        RAISE EXCEPTION 'the evidence of a hit is never changed' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state IS DISTINCT FROM OLD.state AND NOT EXISTS (
        SELECT 1 FROM procurement_hitdecision d
        WHERE d.hit_id = NEW.id AND d.outcome = NEW.state AND d.in_effect_at IS NOT NULL
          AND d.evidence_sha256 = NEW.evidence_sha256
          AND d.in_effect_at >= (
              SELECT max(e.in_effect_at) FROM procurement_hitdecision e WHERE e.hit_id = NEW.id
          )
    ) THEN
        RAISE EXCEPTION 'the state of a hit follows the last decision on its evidence' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.state = 'true_match' AND NEW.state = 'false_positive' THEN
        RAISE EXCEPTION 'a true match is released by two officers' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER hit_state_is_decided BEFORE INSERT OR UPDATE ON procurement_hit
    FOR EACH ROW EXECUTE FUNCTION procurement_hit_state_is_decided();
"""


class Migration(migrations.Migration):
    dependencies = [("procurement", "0002_four_eyes_and_versions")]

    operations = [
        migrations.AddField("hit", "withdrawn_at", models.DateTimeField(blank=True, null=True)),
        migrations.RunSQL(SNAPSHOTS_STAND, migrations.RunSQL.noop),
        migrations.RunSQL(DECISIONS_STAND, migrations.RunSQL.noop),
        migrations.RunSQL(STATE_RESTS_ON_DECISION, migrations.RunSQL.noop),
    ]
