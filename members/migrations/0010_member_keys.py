"""A data key per member: what was closed with the ring, or stood in clear, is closed with its member's own."""

from django.db import migrations, models
from django.db.models.lookups import GreaterThan

from common.sql import run_sql_file
from members.data_keys import keys_of
from members.models.encrypted_field import EncryptedJSONField, EncryptedTextField, OctetLength
from members.vault import unseal

_ROWS = 2_000
# table, key, column, owner; how the plain text comes out of what the column held.
_FIELDS = (
    ("members_member", "id", "name", "id", unseal),
    ("members_member", "id", "address", "id", unseal),
    ("members_identity", "id", "value", "member_id", unseal),
    ("members_proofcode", "id", "value", "member_id", unseal),
    ("members_enrolment", "id", "attributes", "member_id", bytes.decode),
    ("members_memberevent", "id", "reason", "member_id", bytes.decode),
    ("members_guardianship", "id", "evidence", "child_id", bytes.decode),
)
_TO_BYTES = """
ALTER TABLE members_enrolment ALTER COLUMN attributes TYPE bytea
    USING CASE WHEN attributes = '{}'::jsonb THEN ''::bytea ELSE convert_to(attributes::text, 'UTF8') END;
ALTER TABLE members_memberevent ALTER COLUMN reason TYPE bytea USING convert_to(reason, 'UTF8');
ALTER TABLE members_guardianship DROP CONSTRAINT guardianship_has_its_evidence;
ALTER TABLE members_guardianship ALTER COLUMN evidence TYPE bytea USING convert_to(evidence, 'UTF8');
"""


def close_with_own_keys(_apps, schema_editor):
    """In chunks by key. The history's rows change in their shape only: its guard rests meanwhile."""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE members_memberevent DISABLE TRIGGER USER")
        for table, key, column, owner, opened in _FIELDS:
            last = None
            while True:
                cursor.execute(
                    f"SELECT {key}, {owner}, {column} FROM {table} WHERE octet_length({column}) > 0"
                    + ("" if last is None else f" AND {key} > %s") + f" ORDER BY {key} LIMIT {_ROWS}",
                    [] if last is None else [last],
                )
                rows = cursor.fetchall()
                if not rows:
                    break
                keys = keys_of({row[1] for row in rows}, using=connection.alias)
                cursor.executemany(
                    f"UPDATE {table} SET {column} = %s WHERE {key} = %s",
                    [(keys[owner_id].seal(opened(bytes(value))), pk) for pk, owner_id, value in rows],
                )
                last = rows[-1][0]
        cursor.execute("ALTER TABLE members_memberevent ENABLE TRIGGER USER")


class Migration(migrations.Migration):

    dependencies = [
        ('members', '0009_merges'),
    ]

    operations = [
        migrations.CreateModel(
            name='MemberKey',
            fields=[
                ('member_id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('wrapped', models.BinaryField(verbose_name='wrapped key')),
                ('made_at', models.DateTimeField(verbose_name='made')),
                ('destroyed_at', models.DateTimeField(null=True, verbose_name='destroyed')),
            ],
            options={
                'verbose_name': 'data key of a member',
                'verbose_name_plural': 'data keys of members',
                'constraints': [models.CheckConstraint(condition=models.Q(('destroyed_at__isnull', True), ('wrapped', b'\x10'), _connector='OR'), name='a_destroyed_key_is_gone')],
            },
        ),
        run_sql_file("members", "member_key_v1"),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL([(_TO_BYTES, None)], migrations.RunSQL.noop)],
            state_operations=[
                migrations.RemoveConstraint(model_name='guardianship', name='guardianship_has_its_evidence'),
                migrations.AlterField(
                    model_name='enrolment', name='attributes',
                    field=EncryptedJSONField(blank=True, default=dict, editable=True, owner='member_id', verbose_name='other columns'),
                ),
                migrations.AlterField(
                    model_name='memberevent', name='reason',
                    field=EncryptedTextField(blank=True, default='', editable=True, owner='member_id', verbose_name='reason'),
                ),
                migrations.AlterField(
                    model_name='guardianship', name='evidence',
                    field=EncryptedTextField(editable=True, owner='child_id', verbose_name='evidence'),
                ),
            ],
        ),
        migrations.AlterField(
            model_name='member', name='name',
            field=EncryptedTextField(blank=True, default='', editable=True, owner='id', verbose_name='name'),
        ),
        migrations.AlterField(
            model_name='member', name='address',
            field=EncryptedTextField(blank=True, default='', editable=True, owner='id', verbose_name='address'),
        ),
        migrations.AlterField(
            model_name='identity', name='value',
            field=EncryptedTextField(editable=True, owner='member_id', verbose_name='value'),
        ),
        migrations.AlterField(
            model_name='proofcode', name='value',
            field=EncryptedTextField(editable=True, owner='member_id', verbose_name='value'),
        ),
        migrations.RunPython(close_with_own_keys, migrations.RunPython.noop, elidable=True),
        migrations.AddConstraint(
            model_name='guardianship',
            constraint=models.CheckConstraint(condition=GreaterThan(OctetLength('evidence'), 0), name='guardianship_has_its_evidence'),
        ),
    ]
