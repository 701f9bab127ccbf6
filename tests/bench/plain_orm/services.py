"""Earning and spending as usual: a transaction, a locked wallet, an object a row."""

from datetime import datetime

from django.db import transaction

from tests.bench.plain_orm.models import Entry, Lot, Transaction, Wallet


@transaction.atomic
def earn(*, member: int, points: int, reference: str, expires_at: datetime) -> Transaction:
    """Give points once per reference."""
    wallet = Wallet.objects.select_for_update().get(member=member)
    posted, is_new = Transaction.objects.get_or_create(reference=reference, defaults={"kind": "earn"})
    if not is_new:
        return posted
    Lot.objects.create(wallet=wallet, points=points, remaining=points, expires_at=expires_at)
    Entry.objects.create(transaction=posted, wallet=wallet, points=points)
    Entry.objects.create(transaction=posted, wallet=None, points=-points)
    wallet.balance += points
    wallet.save()
    return posted


@transaction.atomic
def redeem(*, member: int, points: int, reference: str, at: datetime) -> Transaction:
    """Spend points once per reference, soonest expiry first."""
    wallet = Wallet.objects.select_for_update().get(member=member)
    posted, is_new = Transaction.objects.get_or_create(reference=reference, defaults={"kind": "redeem"})
    if not is_new:
        return posted
    left = points
    for lot in (
        Lot.objects.select_for_update()
        .filter(wallet=wallet, remaining__gt=0, expires_at__gt=at)
        .order_by("expires_at", "id")
    ):
        take = min(lot.remaining, left)
        lot.remaining -= take
        lot.save()
        left -= take
        if not left:
            break
    Entry.objects.create(transaction=posted, wallet=wallet, points=-points)
    Entry.objects.create(transaction=posted, wallet=None, points=points)
    wallet.balance -= points
    wallet.save()
    return posted
