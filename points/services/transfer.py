"""Give points to another member of one's household, within the day's and the month's limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from common.errors import DomainError
from members.models import Member, MemberStatus
from members.selectors.households import are_one_household
from members.selectors.merges import ever_one_with
from points import ledger
from points.models import Posting, PostingKind, Program
from points.refusals import MemberNotActive, NotOneHousehold
from points.rules.limits import day_of, month_of
from points.services.accrual import refuse_inactive
from points.services.redemption import refuse_paused
from units.models import BusinessUnit


@dataclass(frozen=True, slots=True)
class Transferred:
    """The posting, and whether an earlier call had already posted it."""

    posting: Posting
    is_replay: bool


def transfer_points(
    *,
    giver: Member,
    recipient: Member,
    program: Program,
    points: int,
    source_ref: str,
    by: str,
    at: datetime,
    detail: Mapping[str, Any] | None = None,
) -> Transferred:
    """Give `points` of `program` to another member of the household.

    The lots that are first to be spent go, and stay what they are: issuing unit, cost, earning and expiry;
    giving renews nothing. A debt of the recipient is repaid first. Safe to retry: the same `source_ref`
    returns the first transfer.

    :raises NotOneHousehold: the two are not in one household
    :raises SameMember: giver and recipient are one
    :raises TransferCapReached: more than may be given in a day or a month; carries what is `left`
    :raises InsufficientPoints: fewer points are spendable; those of other programs do not count
    :raises ReferenceReused: the reference stands for another transfer
    :raises MemberNotActive, UnitNotActive, ProgramNotActive: somebody takes no part at present
    :raises PointsOutOfRange: not 1 to 10⁹ points
    """
    asked = transfer_asked(
        giver=giver,
        recipient=recipient,
        program=program,
        points=points,
        source_ref=source_ref,
        at=at,
        detail=detail or {},
    )
    try:
        refuse_giving(giver=giver, recipient=recipient, program=program, at=at)
    except DomainError:
        # What was given before somebody left the household, or was frozen, stays given: a retry hears it.
        earlier = _given_before(asked)
        if earlier is None:
            raise
        return Transferred(earlier, is_replay=True)
    done = ledger.transfer(asked, actor=by)
    if done.name == "reference_reused":
        # Given before a merge, by or to the other id of the same person: a retry hears it.
        earlier = _given_before(asked)
        if earlier is not None:
            return Transferred(earlier, is_replay=True)
    done.or_refuse(**transfer_facts(done, asked, program))
    return Transferred(Posting.objects.select_related("unit").get(pk=done.posted_id), done.is_replay)


def refuse_giving(*, giver: Member, recipient: Member, program: Program, at: datetime) -> None:
    """Let points go only between active members of one household, in an active program.

    :raises NotOneHousehold, MemberNotActive, SpendingPaused, UnitNotActive, ProgramNotActive: as said
    """
    for member in (giver, recipient):
        if member.status != MemberStatus.ACTIVE:
            raise MemberNotActive
    refuse_paused(giver, at=at)
    refuse_inactive(program=program, unit=program.owner or books_of(program))
    # Nobody is told of being in a household with themself: the kernel names that.
    if giver.pk != recipient.pk and not are_one_household(one_id=giver.pk, other_id=recipient.pk):
        raise NotOneHousehold


def transfer_asked(
    *,
    giver: Member,
    recipient: Member,
    program: Program,
    points: int,
    source_ref: str,
    at: datetime,
    detail: Mapping[str, Any],
) -> ledger.Transfer:
    """The transfer as the kernel takes it, with the program's limits."""
    day, month = periods(program, at)
    return ledger.Transfer(
        from_id=giver.pk,
        to_id=recipient.pk,
        program_id=program.pk,
        unit_id=books_of(program).pk,
        points=points,
        source_ref=source_ref,
        at=at,
        day=day,
        month=month,
        detail=detail,
    )


def periods(program: Program, at: datetime) -> tuple[ledger.Period, ledger.Period]:
    """The day and the month of `at` in the program's time zone, with their limits."""
    zone = ZoneInfo(program.time_zone)
    return (
        ledger.Period(*day_of(at, zone), program.transfer_cap_day),
        ledger.Period(*month_of(at, zone), program.transfer_cap_month),
    )


def books_of(program: Program) -> BusinessUnit:
    """The unit in whose books points of `program` pass between members: its owner.

    The group's own programs have none: the group's first unit stands in. It gains and owes nothing by it,
    since both lines of every transfer stand there and sum to zero; but it must be the same one at a retry.
    """
    return program.owner or BusinessUnit.objects.order_by("id")[0]


def transfer_facts(done: ledger.Transferred, asked: ledger.Transfer, program: Program) -> dict[str, Any]:
    """What a person needs to know of a refusal."""
    match done.name:
        case "insufficient_points":
            return {"asked": asked.points, "short": done.short, "program": program.code}
        case "transfer_cap_reached":
            return {"left": max(0, done.left or 0)}
        case "reference_reused":
            return {"source_ref": asked.source_ref}
        case _:
            return {}


def _given_before(asked: ledger.Transfer) -> Posting | None:
    given = Posting.objects.filter(
        kind=PostingKind.TRANSFER, unit_id=asked.unit_id, source_ref=asked.source_ref
    )
    same = given.filter(
        member_id__in=ever_one_with(asked.from_id),
        program_id=asked.program_id,
        points=asked.points,
        detail__to__in=[str(one) for one in ever_one_with(asked.to_id)],
    )
    return same.select_related("unit").first()
