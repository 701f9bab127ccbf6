"""A change of a program leaves a mark, as processes keep programs."""

from django.db import migrations

from common.sql import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("points", "0013_limits_of_a_person"), ("units", "0004_reference")]

    operations = [run_sql_file("points", "program_is_reference_v1")]
