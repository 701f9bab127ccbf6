"""A share: what one wallet pays of a price."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Share:
    """What one wallet pays: `spent` of its own points, worth `covered` points of the price's program."""

    program_id: int
    spent: int
    covered: int


def shares_kept(kept: Iterable[Mapping[str, Any]]) -> tuple[Share, ...]:
    """Shares as postings and holds keep them: in the order in which the wallets were asked."""
    return tuple(Share(share["program"], share["spent"], share["covered"]) for share in kept)
