"""What benefits keep for a person who is forgotten: no voucher is left, and no segment names them.

Grants, usages, orders and vouchers stay with the books under the surrogate id. What people said about them
was closed with the member's key.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import connection

from benefits.models import FactSetMember, Voucher, VoucherState
from benefits.services.voucher_batches import void_vouchers_of


def forget_rights(*, member_ids: Collection[UUID], by: str, at: datetime) -> dict[str, int]:
    """Withdraw the members' vouchers, take them off every segment. Rows, by kind.

    Inside the caller's transaction, after the wallets: vouchers are locked last.
    """
    assert connection.in_atomic_block, "an erasure is whole or not at all"
    return {
        "vouchers": void_vouchers_of(member_ids=member_ids, by=by, at=at),
        "segments": FactSetMember.objects.filter(member_id__in=member_ids).delete()[0],
    }


def has_locked_voucher(*, member_ids: Collection[UUID], at: datetime) -> bool:
    """Whether a voucher of these members is locked for a sale in progress."""
    locked = Voucher.objects.filter(member_id__in=member_ids, state=VoucherState.LOCKED)
    return locked.filter(locked_until__gt=at).exists()
