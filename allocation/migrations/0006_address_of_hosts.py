"""Where the other hosts of a gang reach a host: its processes meet there."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("allocation", "0005_lines_of_leases"),
    ]

    operations = [
        migrations.AddField(
            model_name="host",
            name="address",
            field=models.CharField(blank=True, default="", max_length=253),
        ),
    ]
