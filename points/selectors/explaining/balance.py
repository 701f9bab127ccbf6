"""Why a wallet holds what it holds: "4,320 = 7 lots − 3 redemptions; 800 expire after 31 March"."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField, Count, F, Q, QuerySet, Sum
from django.db.models.functions import Cast, Coalesce

from common.errors import NotFound
from points.models import Entry, Lot, Program, Wallet
from points.rules.local_days import last_valid_day_before
from points.selectors.explaining.lots_then import draws_standing, lots_standing
from points.selectors.explaining.terms import Term, one_snapshot, terms_by_kind
from units.models import BusinessUnit

GROUPS_MAX = 20
ENDINGS_MAX = 12


@dataclass(frozen=True, slots=True)
class LotGroup:
    """Standing lots of one issuer, kind of posting and rule: what was `given`, and what is `left`."""

    issuer: BusinessUnit
    kind: str
    rule: str
    lots: int
    given: int
    left: int


@dataclass(frozen=True, slots=True)
class Ending:
    """Living points that die at one instant: of whom, under which rule; good through a local day."""

    expires_at: datetime
    last_valid_on: date
    issuer: BusinessUnit
    rule: str
    lots: int
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceExplanation:
    """A balance told four ways that must agree; all of one snapshot.

    - by use: `available` + `kept_for_debt` + `pending` + `held` + `expired_unswept` − `debt`
    - by history: everything that ever happened to the wallet, by kind of posting
    - by lots: `given` in the lots that stand, plus `drawn` from them (negative), less the debt
    - by origin: what is left in `groups` and in the `other_lots` beyond them, less the debt

    However many lots there are, at most 20 groups and 12 endings are named; `lots` is a queryset to page.
    """

    wallet: Wallet
    at: datetime
    as_of: datetime | None
    balance: int
    debt: int
    available: int
    kept_for_debt: int
    pending: int
    held: int
    expired_unswept: int
    lot_count: int
    given: int
    history: tuple[Term, ...]
    drawn: tuple[Term, ...]
    groups: tuple[LotGroup, ...]
    other_lots: int
    other_left: int
    endings: tuple[Ending, ...]
    lots: QuerySet[Lot]

    @property
    def program(self) -> Program:
        """The currency."""
        return self.wallet.program

    @property
    def left(self) -> int:
        """In the lots, before the debt."""
        return sum(group.left for group in self.groups) + self.other_left

    @property
    def adds_up(self) -> bool:
        """All four tellings end in the balance."""
        by_use = self.available + self.kept_for_debt + self.pending + self.held + self.expired_unswept
        return (
            self.balance
            == by_use - self.debt
            == sum(term.points for term in self.history)
            == self.given + sum(term.points for term in self.drawn) - self.debt
            == self.left - self.debt
        )


def explain_wallet(
    *, member_id: UUID, program_code: str, at: datetime, as_of: datetime | None = None
) -> BalanceExplanation:
    """What the member's balance in one program is made of. See `explain_balance`.

    :raises NotFound: there is no such program, or the member has no wallet in it
    """
    wallet = Wallet.objects.filter(member_id=member_id, program__code=program_code).first()
    if wallet is None:
        raise NotFound
    return explain_balance(wallet=wallet, at=at, as_of=as_of)


def explain_balance(*, wallet: Wallet, at: datetime, as_of: datetime | None = None) -> BalanceExplanation:
    """What the wallet's balance is made of, in seven queries, however many lots and postings there are.

    With `as_of`, as the books stood at that past instant: what was posted later had not happened.
    """
    with one_snapshot():
        wallet = Wallet.objects.select_related("program", "member").get(pk=wallet.pk)
        lots = lots_standing(wallet, at=at, as_of=as_of)
        sums = _sums(lots)
        entries = Entry.objects.filter(wallet=wallet)
        history = terms_by_kind(
            entries if as_of is None else entries.filter(posting__posted_at__lte=as_of), sign=1
        )
        balance = wallet.balance if as_of is None else sum(term.points for term in history)
        debt = wallet.debt if as_of is None else sums["total_left"] - balance
        # As the kernel decides it: points_beyond_debt in points/sql/allocate.
        usable = sums["usable"]
        beyond_debt = max(0, balance - sums["total_reserved"] - sums["expired"])
        available = min(usable, beyond_debt) if debt else usable
        groups = list(_by_origin(lots)[:GROUPS_MAX])
        endings = list(_by_end(lots)[:ENDINGS_MAX])
        issuers = BusinessUnit.objects.in_bulk({row["issuer"] for row in (*groups, *endings)})
        return BalanceExplanation(
            wallet=wallet,
            at=at,
            as_of=as_of,
            balance=balance,
            debt=debt,
            available=available,
            kept_for_debt=usable - available,
            pending=sums["pending"],
            held=sums["total_reserved"],
            expired_unswept=sums["expired"],
            lot_count=sums["lots"],
            given=sums["given"],
            history=history,
            drawn=terms_by_kind(draws_standing(wallet, as_of=as_of), sign=-1),
            groups=tuple(_group(row, issuers) for row in groups),
            other_lots=sums["lots"] - sum(row["lots"] for row in groups),
            other_left=sums["total_left"] - sum(row["total_left"] for row in groups),
            endings=tuple(_ending(row, issuers, wallet.program.time_zone) for row in endings),
            lots=lots,
        )


def _sums(lots: QuerySet[Lot]) -> dict[str, int]:
    free = F("left") - F("reserved")
    sums: dict[str, int] = lots.order_by().aggregate(
        lots=Count("pk"),
        given=_total(F("points")),
        total_left=_total(F("left")),
        total_reserved=_total(F("reserved")),
        usable=_total(free, Q(state="available")),
        pending=_total(free, Q(state="pending")),
        expired=_total(free, Q(state="expired")),
    )
    return sums


def _by_origin(lots: Any) -> Any:
    """Lots by issuer, kind and rule, the largest first."""
    return (
        lots.order_by()
        .values("issuer", "posting__kind", "posting__rule")
        .annotate(lots=Count("pk"), given=_total(F("points")), total_left=_total(F("left")))
        .order_by("-total_left", "issuer", "posting__kind", "posting__rule")
    )


def _by_end(lots: Any) -> Any:
    """Points that will die, by instant, issuer and rule, the soonest first."""
    return (
        lots.exclude(state="expired")
        .filter(expiry_order__lt=2**63 - 1)
        .order_by()
        .values("expires_at", "issuer", "posting__rule")
        .annotate(lots=Count("pk"), total_left=_total(F("left")))
        .order_by("expires_at", "-total_left", "issuer", "posting__rule")
    )


def _group(row: dict[str, Any], issuers: dict[int, BusinessUnit]) -> LotGroup:
    return LotGroup(
        issuer=issuers[row["issuer"]],
        kind=row["posting__kind"],
        rule=row["posting__rule"],
        lots=row["lots"],
        given=row["given"],
        left=row["total_left"],
    )


def _ending(row: dict[str, Any], issuers: dict[int, BusinessUnit], time_zone: str) -> Ending:
    last_valid_on = last_valid_day_before(row["expires_at"], time_zone)
    assert last_valid_on is not None, "what ends has a last day"
    return Ending(
        expires_at=row["expires_at"],
        last_valid_on=last_valid_on,
        issuer=issuers[row["issuer"]],
        rule=row["posting__rule"],
        lots=row["lots"],
        points=row["total_left"],
    )


def _total(points: Any, condition: Q | None = None) -> Coalesce:
    # PostgreSQL sums bigint as numeric.
    total = Cast(Sum(points, filter=condition), BigIntegerField())
    return Coalesce(total, 0, output_field=BigIntegerField())
