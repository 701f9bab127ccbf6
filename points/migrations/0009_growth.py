"""Storage settings and partitions of the journal's tables."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("points", "0008_seals")]

    operations = []
