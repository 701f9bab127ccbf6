"""Daily seals over the journal."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("points", "0007_approvals")]

    operations = []
