"""Households: a head, invited and accepting adults."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("members", "0002_says_who")]

    operations = []
