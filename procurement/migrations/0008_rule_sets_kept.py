"""The texts of every rule set that a determination was made under, kept for ever, and the program that read them."""

import django.db.models.functions.datetime
from django.db import migrations, models

STANDS = """
CREATE TRIGGER rule_set_text_append_only BEFORE UPDATE OR DELETE ON procurement_rulesettext
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER rule_set_text_no_truncate BEFORE TRUNCATE ON procurement_rulesettext
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
"""
FALLS = """
DROP TRIGGER rule_set_text_append_only ON procurement_rulesettext;
DROP TRIGGER rule_set_text_no_truncate ON procurement_rulesettext;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_append_only"), ("procurement", "0007_site_names_of_a_team")]

    operations = [
        migrations.CreateModel(
            name="RuleSetText",
            fields=[
                ("sha256", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("regime", models.CharField(max_length=40)),
                ("texts", models.JSONField()),
                ("first_used_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={"ordering": ("regime", "-first_used_at")},
        ),
        migrations.AddField("determination", "program", models.CharField(blank=True, default="", max_length=80)),
        migrations.AddField("adhocdetermination", "program", models.CharField(blank=True, default="", max_length=80)),
        migrations.AddField("adhocdetermination", "rule_sets", models.JSONField(default=dict)),
        migrations.RunSQL(STANDS, FALLS),
    ]
