"""Reversals, holds and exchange, second version, each with its batch twin."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("points", "0004_kernel_v2")]

    operations = []
