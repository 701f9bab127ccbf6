"""What people say about a grant, a usage, an order or a voucher is closed with its member's key."""

from decimal import Decimal

from django.db import migrations, models
from django.db.models.lookups import GreaterThan

from members.models.encrypted_field import EncryptedTextField, OctetLength
from members.sealing import seal_column, seal_words

_COLUMNS = (
    ("benefits_grantrequest", "reason", "t.member_id", "id"),
    ("benefits_grantrequest", "note", "t.member_id", "id"),
    (
        "benefits_grantend", "reason",
        "(SELECT g.member_id FROM benefits_entitlementgrant g WHERE g.id = t.grant_id)", "grant_id",
    ),
    (
        "benefits_rewardorderevent", "reason",
        "(SELECT o.member_id FROM benefits_rewardorder o WHERE o.id = t.order_id)", "id",
    ),
)


def seal(_apps, schema_editor):
    for table, column, owner, key in _COLUMNS:
        seal_column(schema_editor.connection, table=table, column=column, owner=owner, key=key)


def move_words(_apps, schema_editor):
    """What operators said of a member's own voucher stood among the words of batches."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.id, v.member_id, e.reason FROM benefits_voucherevent e JOIN benefits_voucher v ON v.id = e.voucher_id"
            " WHERE v.member_id IS NOT NULL AND e.kind IN ('issued', 'voided') AND e.reason <> ''"
        )
        rows = cursor.fetchall()
        if not rows:
            return
        closed = seal_words(schema_editor.connection, [(owner, reason) for _pk, owner, reason in rows])
        cursor.execute("ALTER TABLE benefits_voucherevent DISABLE TRIGGER USER")
        cursor.executemany(
            "UPDATE benefits_voucherevent SET words = %s, reason = '' WHERE id = %s",
            [(box, pk) for (pk, _owner, _reason), box in zip(rows, closed, strict=True)],
        )
        cursor.execute("ALTER TABLE benefits_voucherevent ENABLE TRIGGER USER")


def sealed(model, name, label, owner, **told):
    return migrations.AlterField(
        model_name=model, name=name,
        field=EncryptedTextField(editable=True, owner=owner, verbose_name=label, **told),
    )


class Migration(migrations.Migration):

    dependencies = [
        ('benefits', '0003_rewards'),
        ('members', '0011_privacy'),
    ]

    operations = [
        migrations.RemoveConstraint(model_name='grantrequest', name='grant_request_is_whole'),
        migrations.RemoveConstraint(model_name='grantend', name='a_withdrawal_says_why'),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(seal, migrations.RunPython.noop)],
            state_operations=[
                sealed('grantrequest', 'reason', 'what happened', 'member_id'),
                sealed('grantrequest', 'note', 'note', 'member_id', blank=True, default=''),
                sealed('grantend', 'reason', 'reason', 'grant.member_id', blank=True, default=''),
                sealed('rewardorderevent', 'reason', 'reason', 'order.member_id', blank=True, default=''),
            ],
        ),
        migrations.AddConstraint(
            model_name='grantrequest',
            constraint=models.CheckConstraint(
                condition=models.Q(('amount__gt', 0), ('amount__lte', Decimal('10000000')), ('value__gte', 0), GreaterThan(OctetLength('reason'), 0)),
                name='grant_request_is_whole',
            ),
        ),
        migrations.AddConstraint(
            model_name='grantend',
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(('ending', 'withdrawn'), _negated=True), GreaterThan(OctetLength('reason'), 0), _connector='OR'),
                name='a_withdrawal_says_why',
            ),
        ),
        migrations.AddField(
            model_name='voucherevent', name='words',
            field=EncryptedTextField(blank=True, default='', editable=True, owner='voucher.member_id', verbose_name='what happened'),
        ),
        migrations.RunPython(move_words, migrations.RunPython.noop),
        migrations.AddField(
            model_name='entitlemententry', name='words',
            field=EncryptedTextField(blank=True, default='', editable=True, owner='member_id', verbose_name='what happened'),
        ),
    ]
