"""Why a wallet holds what it holds: "4,320 = these 7 lots − 3 redemptions; 800 expire on 31 March"."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Sum

from common.errors import NotFound
from points.models import Draw, Entry, Program, Wallet
from points.rules.local_days import last_valid_day_before
from points.selectors.lots import lots_of_wallet


@dataclass(frozen=True, slots=True)
class Term:
    """What the postings of one kind added (or, negative, took): `postings` of them, `points` in all."""

    kind: str
    postings: int
    points: int


@dataclass(frozen=True, slots=True)
class LotLine:
    """An open lot: what was given, what is left, by whom, under which rule, good through which local day."""

    lot_id: UUID
    points: int
    remaining: int
    issuer: str
    rule: str
    source_ref: str
    earned_at: datetime
    available_at: datetime
    expires_at: datetime | None
    last_valid_on: date | None
    state: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A balance told three ways that must agree; read in one snapshot where the caller's transaction has one.

    - `history`: all that ever happened, by kind: `balance` = Σ points
    - `lots` and `drawn_from_them`: `balance` = Σ given in the open lots + Σ drawn from them − `debt`
    - the lots' `remaining`: `balance` = Σ remaining − `debt`
    """

    program: Program
    balance: int
    debt: int
    history: tuple[Term, ...]
    lots: tuple[LotLine, ...]
    drawn_from_them: tuple[Term, ...]

    @property
    def adds_up(self) -> bool:
        """All three tellings end in the balance."""
        given = sum(lot.points for lot in self.lots)
        drawn = sum(term.points for term in self.drawn_from_them)
        return (
            self.balance
            == sum(term.points for term in self.history)
            == given + drawn - self.debt
            == sum(lot.remaining for lot in self.lots) - self.debt
        )


def explain_wallet(*, member_id: UUID, program_code: str, at: datetime) -> Explanation:
    """What the member's balance in one program is made of, in five queries.

    :raises NotFound: there is no such program, or the member has no wallet in it
    """
    lots = list(lots_of_wallet(member_id=member_id, program_code=program_code, at=at))
    wallet = (
        Wallet.objects.filter(member_id=member_id, program__code=program_code)
        .select_related("program")
        .first()
    )
    if wallet is None:
        raise NotFound
    history = Entry.objects.filter(wallet=wallet)
    drawn = Draw.objects.filter(lot__wallet=wallet, lot__is_open=True)
    return Explanation(
        program=wallet.program,
        balance=wallet.balance,
        debt=wallet.debt,
        history=_terms(history.values_list("posting__kind"), sign=1),
        lots=tuple(_line(lot) for lot in lots),
        drawn_from_them=_terms(drawn.values_list("posting__kind"), sign=-1),
    )


def _terms(rows: Any, *, sign: int) -> tuple[Term, ...]:
    """Sums by the kind of the posting, in the kinds' own order."""
    sums = rows.annotate(postings=Count("posting", distinct=True), moved=Sum("points")).order_by(
        "posting__kind"
    )
    return tuple(Term(kind, postings, sign * int(moved)) for kind, postings, moved in sums)


def _line(lot: Any) -> LotLine:
    return LotLine(
        lot_id=lot.pk,
        points=lot.points,
        remaining=lot.remaining,
        issuer=lot.issuer.code,
        rule=lot.posting.rule,
        source_ref=lot.posting.source_ref,
        earned_at=lot.earned_at,
        available_at=lot.available_at,
        expires_at=lot.expires_at,
        last_valid_on=last_valid_day_before(lot.expires_at, lot.program.time_zone),
        state=lot.state,
    )
