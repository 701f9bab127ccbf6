"""Match candidates: who may be whom, for a person to decide."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("members", "0004_people")]

    operations = []
