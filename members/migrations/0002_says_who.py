"""Enrolments and tokens say who made them; a member has one enrolment without a card at each unit."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("members", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="enrolment",
            name="enrolled_by",
            field=models.CharField(default="migration", max_length=80, verbose_name="enrolled by"),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="enrolment",
            name="created_at",
            field=models.DateTimeField(verbose_name="created"),
        ),
        migrations.AddField(
            model_name="membertoken",
            name="issued_by",
            field=models.CharField(default="migration", max_length=80, verbose_name="issued by"),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="membertoken",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__gte", models.F("issued_at"))),
                name="member_token_ends_after_its_start",
            ),
        ),
        migrations.AddConstraint(
            model_name="enrolment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("legacy_card__isnull", True)),
                fields=("unit", "member"),
                name="enrolment_without_card_is_one",
            ),
        ),
    ]
