"""What a member has: a line a wallet, in one query over any number of wallets and lots."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.db.models import BigIntegerField, Count, F, FilteredRelation, Min, Q, QuerySet, Sum
from django.db.models.functions import Cast, Coalesce

from points.models import Program, Wallet
from points.models.expiry_field import ExpiryInstantField
from points.rules.local_days import last_valid_day_before

SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class WalletSummary:
    """One wallet at an instant. `balance` is the sum of the points in it, less the debt:

    `available` + `kept_for_debt` + `pending` + `held` + `expired_unswept` − `debt`.

    - `available`: can be spent now; `pending`: given, spendable later; `debt`: later points repay it first
    - `kept_for_debt`: points put back after a debt arose; they stand against it and cannot be spent
    - `held`: reserved for sales in progress, whatever their expiry
    - `expired_unswept`: past their instant, still on the books until the sweep runs; never spendable
    - `soon_points`: of the living, what dies within the asked time, the first of it at `soonest_expiry`
    - `lots`: open lots
    """

    program: Program
    balance: int
    available: int
    kept_for_debt: int
    pending: int
    held: int
    expired_unswept: int
    debt: int
    soon_points: int
    soonest_expiry: datetime | None
    last_valid_on: date | None
    lots: int


def wallet_summaries(*, member_id: UUID, at: datetime, soon: timedelta = SOON) -> list[WalletSummary]:
    """The member's wallets by program code, with what each holds at `at`."""
    wallets = wallets_with_sums(member_id=member_id, at=at, soon=soon).order_by("program__code")
    return [summary_of(wallet) for wallet in wallets]


def wallets_with_sums(*, member_id: UUID, at: datetime, soon: timedelta = SOON) -> QuerySet[Wallet]:
    """The member's wallets with the sums of their open lots, for pages; `summary_of` reads a row."""
    alive = Q(open_lot__expires_at__gt=at)
    ends_soon = alive & Q(open_lot__expires_at__lte=at + soon)
    wallets = (
        Wallet.objects.filter(member_id=member_id)
        .select_related("program")
        .annotate(
            # In the join itself, so that the partial index on open lots serves: spent lots cost nothing.
            open_lot=FilteredRelation("lots", condition=Q(lots__is_open=True)),
            usable=_points(alive & Q(open_lot__available_at__lte=at)),
            pending=_points(alive & Q(open_lot__available_at__gt=at)),
            expired_unswept=_points(Q(open_lot__expires_at__lte=at)),
            held=_total(F("open_lot__held"), Q()),
            soon_points=_points(ends_soon),
            soonest_expiry=Min("open_lot__expires_at", filter=ends_soon, output_field=ExpiryInstantField()),
            open_lots=Count("open_lot"),
        )
    )
    return cast("QuerySet[Wallet]", wallets)


def summary_of(wallet: Any) -> WalletSummary:
    """A row of `wallets_with_sums` as the rest of the house reads it."""
    # As the kernel decides it: points_beyond_debt in points/sql/allocate_v2.sql.
    beyond_debt = max(0, wallet.balance - wallet.held - wallet.expired_unswept)
    available = min(wallet.usable, beyond_debt) if wallet.debt else wallet.usable
    return WalletSummary(
        program=wallet.program,
        balance=wallet.balance,
        available=available,
        kept_for_debt=wallet.usable - available,
        pending=wallet.pending,
        held=wallet.held,
        expired_unswept=wallet.expired_unswept,
        debt=wallet.debt,
        soon_points=wallet.soon_points,
        soonest_expiry=wallet.soonest_expiry,
        last_valid_on=last_valid_day_before(wallet.soonest_expiry, wallet.program.time_zone),
        lots=wallet.open_lots,
    )


def spendable_balance(*, member_id: UUID, program_id: int, at: datetime) -> int:
    """The points of one program that the member can spend at `at`, without those of other programs."""
    wallet = wallets_with_sums(member_id=member_id, at=at).filter(program_id=program_id).first()
    return 0 if wallet is None else summary_of(wallet).available


def _points(condition: Q) -> Coalesce:
    """What is neither drawn nor held."""
    return _total(F("open_lot__remaining") - F("open_lot__held"), condition)


def _total(points: Any, condition: Q) -> Coalesce:
    # PostgreSQL sums bigint as numeric.
    total = Cast(Sum(points, filter=condition), BigIntegerField())
    return Coalesce(total, 0, output_field=BigIntegerField())
