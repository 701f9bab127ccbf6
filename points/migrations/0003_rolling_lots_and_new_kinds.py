"""Lots that roll, and the kinds of posting to come: transfer, adjustment, early release, move."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0002_says_who"),
        ("points", "0002_kernel"),
        ("units", "0003_partner_key_says_who"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="entry",
            name="entry_house_account_is_known",
        ),
        migrations.RemoveConstraint(
            model_name="posting",
            name="posting_kind_is_known",
        ),
        migrations.RemoveConstraint(
            model_name="program",
            name="program_expiry_is_known",
        ),
        migrations.RemoveConstraint(
            model_name="program",
            name="program_expiry_count_is_sane",
        ),
        migrations.AddField(
            model_name="lot",
            name="rolls",
            field=models.BooleanField(db_default=False, verbose_name="renewed by earning and redeeming"),
        ),
        migrations.AlterField(
            model_name="entry",
            name="house",
            field=models.CharField(
                choices=[
                    ("issued", "Issued"),
                    ("redeemed", "Redeemed"),
                    ("expired", "Expired"),
                    ("exchange", "Exchange"),
                    ("adjusted", "Adjusted"),
                    ("transfer", "Between members"),
                ],
                max_length=10,
                verbose_name="house account",
            ),
        ),
        migrations.AlterField(
            model_name="posting",
            name="kind",
            field=models.CharField(
                choices=[
                    ("accrual", "Accrual"),
                    ("redemption", "Redemption"),
                    ("exchange", "Points exchange"),
                    ("expiry", "Expiry"),
                    ("reversal", "Reversal"),
                    ("transfer", "Transfer"),
                    ("adjustment", "Adjustment"),
                    ("maturity", "Early release"),
                    ("move", "Move of a wallet"),
                ],
                max_length=12,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="program",
            name="expiry_kind",
            field=models.CharField(
                choices=[
                    ("never", "Never"),
                    ("days", "N days after accrual"),
                    ("month_end", "End of the month, N months on"),
                    ("year_end", "End of the Nth calendar year (0 = this one)"),
                    ("rolling", "N days after the last earning or redeeming"),
                ],
                default="never",
                max_length=10,
                verbose_name="expiry",
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("house__in", ["issued", "redeemed", "expired", "exchange", "adjusted", "transfer"])
                ),
                name="entry_house_account_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="posting",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "accrual",
                            "redemption",
                            "exchange",
                            "expiry",
                            "reversal",
                            "transfer",
                            "adjustment",
                            "maturity",
                            "move",
                        ],
                    )
                ),
                name="posting_kind_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="program",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("expiry_kind__in", ["never", "days", "month_end", "year_end", "rolling"])
                ),
                name="program_expiry_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="program",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("expiry_count__lte", 3660),
                    models.Q(
                        models.Q(("expiry_kind__in", ["days", "rolling"]), _negated=True),
                        ("expiry_count__gte", 1),
                        _connector="OR",
                    ),
                ),
                name="program_expiry_count_is_sane",
            ),
        ),
    ]
