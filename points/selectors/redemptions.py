"""Redemptions as the systems of the honouring units see them."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from common.errors import NotFound
from points.models import Posting, PostingKind, Program
from points.rules.shares import Share


@dataclass(frozen=True, slots=True)
class RedemptionRecord:
    """A posted redemption and what each wallet paid, in the order in which they were asked."""

    posting: Posting
    shares: tuple[Share, ...]


def redemption_at_units(*, posting_id: UUID, unit_ids: Collection[int]) -> RedemptionRecord:
    """The redemption, if one of the units honoured it.

    :raises NotFound: there is none, or it is another unit's
    """
    posting = (
        Posting.objects.filter(pk=posting_id, kind=PostingKind.REDEMPTION, unit_id__in=unit_ids)
        .select_related("unit", "program", "member")
        .first()
    )
    if posting is None:
        raise NotFound
    return RedemptionRecord(posting, shares_of(posting))


def shares_of(posting: Posting) -> tuple[Share, ...]:
    """What each wallet paid, as the posting keeps it."""
    said = (posting.detail or {}).get("shares", [])
    return tuple(Share(share["program"], share["spent"], share["covered"]) for share in said)


def program_codes(program_ids: Collection[int]) -> dict[int, str]:
    """The codes of programs by their ids."""
    return dict(Program.objects.filter(pk__in=program_ids).values_list("pk", "code"))
