"""The kernel's hot path, second version: accrue, allocate, redeem, expire."""

from django.db import migrations

from common.sql import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("points", "0003_rolling_lots_and_new_kinds")]

    operations = [
        run_sql_file("points", "rolling_v1"),
        run_sql_file("points", "accrue_v2"),
        run_sql_file("points", "allocate_v2"),
        run_sql_file("points", "redeem_v2"),
        run_sql_file("points", "expire_v2"),
    ]
