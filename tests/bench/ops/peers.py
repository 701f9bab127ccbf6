"""What the peers do for the same: the ORM ledger, django-hordak, pgledger."""

import itertools
import random
from datetime import UTC, datetime

import django

from tests.bench.ops.kernel import EXPIRES, cursor_of
from tests.bench.worker import Operation


def orm_earn(*, client: str, members: int) -> Operation:
    """An earn of the ORM ledger."""
    django.setup()
    from tests.bench.plain_orm import services

    serial, chance = itertools.count(), random.Random(client)

    def earn() -> int:
        reference = f"{client}-{next(serial)}"
        services.earn(member=chance.randint(1, members), points=100, reference=reference, expires_at=EXPIRES)
        return 1

    return earn


def orm_redeem(*, client: str, members: int) -> Operation:
    """A redemption of the ORM ledger that touches one lot."""
    django.setup()
    from tests.bench.plain_orm import services

    serial, chance = itertools.count(), random.Random(client)

    def spend() -> int:
        reference, at = f"{client}-{next(serial)}", datetime.now(tz=UTC)
        services.redeem(member=chance.randint(1, members), points=1, reference=reference, at=at)
        return 1

    return spend


def hordak(*, client: str, accounts: int) -> Operation:
    """A transaction with two legs between two of `accounts` accounts."""
    django.setup()
    from django.db import transaction
    from hordak.models import Account, Leg, Transaction
    from moneyed import Money

    ids, chance = list(Account.objects.values_list("pk", flat=True)[:accounts]), random.Random(client)
    one = Money(1, "CNY")

    def transfer() -> int:
        giver, taker = chance.sample(ids, 2)
        with transaction.atomic():
            moved = Transaction.objects.create()
            Leg.objects.create(transaction=moved, account_id=giver, credit=one)
            Leg.objects.create(transaction=moved, account_id=taker, debit=one)
        return 1

    return transfer


def pgledger(*, url: str, client: str, is_hot: bool) -> Operation:
    """A transfer from a house account, one for all or one of many, to a member's."""
    cursor, chance = cursor_of(url), random.Random(client)
    cursor.execute("SELECT id FROM pgledger_accounts ORDER BY name")
    ids = [account for (account,) in cursor.fetchall()]

    def transfer() -> int:
        giver, taker = (ids[0], chance.choice(ids[1:])) if is_hot else chance.sample(ids, 2)
        cursor.execute("SELECT id FROM pgledger_create_transfer(%s, %s, '1')", (giver, taker))
        cursor.fetchone()
        return 1

    return transfer
