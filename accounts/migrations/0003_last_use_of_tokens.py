"""When a token was last used, so that its holder sees which ones are still needed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_organisation_party")]

    operations = [
        migrations.AddField("apitoken", "last_used_at", models.DateTimeField(blank=True, null=True)),
    ]
