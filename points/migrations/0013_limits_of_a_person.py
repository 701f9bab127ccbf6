"""Caps of exchanges and limits of transfers count over all numbers of a person."""

from django.db import migrations

from common.sql import run_sql_file


class Migration(migrations.Migration):

    dependencies = [
        ('members', '0009_merges'),
        ('points', '0012_sealed_words'),
    ]

    operations = [
        run_sql_file("points", "persons_v1"),
    ]
