from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("activities", "0001_initial")]

    operations = [
        migrations.AddIndex(
            model_name="activity",
            index=models.Index(
                condition=models.Q(("refund_of", ""), _negated=True),
                fields=["unit", "refund_of"],
                name="activity_refunds_of_sale",
            ),
        ),
    ]
