"""An attestation and an act on a licence count as a new version of what they belong to; a decision names its applicant.

Running jobs rest on versions: what is judged with a licence or a decision has to move theirs.
"""

from typing import ClassVar

from django.db import migrations, models
from django.db.models import Q

COUNTS = """
CREATE OR REPLACE FUNCTION writ_count_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ignored text[] := COALESCE(TG_ARGV, '{}') || ARRAY['version'];
BEGIN
    IF NEW.version > OLD.version OR to_jsonb(NEW) - ignored IS DISTINCT FROM to_jsonb(OLD) - ignored THEN
        NEW.version := OLD.version + 1;
    ELSE
        NEW.version := OLD.version;
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION procurement_counts_for_its_owner() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed jsonb := to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END);
BEGIN
    UPDATE procurement_licence SET version = version + 1 WHERE id = (changed ->> 'licence_id')::uuid;
    UPDATE procurement_decision SET version = version + 1 WHERE id = (changed ->> 'decision_id')::uuid;
    RETURN NULL;
END $$;
CREATE TRIGGER condition_counts_for_its_owner AFTER INSERT OR UPDATE OR DELETE ON procurement_condition
    FOR EACH ROW EXECUTE FUNCTION procurement_counts_for_its_owner();
CREATE TRIGGER licenceact_counts_for_its_licence AFTER INSERT OR UPDATE ON procurement_licenceact
    FOR EACH ROW EXECUTE FUNCTION procurement_counts_for_its_owner();
"""


class Migration(migrations.Migration):
    """Adds the triggers and the constraint."""

    dependencies: ClassVar = [("procurement", "0012_rule_previews")]

    operations: ClassVar = [
        migrations.RunSQL(COUNTS, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=Q(applicant_person=None, applicant_team=None)
                | Q(applicant_person__isnull=False, applicant_team__isnull=False),
                name="decision_applicant_whole",
            ),
        ),
    ]
