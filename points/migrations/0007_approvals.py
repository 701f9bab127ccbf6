"""Adjustments and exchange rates that a second person approves."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("points", "0006_carry")]

    operations = []
