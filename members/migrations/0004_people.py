"""Identities with their proof, guardians, residencies, corporate accounts."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("members", "0003_household")]

    operations = []
