"""Why two members were taken for one is closed with the key of the one who was merged away."""

from django.db import migrations, models
from django.db.models.lookups import GreaterThan

from members.models.encrypted_field import EncryptedTextField, OctetLength
from members.sealing import seal_column

_OF_MERGE = "(SELECT m.alias_id FROM members_membermerge m WHERE m.id = t.merge_id)"


def seal(_apps, schema_editor):
    connection = schema_editor.connection
    seal_column(connection, table="members_membermerge", column="evidence", owner="t.alias_id")
    seal_column(connection, table="members_memberunmerge", column="evidence", owner=_OF_MERGE)


class Migration(migrations.Migration):

    dependencies = [
        ('members', '0011_privacy'),
    ]

    operations = [
        migrations.RemoveConstraint(model_name='membermerge', name='member_merge_has_its_evidence'),
        migrations.RemoveConstraint(model_name='memberunmerge', name='member_unmerge_has_its_evidence'),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(seal, migrations.RunPython.noop)],
            state_operations=[
                migrations.AlterField(
                    model_name='membermerge', name='evidence',
                    field=EncryptedTextField(editable=True, owner='alias_id', verbose_name='evidence'),
                ),
                migrations.AlterField(
                    model_name='memberunmerge', name='evidence',
                    field=EncryptedTextField(editable=True, owner='merge.alias_id', verbose_name='evidence'),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name='membermerge',
            constraint=models.CheckConstraint(condition=GreaterThan(OctetLength('evidence'), 0), name='member_merge_has_its_evidence'),
        ),
        migrations.AddConstraint(
            model_name='memberunmerge',
            constraint=models.CheckConstraint(condition=GreaterThan(OctetLength('evidence'), 0), name='member_unmerge_has_its_evidence'),
        ),
    ]
