"""The tie between an order and its posting is only ever added to: the default right to change it is taken back."""

from django.db import migrations

from common.sql import run_sql_file


class Migration(migrations.Migration):

    dependencies = [
        ('parking', '0003_forgotten_plates'),
    ]

    operations = [
        run_sql_file("parking", "points_paid_v1"),
    ]
