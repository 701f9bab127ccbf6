"""An outlet belongs to the unit that runs its venue: a composite foreign key says so."""

from django.db import migrations

from common.sql import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("units", "0001_initial")]

    operations = [run_sql_file("units", "outlet_of_its_venue_v1")]
