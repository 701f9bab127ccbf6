"""What each line of a sale gave, so that a refund of the line takes that back."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('activities', '0006_earn_rules'),
    ]

    operations = [
        migrations.AddField(
            model_name='assessment',
            name='weights',
            field=models.JSONField(default=list, verbose_name='weights of lines'),
        ),
    ]
