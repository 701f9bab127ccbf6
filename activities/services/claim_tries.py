"""Wrong receipts are counted by member, so that nobody finds other people's by guessing."""

from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext_lazy as _

from activities.models import ClaimTry
from common.errors import DomainError
from members.models import Member

TRIES_MAX: Final = 10
WITHIN: Final = timedelta(days=1)


class TooManyWrongReceipts(DomainError):
    """Ten receipts that do not exist within a day. Counted before the claim is looked at."""

    code = "too_many_wrong_receipts"
    status = 429
    title = _("Too many receipts were not found. Try again tomorrow, or ask at the desk.")
    retry_after = 3_600


def refuse_guessing(*, member: Member, at: datetime) -> None:
    """Let a member claim who has not tried too many receipts that do not exist.

    :raises TooManyWrongReceipts: ten of them within a day
    """
    tries = ClaimTry.objects.filter(member=member, tried_at__gt=at - WITHIN)
    if tries[:TRIES_MAX].count() >= TRIES_MAX:
        raise TooManyWrongReceipts


def count_wrong_receipt(*, member: Member, at: datetime) -> ClaimTry:
    """Count a receipt that was not found, and forget those that count no more."""
    ClaimTry.objects.filter(member=member, tried_at__lte=at - WITHIN).delete()
    return ClaimTry.objects.create(member=member, tried_at=at)
