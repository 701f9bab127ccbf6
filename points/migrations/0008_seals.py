"""Daily seals over the journal."""

from django.db import migrations, models

from common.sql import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("points", "0007_approvals")]

    operations = [
        migrations.CreateModel(
            name="Seal",
            fields=[
                (
                    "number",
                    models.PositiveIntegerField(primary_key=True, serialize=False, verbose_name="number"),
                ),
                ("starts_at", models.DateTimeField(verbose_name="from")),
                ("ends_at", models.DateTimeField(verbose_name="until")),
                ("postings", models.BigIntegerField(verbose_name="postings")),
                ("totals", models.JSONField(verbose_name="points by kind")),
                ("root", models.BinaryField(max_length=32, verbose_name="Merkle root")),
                ("blocks", models.JSONField(verbose_name="roots of blocks")),
                ("previous", models.BinaryField(max_length=32, verbose_name="digest of the seal before")),
                ("sealed_at", models.DateTimeField(verbose_name="sealed")),
                ("key", models.CharField(max_length=16, verbose_name="key")),
                ("digest", models.BinaryField(max_length=32, verbose_name="digest")),
                ("signature", models.BinaryField(max_length=64, verbose_name="signature")),
            ],
            options={
                "verbose_name": "seal",
                "verbose_name_plural": "seals",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 1)), name="seals_are_numbered_from_one"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                        name="seal_ends_after_it_starts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("postings__gte", 0)), name="seal_postings_are_counted"
                    ),
                ],
            },
        ),
        run_sql_file("points", "seals_v1"),
    ]
