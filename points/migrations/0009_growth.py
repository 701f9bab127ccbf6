"""Storage settings of the journal's tables, and the functions that part them by year when asked."""

from django.db import migrations

from common.sql import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("points", "0008_seals")]

    operations = [
        run_sql_file("points", "storage_v1"),
        run_sql_file("points", "partitions_v1"),
    ]
