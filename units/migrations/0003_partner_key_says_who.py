"""A partner key says who issued it and who took it back."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("units", "0002_outlet_of_its_venue")]

    operations = [
        migrations.AddField(
            model_name="partnerkey",
            name="issued_by",
            field=models.CharField(default="migration", max_length=80, verbose_name="issued by"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="partnerkey",
            name="revoked_by",
            field=models.CharField(blank=True, default="", max_length=80, verbose_name="revoked by"),
        ),
        migrations.AlterField(
            model_name="partnerkey",
            name="created_at",
            field=models.DateTimeField(verbose_name="issued"),
        ),
        migrations.RunSQL(
            "UPDATE units_partnerkey SET revoked_by = 'migration' WHERE revoked_at IS NOT NULL",
            reverse_sql=migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name="partnerkey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("revoked_at__isnull", True),
                    ("revoked_by", ""),
                )
                | models.Q(("revoked_at__isnull", False), ("revoked_by__gt", "")),
                name="partner_key_says_who_revoked_it",
            ),
        ),
    ]
