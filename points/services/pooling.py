"""Pay together: what a member's own wallets do not cover comes from those of the household who share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from common.sql import retrying
from members.models import Member
from members.selectors.households import sharing_with
from members.services.households import PLACES_MAX
from points import ledger
from points.models import Posting, PostingKind, Program
from points.refusals import InsufficientPoints, PointsOutOfRange
from points.services.redemption import POINTS_MAX, Redemption, is_paused, redeem_points, refuse_spending
from points.services.transfer import books_of, periods, transfer_points
from units.models import BusinessUnit


@dataclass(frozen=True, slots=True)
class PooledRedemption:
    """The redemption, and what each of the household gave towards it, in the order in which they gave."""

    redemption: Redemption
    given: tuple[Posting, ...]


def redeem_pooled(
    *,
    member: Member,
    program: Program,
    unit: BusinessUnit,
    price: int,
    source_ref: str,
    by: str,
    at: datetime,
) -> PooledRedemption:
    """Spend `price` points of `program` at `unit`; the household gives what the member's wallets lack.

    The member's own wallets pay first, those of other programs too. What is short is transferred to the
    member in points of `program` from those of the household who share, longest in it first, each as much
    as they can spend and their limits let them give; then the price is redeemed. All of it or nothing.
    A redemption that is given back goes into the lots it was drawn from, and those are the member's. Safe to
    retry: the same `source_ref` of the unit returns the first redemption.

    :raises InsufficientPoints: the household has too few, or may not give enough; nothing is transferred
    :raises ReferenceReused: the reference stands for another redemption
    :raises MemberNotActive, UnitNotActive, ProgramNotActive: somebody takes no part at present
    :raises PointsOutOfRange: not 1 to 10⁹ points
    """
    purse = _Purse(member, program, unit, price, source_ref, by, at)

    @transaction.atomic
    def pay() -> PooledRedemption:
        givers = [place.member for place in sharing_with(member_id=member.pk)]
        # Every lock that the calls below will take, in the one order, before the first of them.
        ledger.lock_wallets(
            member_ids=[giver.pk for giver in givers], payer_id=member.pk, program_id=program.pk
        )
        if not purse.is_paid():
            purse.fill(givers)
        paid = redeem_points(
            member=member, program=program, unit=unit, price=price, source_ref=source_ref, by=by, at=at
        )
        return PooledRedemption(paid, purse.given())

    return retrying(pay)


@dataclass(frozen=True, slots=True)
class _Purse:
    """What is asked, and the filling of it, under the locks of all who may give."""

    member: Member
    program: Program
    unit: BusinessUnit
    price: int
    source_ref: str
    by: str
    at: datetime

    def is_paid(self) -> bool:
        """A retry: nobody gives twice."""
        return Posting.objects.filter(
            unit=self.unit, kind=PostingKind.REDEMPTION, source_ref=self.source_ref
        ).exists()

    def fill(self, givers: Sequence[Member]) -> None:
        """Transfer to the member what their own wallets lack."""
        refuse_spending(member=self.member, program=self.program, unit=self.unit, at=self.at)
        if not 1 <= self.price <= POINTS_MAX:
            raise PointsOutOfRange(asked=self.price)
        _own, short = ledger.allocate(
            member_id=self.member.pk, program_id=self.program.pk, price=self.price, at=self.at
        )
        for place, giver in enumerate(givers):
            part = min(short, self._can_give(giver, short)) if short else 0
            if part:
                transfer_points(
                    giver=giver,
                    recipient=self.member,
                    program=self.program,
                    points=part,
                    source_ref=self._transfer_ref(place),
                    by=self.by,
                    at=self.at,
                    detail={"pooled": self.source_ref},
                )
                short -= part
        if short:
            raise InsufficientPoints(asked=self.price, short=short, program=self.program.code)

    def given(self) -> tuple[Posting, ...]:
        """The transfers that this redemption caused, now or when it was first asked for."""
        refs = [self._transfer_ref(place) for place in range(PLACES_MAX)]
        given = Posting.objects.filter(
            unit=books_of(self.program), kind=PostingKind.TRANSFER, source_ref__in=refs
        )
        return tuple(given.order_by("source_ref"))

    def _can_give(self, giver: Member, asked: int) -> int:
        if is_paused(giver, at=self.at):
            return 0
        shares, _short = ledger.allocate(
            member_id=giver.pk, program_id=self.program.pk, price=asked, at=self.at
        )
        own = sum(share.spent for share in shares if share.program_id == self.program.pk)
        day, month = periods(self.program, self.at)
        left = ledger.transfer_left(from_id=giver.pk, program_id=self.program.pk, day=day, month=month)
        return own if left is None else min(own, left)

    def _transfer_ref(self, place: int) -> str:
        # At most 1 digit of place (PLACES_MAX is 10): together at most 164 of a reference's 200 characters.
        return f"pooled:{self.unit.code}:{self.source_ref}:{place}"
