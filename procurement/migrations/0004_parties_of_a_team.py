"""A party or site that a team registered is that team's; one without a team stands in the common directory."""

import django.db.models.deletion
from django.db import migrations, models


def _of_team(related_name):
    return models.ForeignKey(
        blank=True,
        null=True,
        on_delete=django.db.models.deletion.PROTECT,
        related_name=related_name,
        to="accounts.team",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_organisation_party"),
        ("procurement", "0003_screening_evidence_stands"),
    ]

    operations = [
        migrations.AddField(model_name="party", name="team", field=_of_team("parties")),
        migrations.AddField(model_name="site", name="team", field=_of_team("sites")),
    ]
