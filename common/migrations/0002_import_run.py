from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("common", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="ImportRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.TextField(verbose_name="kind")),
                ("unit_code", models.TextField(blank=True, default="", verbose_name="business unit")),
                ("content_sha256", models.TextField(verbose_name="SHA-256 of the file")),
                ("file_name", models.TextField(verbose_name="file")),
                ("last_row", models.BigIntegerField(default=1, help_text="Row 1 is the header.", verbose_name="last row done")),
                ("counts", models.JSONField(default=dict, verbose_name="counts")),
                ("rejected", models.JSONField(default=dict, verbose_name="rejected, by reason")),
                ("rejects_bytes", models.BigIntegerField(default=0, verbose_name="length of the rejects file")),
                ("rejects_sha256", models.TextField(blank=True, default="", verbose_name="SHA-256 of the rejects file")),
                ("started_at", models.DateTimeField(verbose_name="started at")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished at")),
            ],
            options={
                "verbose_name": "import run",
                "verbose_name_plural": "import runs",
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "unit_code", "content_sha256"), name="import_run_once"),
                    models.CheckConstraint(condition=models.Q(("last_row__gte", 1)), name="import_run_begins_at_the_header"),
                ],
            },
        ),
    ]
