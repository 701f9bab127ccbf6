"""Carrying points: transfer, early release, adjustment, move of a wallet."""

from django.db import migrations

from common.sql import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("points", "0005_kernel_rest_v2")]

    operations = [
        run_sql_file("points", "carry_v1"),
        run_sql_file("points", "adjust_v1"),
    ]
