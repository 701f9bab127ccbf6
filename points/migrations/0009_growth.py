"""Storage settings of the journal, and the functions that part it by year and archive a closed year."""

from django.db import migrations

from common.sql import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("points", "0008_seals")]

    operations = [
        run_sql_file("points", "storage_v1"),
        run_sql_file("points", "partitions_v1"),
        run_sql_file("points", "archive_v1"),
    ]
