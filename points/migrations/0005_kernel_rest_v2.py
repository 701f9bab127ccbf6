"""Reversals, holds and exchange, second version, each with its batch twin."""

from django.db import migrations

from common.sql import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("points", "0004_kernel_v2")]

    operations = [
        run_sql_file("points", "reverse_v2"),
        run_sql_file("points", "hold_v2"),
        run_sql_file("points", "exchange_v2"),
    ]
