"""What people say about a grant, a usage, an order or a voucher is closed with its member's key."""

from decimal import Decimal

from django.db import migrations, models
from django.db.models.lookups import GreaterThan

from members.models.encrypted_field import EncryptedTextField, OctetLength
from members.sealing import seal_column

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
    (
        "benefits_voucherevent", "reason",
        "(SELECT v.member_id FROM benefits_voucher v WHERE v.id = t.voucher_id)", "id",
    ),
)


def seal(_apps, schema_editor):
    for table, column, owner, key in _COLUMNS:
        seal_column(schema_editor.connection, table=table, column=column, owner=owner, key=key)


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
                sealed('voucherevent', 'reason', 'reason', 'voucher.member_id', blank=True, default=''),
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
            model_name='entitlemententry', name='words',
            field=EncryptedTextField(blank=True, default='', editable=True, owner='member_id', verbose_name='what happened'),
        ),
    ]
