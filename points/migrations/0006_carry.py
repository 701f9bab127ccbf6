"""Carrying points: transfer, early release, adjustment, move of a wallet."""

from django.db import migrations, models

from common.sql import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("points", "0005_kernel_rest_v2")]

    operations = [
        run_sql_file("points", "carry_v1"),
        run_sql_file("points", "adjust_v1"),
        run_sql_file("points", "transfer_v1"),
        run_sql_file("points", "mature_v1"),
        run_sql_file("points", "move_v1"),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(
                models.fields.json.KT("detail__to"),
                condition=models.Q(("detail__has_key", "to")),
                name="posting_received",
            ),
        ),
        migrations.AddField(
            model_name="program",
            name="transfer_cap_day",
            field=models.PositiveBigIntegerField(
                blank=True, null=True, verbose_name="points a member may transfer in a day (empty: no limit)"
            ),
        ),
        migrations.AddField(
            model_name="program",
            name="transfer_cap_month",
            field=models.PositiveBigIntegerField(
                blank=True, null=True, verbose_name="points a member may transfer in a month (empty: no limit)"
            ),
        ),
    ]
