"""Jobs that run a team's own program, arrays of jobs, and jobs that wait for others to succeed."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('allocation', '0003_hosts_drain_and_incidents_once'),
    ]

    operations = [
        migrations.AddField(
            model_name='job',
            name='after',
            field=models.ManyToManyField(blank=True, related_name='followers', to='allocation.job'),
        ),
        migrations.AddField(
            model_name='job',
            name='array_id',
            field=models.UUIDField(blank=True, db_index=True, null=True),
        ),
        migrations.AddField(
            model_name='job',
            name='is_command',
            field=models.BooleanField(default=False),
        ),
    ]
