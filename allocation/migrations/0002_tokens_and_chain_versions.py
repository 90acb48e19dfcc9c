"""The fencing-token sequence, device and grant versions, and the one view that renewal compares with."""

from django.db import migrations

TOKENS = "CREATE SEQUENCE allocation_fencing_token AS bigint MINVALUE 1;"
DROP_TOKENS = "DROP SEQUENCE allocation_fencing_token;"

# What a host reports every few seconds, and what a lease or a balance moves, breaks no link.
VERSIONS = """
CREATE TRIGGER allocation_device_count_version BEFORE UPDATE ON allocation_device
    FOR EACH ROW EXECUTE FUNCTION writ_count_version('last_reported_at', 'last_token', 'driver', 'memory_bytes');
CREATE TRIGGER allocation_grant_count_version BEFORE UPDATE ON allocation_grant
    FOR EACH ROW EXECUTE FUNCTION writ_count_version('reserved_ms', 'used_ms');
"""

TOKENS_GROW = """
CREATE FUNCTION allocation_token_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.fencing_token <= COALESCE((SELECT MAX(fencing_token) FROM allocation_attempt WHERE job_id = NEW.job_id), 0) THEN
        RAISE EXCEPTION 'fencing token % is not above the last one of its job', NEW.fencing_token
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER attempt_token_grows BEFORE INSERT ON allocation_attempt
    FOR EACH ROW EXECUTE FUNCTION allocation_token_grows();
CREATE FUNCTION allocation_lease_token_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE allocation_device SET last_token = NEW.fencing_token
        WHERE id = NEW.device_id AND last_token < NEW.fencing_token;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'fencing token % is not above the last one of its device', NEW.fencing_token
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER lease_token_grows BEFORE INSERT ON allocation_lease
    FOR EACH ROW EXECUTE FUNCTION allocation_lease_token_grows();
"""

VIEW = """
CREATE VIEW chain_version AS
          SELECT 'demand' AS source, id AS object_id, version FROM procurement_demandassessment
UNION ALL SELECT 'order', id, version FROM procurement_order
UNION ALL SELECT 'determination', id, version FROM procurement_determination
UNION ALL SELECT 'party', id, version FROM procurement_party
UNION ALL SELECT 'licence', id, version FROM procurement_licence
UNION ALL SELECT 'licence_line', id, version FROM procurement_licenceline
UNION ALL SELECT 'receipt', id, version FROM procurement_receipt
UNION ALL SELECT 'device', id, version FROM allocation_device
UNION ALL SELECT 'site', id, version FROM procurement_site
UNION ALL SELECT 'filing', id, version FROM procurement_filing
UNION ALL SELECT 'decision', id, version FROM procurement_decision
UNION ALL SELECT 'grant', id, version FROM allocation_grant
UNION ALL SELECT 'membership', id, version FROM accounts_membership
UNION ALL SELECT 'person', id, version FROM accounts_person;
"""
DROP_VIEW = "DROP VIEW chain_version;"


class Migration(migrations.Migration):
    dependencies = [("allocation", "0001_initial"), ("procurement", "0002_four_eyes_and_versions")]

    operations = [
        migrations.RunSQL(TOKENS, DROP_TOKENS),
        migrations.RunSQL(VERSIONS, migrations.RunSQL.noop),
        migrations.RunSQL(TOKENS_GROW, migrations.RunSQL.noop),
        migrations.RunSQL(VIEW, DROP_VIEW),
    ]
