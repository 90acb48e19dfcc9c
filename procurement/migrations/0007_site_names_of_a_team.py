"""A site's name is taken within its team alone: a refusal tells nobody what another team builds."""

from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    dependencies = [("procurement", "0006_signers_and_spellings")]

    operations = [
        migrations.AlterField(model_name="site", name="name", field=models.CharField(max_length=200)),
        migrations.AddConstraint(
            model_name="site",
            constraint=models.UniqueConstraint(
                models.F("team"), Lower("name"), name="site_name_once_in_a_team", nulls_distinct=False
            ),
        ),
    ]
