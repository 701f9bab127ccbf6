"""Carrying points: transfer, early release, adjustment, move of a wallet."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("points", "0005_kernel_rest_v2")]

    operations = []
