"""Answers kept for retries, and the runs of periodic jobs."""

import django.contrib.postgres.indexes
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='IdempotencyRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('caller', models.TextField(verbose_name='caller')),
                ('route', models.TextField(help_text='Method, route and the ids in the path.', verbose_name='route')),
                ('key', models.TextField(verbose_name='key')),
                ('body_hash', models.BinaryField(verbose_name='SHA-256 of the request')),
                ('status', models.PositiveSmallIntegerField(null=True, verbose_name='status')),
                ('response', models.BinaryField(help_text='The very bytes that were sent.', null=True, verbose_name='answer')),
                ('headers', models.JSONField(default=dict, verbose_name='headers')),
                ('created_at', models.DateTimeField(verbose_name='created at')),
            ],
            options={
                'verbose_name': 'idempotency record',
                'verbose_name_plural': 'idempotency records',
                'indexes': [django.contrib.postgres.indexes.BrinIndex(fields=['created_at'], name='idempotency_by_age')],
                'constraints': [models.UniqueConstraint(fields=('caller', 'route', 'key'), name='idempotency_once'), models.CheckConstraint(condition=django.db.models.lookups.LessThanOrEqual(django.db.models.functions.text.Length('key'), 128), name='idempotency_key_length'), models.CheckConstraint(condition=models.Q(models.Q(('response__isnull', True), ('status__isnull', True)), models.Q(('response__isnull', False), ('status__isnull', False), ('status__range', (200, 299))), _connector='OR'), name='idempotency_keeps_successes')],
            },
        ),
        migrations.CreateModel(
            name='JobRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('job', models.TextField(verbose_name='job')),
                ('period', models.TextField(help_text='What the run covers, such as 2026-11-23.', verbose_name='period')),
                ('started_at', models.DateTimeField(verbose_name='started at')),
                ('finished_at', models.DateTimeField(null=True, verbose_name='finished at')),
                ('outcome', models.JSONField(null=True, verbose_name='outcome')),
            ],
            options={
                'verbose_name': 'job run',
                'verbose_name_plural': 'job runs',
                'constraints': [models.UniqueConstraint(fields=('job', 'period'), name='job_run_once'), models.CheckConstraint(condition=models.Q(('finished_at__isnull', True), ('finished_at__gte', models.F('started_at')), _connector='OR'), name='job_run_ends_after_start')],
            },
        ),
        # Each row is written twice, claim and answer: room on its page keeps the second write off the indexes.
        migrations.RunSQL(
            "ALTER TABLE common_idempotencyrecord SET (fillfactor = 50)",
            "ALTER TABLE common_idempotencyrecord RESET (fillfactor)",
        ),
    ]
