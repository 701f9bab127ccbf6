"""A share: what one wallet pays of a price."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """What one wallet pays: `spent` of its own points, worth `covered` points of the price's program."""

    program_id: int
    spent: int
    covered: int
