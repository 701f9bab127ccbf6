"""Changes of reference data leave a mark: what processes keep of it is then read anew."""

from django.db import migrations, models

from common.sql import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("units", "0003_partner_key_says_who")]

    operations = [
        migrations.CreateModel(
            name="ReferenceChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("token", models.BigIntegerField(verbose_name="number")),
                ("changed_at", models.DateTimeField(verbose_name="changed at")),
            ],
            options={
                "verbose_name": "change of reference data",
                "verbose_name_plural": "changes of reference data",
            },
        ),
        run_sql_file("units", "reference_v1"),
    ]
