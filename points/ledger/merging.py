"""What a merge asks of the kernel beyond moving wallets: the locks, and where an alias's points go on."""

from collections.abc import Sequence
from uuid import UUID

from common.sql import plain_array
from points.ledger.calls import every


def lock_merging(*, member_ids: Sequence[UUID], into_id: UUID) -> None:
    """Take the locks of all these members' wallets and of `into_id`'s, in the one order.

    They are held to the end of the transaction. The wallets that `into_id` will need are made before.
    """
    every("SELECT points_lock_merging(%s::uuid[], %s)", [plain_array(member_ids), into_id])


def point_wallets(*, member_ids: Sequence[UUID], into_id: UUID | None) -> None:
    """Say that what still comes to these members' wallets goes on to `into_id`'s; None: it stays there."""
    every("SELECT points_point_wallets(%s::uuid[], %s)", [plain_array(member_ids), into_id])
