"""Who is erased gives up their points: taken by adjustments, so that the books say where they went."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from points import ledger
from points.models import Hold, HoldStatus, Lot
from points.selectors.balances import WalletSummary, wallet_summaries

REASON: Final = "erasure"


def forfeit_points(*, member_ids: Collection[UUID], by: str, at: datetime) -> int:
    """Take what the members could spend now. Returns the points taken, of all programs together.

    Pending points and what stands against a debt stay until they expire; a debt stays. Safe to repeat.
    """
    return sum(
        _forfeit(member_id, summary, by, at)
        for member_id in sorted(member_ids)
        for summary in wallet_summaries(member_id=member_id, at=at)
        if summary.available
    )


def has_open_hold(*, member_ids: Collection[UUID]) -> bool:
    """Whether points of these members are held for a sale in progress."""
    return Hold.objects.filter(member_id__in=member_ids, status=HoldStatus.OPEN).exists()


def _forfeit(member_id: UUID, summary: WalletSummary, by: str, at: datetime) -> int:
    lots = Lot.objects.filter(member_id=member_id, program=summary.program, is_open=True)
    answer = ledger.adjust(
        ledger.Adjustment(
            member_id=member_id,
            program_id=summary.program.pk,
            # The unit that gave the oldest of them: its liability ends.
            unit_id=lots.order_by("id").values_list("issuer_id", flat=True)[:1].get(),
            points=-summary.available,
            source_ref=f"erasure:{member_id}:{summary.program.code}",
            at=at,
            expires_at=None,
            unit_cost=summary.program.unit_cost,
            rolls=False,
            reason=REASON,
        ),
        actor=by,
    )
    answer.or_refuse(asked=summary.available)
    return summary.available
