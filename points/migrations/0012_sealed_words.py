"""What people say about an adjustment is closed with the member's key."""

from django.db import migrations, models
from django.db.models.lookups import GreaterThan

from members.models.encrypted_field import EncryptedTextField, OctetLength
from members.sealing import seal_column


def seal(_apps, schema_editor):
    for column in ("reason", "note"):
        seal_column(
            schema_editor.connection, table="points_adjustmentrequest", column=column, owner="t.member_id"
        )


class Migration(migrations.Migration):

    dependencies = [
        ('members', '0011_privacy'),
        ('points', '0011_merged_wallets'),
    ]

    operations = [
        migrations.RemoveConstraint(model_name='adjustmentrequest', name='adjustment_has_a_reason'),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(seal, migrations.RunPython.noop)],
            state_operations=[
                migrations.AlterField(
                    model_name='adjustmentrequest', name='reason',
                    field=EncryptedTextField(editable=True, owner='member_id', verbose_name='what happened'),
                ),
                migrations.AlterField(
                    model_name='adjustmentrequest', name='note',
                    field=EncryptedTextField(blank=True, default='', editable=True, owner='member_id', verbose_name='note'),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name='adjustmentrequest',
            constraint=models.CheckConstraint(
                condition=models.Q(('category__in', ['missing', 'service', 'goodwill', 'correction', 'fraud', 'other']), GreaterThan(OctetLength('reason'), 0)),
                name='adjustment_has_a_reason',
            ),
        ),
    ]
