"""No signer of a decision is of the applicant's team by another membership; a licence's number is one in any case.

The membership they sign by is compared by the CHECKs of the row itself.
"""

from django.db import migrations, models
from django.db.models.functions import Lower

SIGNERS = """
CREATE FUNCTION procurement_signer_is_not_of_the_team() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.applicant_team_id IS NOT NULL AND EXISTS (
        SELECT 1 FROM accounts_membership m WHERE m.team_id = NEW.applicant_team_id
           AND m.person_id IN (NEW.decider_person_id, NEW.countersigner_person_id)
           AND m.id <> NEW.decider_id AND m.id IS DISTINCT FROM NEW.countersigner_id
    ) THEN
        RAISE EXCEPTION 'a signer is of the applicant''s team' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER decision_signer_is_not_of_the_team
    BEFORE INSERT OR UPDATE OF decider_person_id, countersigner_person_id ON procurement_decision
    FOR EACH ROW EXECUTE FUNCTION procurement_signer_is_not_of_the_team();
"""
DROP_SIGNERS = "DROP FUNCTION procurement_signer_is_not_of_the_team() CASCADE;"


class Migration(migrations.Migration):
    dependencies = [("procurement", "0005_ad_hoc_determinations")]

    operations = [
        migrations.RemoveConstraint(model_name="licence", name="licence_number_once"),
        migrations.AddConstraint(
            model_name="licence",
            constraint=models.UniqueConstraint(Lower("authority"), Lower("number"), name="licence_number_once"),
        ),
        migrations.RunSQL(SIGNERS, DROP_SIGNERS),
    ]
