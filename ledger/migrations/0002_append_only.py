"""The record refuses UPDATE, DELETE and TRUNCATE, for everybody who is not the server's superuser."""

from django.db import migrations

TABLES = ("ledger_entry", "ledger_seal", "ledger_head", "ledger_document")

FUNCTION = """
CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
"""
DROP_FUNCTION = "DROP FUNCTION ledger_refuse_change() CASCADE;"

GAPLESS = """
CREATE FUNCTION ledger_seal_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.seq <> (SELECT COALESCE(MAX(seq), 0) + 1 FROM ledger_seal) THEN
        RAISE EXCEPTION 'seal % does not follow the last one', NEW.seq USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_seal_follows BEFORE INSERT ON ledger_seal
    FOR EACH ROW EXECUTE FUNCTION ledger_seal_follows();
"""
DROP_GAPLESS = "DROP FUNCTION ledger_seal_follows() CASCADE;"


def _triggers(table: str) -> str:
    return f"""
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTION, DROP_FUNCTION),
        migrations.RunSQL(GAPLESS, DROP_GAPLESS),
        *[migrations.RunSQL(_triggers(table), migrations.RunSQL.noop) for table in TABLES],
    ]
