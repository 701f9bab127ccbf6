"""A change of an earn rule or a tier scheme leaves a mark, as processes keep the books they make."""

from django.db import migrations

from common.sql import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("activities", "0007_weights_of_lines"), ("units", "0004_reference")]

    operations = [run_sql_file("activities", "rules_are_reference_v1")]
