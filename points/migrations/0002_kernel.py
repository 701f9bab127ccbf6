"""The ledger kernel: the functions that write the journal, and the guards around it."""

from django.db import migrations

from common.sql import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("points", "0001_initial")]

    operations = [
        run_sql_file("points", "append_only_v1"),
        run_sql_file("points", "digest_v1"),
        run_sql_file("points", "accrue_v1"),
        run_sql_file("points", "allocate_v1"),
        run_sql_file("points", "redeem_v1"),
        run_sql_file("points", "expire_v1"),
        run_sql_file("points", "reverse_v1"),
        run_sql_file("points", "hold_v1"),
        run_sql_file("points", "exchange_v1"),
        run_sql_file("points", "privileges_v1"),
    ]
