"""A passage lets go of the plate of a member who was erased, and of nothing else."""

from django.db import migrations

from common.sql import run_sql_file


class Migration(migrations.Migration):

    dependencies = [
        ('members', '0012_sealed_evidence'),
        ('parking', '0002_words'),
    ]

    operations = [
        run_sql_file("parking", "passages_v2"),
    ]
