"""How hosts are drained, where their checkpoints lie, and one open incident per kind and subject."""

import django.db.models.functions.datetime
from django.db import migrations, models

SUBJECTS = """
UPDATE allocation_incident SET subject = left(COALESCE(facts ->> 'subject', id::text), 120);
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('allocation', '0002_tokens_and_chain_versions'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='incident',
            name='incident_kind_known',
        ),
        migrations.AddField(
            model_name='host',
            name='checkpoint_store',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='host',
            name='drain_by',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='host',
            name='drain_reason',
            field=models.CharField(blank=True, default='', max_length=300),
        ),
        migrations.AddField(
            model_name='incident',
            name='gone_since',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='incident',
            name='last_shown_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddField(
            model_name='incident',
            name='subject',
            field=models.CharField(blank=True, default='', max_length=120),
        ),
        migrations.AlterField(
            model_name='incident',
            name='kind',
            field=models.CharField(choices=[('unlicensed_device', 'Unlicensed device'), ('unknown_device', 'Unknown device'), ('missing_device', 'Missing device'), ('moved_device', 'Moved device'), ('duplicate_serial', 'Duplicate serial'), ('wrong_product', 'Wrong product'), ('foreign_process', 'Foreign process'), ('listed_party', 'Listed party'), ('host_silent', 'Host silent'), ('usage_drift', 'Usage drift')], max_length=30),
        ),
        migrations.AddConstraint(
            model_name='incident',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['unlicensed_device', 'unknown_device', 'missing_device', 'moved_device', 'duplicate_serial', 'wrong_product', 'foreign_process', 'listed_party', 'host_silent', 'usage_drift'])), name='incident_kind_known'),
        ),
        migrations.RunSQL(SUBJECTS, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name='incident',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at', None), ('device', None)), fields=('kind', 'subject'), name='incident_open_once_per_subject'),
        ),
    ]
