"""The best plan for a stay at an instant, and the token by which a member agrees to exactly that plan."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.core import signing

from members.models import Member, MemberStatus
from parking.models import AutoPay, ParkingSession
from parking.rules.deciding import decide
from parking.rules.offers import Plan, Sources
from parking.selectors.books import books_of
from parking.selectors.fees import Due, due_of
from parking.selectors.offers import Offered, local_day_of, offered_for, only

QUOTE_LIFE: Final = timedelta(minutes=5)
_SALT = "parking.quote"


@dataclass(frozen=True, slots=True)
class Decided:
    """What is due at an instant, and how it is best paid. `token`: what agrees to it, until `valid_until`.

    `is_awaited`: an order of the stay awaits its money.
    """

    due: Due
    offered: Offered
    plan: Plan
    token: str
    valid_until: datetime
    is_awaited: bool = False

    @property
    def money_cents(self) -> int:
        """What is left to pay in money."""
        return self.plan.money


def decided(
    session: ParkingSession,
    *,
    member: Member | None,
    at: datetime,
    until: datetime | None = None,
    is_locked: bool = False,
) -> Decided:
    """The best plan for what is due at `until` (now, if nothing else is said). Writes nothing."""
    day = local_day_of(session, at)
    books = books_of(session, member=member, day=day, at=at, until=until or at)
    due = due_of(session, until=until or at, books=books)
    left = due.bill.due(0)
    offered = Offered(Sources(), None, day)
    if member is not None and member.status == MemberStatus.ACTIVE and left:
        offered = offered_for(
            session, member=member, books=books, day=day, at=at, due_cents=left, is_locked=is_locked
        )
    plan = decide(due.bill, offered.sources)
    said = [str(session.pk), str(member.pk) if member else "", _digest(plan), at.timestamp()]
    token = signing.dumps(said, salt=_SALT, compress=True)
    return Decided(due, offered, plan, token, at + QUOTE_LIFE, is_awaited=books.paid.is_awaited)


def restricted(decision: Decided, auto_pay: AutoPay) -> Decided:
    """The same, with nothing but what may be used without asking. It agrees to nothing: it has no token."""
    if auto_pay == AutoPay.ALL:
        return decision
    offered = only(decision.offered, auto_pay)
    return replace(decision, offered=offered, plan=decide(decision.due.bill, offered.sources), token="")


def is_agreed(token: str, now: Decided, *, session_id: UUID, member: Member | None, at: datetime) -> bool:
    """Whether `token` agrees to the plan as it is now: the same parts, five minutes ago at most."""
    try:
        said = signing.loads(token, salt=_SALT, max_age=None)
    except signing.BadSignature:
        return False
    whose = [str(session_id), str(member.pk) if member else ""]
    return bool(
        said[:2] == whose
        and said[2] == _digest(now.plan)
        and 0 <= at.timestamp() - said[3] < QUOTE_LIFE.total_seconds()
    )


def _digest(plan: Plan) -> str:
    said = "|".join(
        f"{line.source}:{line.key}:{line.cents}:{line.minutes}:{line.points}" for line in plan.lines
    )
    return hashlib.sha256(said.encode()).hexdigest()[:32]
