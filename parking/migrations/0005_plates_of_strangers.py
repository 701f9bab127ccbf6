"""A passage lets go of a stranger's plate too, once the stay that it is part of is over and has."""

from django.db import migrations

from common.sql import run_sql_file


class Migration(migrations.Migration):

    dependencies = [
        ('parking', '0004_points_paid'),
    ]

    operations = [
        run_sql_file("parking", "passages_v3"),
    ]
