"""The lines of a report: the articles of a receipt, the positions of a folio."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

LINES_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class LineReport:
    """One line: its number (of a refund: that of the sale's line) and its amount after discounts.

    `amount` None is possible in a refund only: all of the line that still stands.
    """

    number: int
    amount: Decimal | None
    category: str = ""
    item: str = ""
    quantity: Decimal | None = None


def digest_of(lines: Sequence[LineReport]) -> str:
    """SHA-256 of the lines in hexadecimal digits, the same for the same content; of no lines: empty."""
    if not lines:
        return ""
    told = "\x1e".join(
        "\x1f".join(
            (
                str(line.number),
                "" if line.amount is None else f"{line.amount:.2f}",
                line.category,
                line.item,
                "" if line.quantity is None else f"{line.quantity:.3f}",
            )
        )
        for line in sorted(lines, key=lambda line: line.number)
    )
    return hashlib.sha256(told.encode()).hexdigest()
