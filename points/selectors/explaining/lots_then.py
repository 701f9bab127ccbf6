"""The lots that stood in a wallet at an instant, now or in the past, with what was left of each then."""

from datetime import datetime
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce

from points.models import Draw, Entry, HoldLot, Lot, Posting, PostingKind, Wallet
from points.selectors.lots import SPENDING_ORDER


def lots_standing(wallet: Wallet, *, at: datetime, as_of: datetime | None = None) -> QuerySet[Lot]:
    """The lots of `wallet` with points left, first to be spent first (`SPENDING_ORDER`).

    Each row carries `left`, `reserved` (of what is left: held for sales in progress) and `state`: available,
    pending, or expired (past its instant, not yet booked). With `as_of`, as the books stood then: what was
    posted later had not happened. The expiry of a lot that rolls is today's, for the books keep no older one.
    """
    lots: QuerySet[Any] = _standing_now(wallet) if as_of is None else _standing_then(wallet, as_of)
    instant = as_of or at
    standing: QuerySet[Lot] = lots.annotate(
        state=Case(
            When(expires_at__lte=instant, then=Value("expired")),
            When(available_at__gt=instant, then=Value("pending")),
            default=Value("available"),
            output_field=CharField(),
        ),
        # As in the list of a wallet's lots: `infinity` cannot stand in a page's cursor.
        expiry_order=Func(
            F("expires_at"),
            template=(
                "CASE WHEN isfinite(%(expressions)s)"
                " THEN (extract(epoch FROM %(expressions)s) * 1000000)::bigint"
                " ELSE 9223372036854775807 END"
            ),
            output_field=BigIntegerField(),
        ),
    ).order_by(*SPENDING_ORDER)
    return standing


def draws_standing(wallet: Wallet, *, as_of: datetime | None = None) -> QuerySet[Draw]:
    """What was drawn from (or put back into) the lots of `lots_standing`."""
    if as_of is None:
        return Draw.objects.filter(lot__wallet=wallet, lot__is_open=True)
    standing = _standing_then(wallet, as_of).values("pk")
    return Draw.objects.filter(lot__in=standing, posting__posted_at__lte=as_of)


def _standing_now(wallet: Wallet) -> QuerySet[Any]:
    return Lot.objects.filter(wallet=wallet, is_open=True).annotate(left=F("remaining"), reserved=F("held"))


def _standing_then(wallet: Wallet, as_of: datetime) -> QuerySet[Any]:
    drawn = (
        Draw.objects.filter(lot=OuterRef("pk"), posting__posted_at__lte=as_of)
        .order_by()
        .values("lot")
        .annotate(total=Cast(Sum("points"), BigIntegerField()))
        .values("total")
    )
    open_then = Q(hold__closed_at__isnull=True) | Q(hold__closed_at__gt=as_of)
    held = (
        HoldLot.objects.filter(open_then, lot=OuterRef("pk"), hold__held_at__lte=as_of)
        .order_by()
        .values("lot")
        .annotate(total=Cast(Sum("points"), BigIntegerField()))
        .values("total")
    )
    # By the postings of the wallet: lots that are spent have no index of their own wallet. An early release
    # moves nothing between accounts, so it has no entry.
    made_here = Entry.objects.filter(wallet=wallet, points__gt=0).values("posting")
    released = Posting.objects.filter(member=wallet.member_id, kind=PostingKind.MATURITY).values("pk")
    return (
        Lot.objects.filter(Q(posting__in=made_here) | Q(posting__in=released), wallet=wallet)
        .filter(posting__posted_at__lte=as_of)
        .annotate(left=F("points") - _whole(drawn), reserved=_whole(held))
        .filter(left__gt=0)
    )


def _whole(total: Any) -> Coalesce:
    return Coalesce(Subquery(total), 0, output_field=BigIntegerField())
