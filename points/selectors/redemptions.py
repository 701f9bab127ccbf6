"""Prices paid with points, or held for a sale, as the systems of the honouring units see them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField, OuterRef, Q, Subquery, Sum, TextChoices
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext_lazy as _

from common.errors import NotFound
from members.models import Member
from points.models import Hold, HoldStatus, Posting, PostingKind, Program
from points.rules.shares import Share, shares_kept
from units.models import BusinessUnit


class RedemptionStatus(TextChoices):
    """Where a price stands. Only a held one can still become captured or voided."""

    HELD = "held", _("Held")
    CAPTURED = "captured", _("Captured")
    VOIDED = "voided", _("Voided")
    TIMED_OUT = "timed_out", _("Timed out")


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionRecord:
    """One price. A sale that was held and captured has one record, under the hold's id.

    - `points`, `shares`: what was paid, or what stands ready (or stood, if it ended otherwise)
    - `held_points`, `held_at`, `expires_at`: of a hold; None if it was paid at once
    - `occurred_at`, `posting_id`: of the payment; None if it was not paid
    - `reversed_points`: what was given back of it so far
    """

    id: UUID
    status: RedemptionStatus
    unit: BusinessUnit
    source_ref: str
    member: Member
    program_id: int
    points: int
    shares: tuple[Share, ...]
    held_points: int | None = None
    held_at: datetime | None = None
    expires_at: datetime | None = None
    occurred_at: datetime | None = None
    posting_id: UUID | None = None
    reversed_points: int = 0


def redemption_at_units(*, record_id: UUID, unit_ids: Collection[int], at: datetime) -> RedemptionRecord:
    """The price held or paid at one of the units; `record_id` is a hold's or a redemption's posting's.

    :raises NotFound: there is none, or it is another unit's
    """
    holds = Hold.objects.filter(Q(pk=record_id) | Q(posting=record_id), unit_id__in=unit_ids)
    hold: Any = (
        holds.select_related("unit", "member", "posting")
        .annotate(reversed_points=_reversed_of("posting_id"))
        .first()
    )
    if hold is not None:
        return held_record(hold, at=at, reversed_points=hold.reversed_points)
    payments = Posting.objects.filter(pk=record_id, kind=PostingKind.REDEMPTION, unit_id__in=unit_ids)
    posting: Any = (
        payments.select_related("unit", "member").annotate(reversed_points=_reversed_of("pk")).first()
    )
    if posting is None:
        raise NotFound
    return paid_record(posting, reversed_points=posting.reversed_points)


def held_record(hold: Hold, *, at: datetime, reversed_points: int = 0) -> RedemptionRecord:
    """A hold, and what became of it. One that nobody answered in time has timed out, swept or not."""
    paid = hold.posting
    return RedemptionRecord(
        id=hold.pk,
        status=_status_of(hold, at),
        unit=hold.unit,
        source_ref=hold.source_ref,
        member=hold.member,
        program_id=hold.program_id,
        points=paid.points if paid else hold.points,
        shares=shares_of(paid) if paid else shares_kept(hold.shares),
        held_points=hold.points,
        held_at=hold.held_at,
        expires_at=hold.expires_at,
        occurred_at=paid.occurred_at if paid else None,
        posting_id=paid.pk if paid else None,
        reversed_points=reversed_points,
    )


def paid_record(posting: Posting, *, reversed_points: int = 0) -> RedemptionRecord:
    """A price that was paid at once."""
    return RedemptionRecord(
        id=posting.pk,
        status=RedemptionStatus.CAPTURED,
        unit=posting.unit,
        source_ref=posting.source_ref,
        member=posting.member,
        program_id=posting.program_id,
        points=posting.points,
        shares=shares_of(posting),
        occurred_at=posting.occurred_at,
        posting_id=posting.pk,
        reversed_points=reversed_points,
    )


def record_id_of(posting: Posting) -> UUID:
    """Under which id the record of a redemption stands: its hold's, if it was captured from one."""
    hold = (posting.detail or {}).get("hold")
    return posting.pk if hold is None else UUID(hold)


def shares_of(posting: Posting) -> tuple[Share, ...]:
    """What each wallet paid (of a reversal: got back), as the posting keeps it."""
    return shares_kept((posting.detail or {}).get("shares", []))


def program_codes(program_ids: Collection[int]) -> dict[int, str]:
    """The codes of programs by their ids."""
    return dict(Program.objects.filter(pk__in=program_ids).values_list("pk", "code"))


def _status_of(hold: Hold, at: datetime) -> RedemptionStatus:
    if hold.status != HoldStatus.OPEN:
        return RedemptionStatus(hold.status)
    # As the kernel decides it: a hold cannot be captured from the instant it times out.
    return RedemptionStatus.HELD if at < hold.expires_at else RedemptionStatus.TIMED_OUT


def _reversed_of(posting_id: str) -> Coalesce:
    total = (
        Posting.objects.filter(reverses=OuterRef(posting_id))
        .values("reverses")
        .annotate(total=Cast(Sum("points"), BigIntegerField()))
        .values("total")
    )
    return Coalesce(Subquery(total), 0, output_field=BigIntegerField())
