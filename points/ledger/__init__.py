"""The only Python that writes the ledger: each function is one call of the kernel (`points/sql/`).

The kernel answers by name. `posted` and `replayed` are results; every other outcome is a refusal
(`points/refusals.py`) and left nothing written. Points are whole numbers; instants are aware.
"""

from points.ledger.accruals import Accrual, accrue, accrue_many
from points.ledger.calls import Answer, Outcome
from points.ledger.carrying import Adjusted, Adjustment, adjust, adjust_many
from points.ledger.exchanges import Exchanged, Swap, exchange, exchange_many
from points.ledger.expiries import Swept, expire
from points.ledger.holds import (
    Capture,
    Held,
    capture_hold,
    capture_many,
    hold,
    hold_many,
    time_out_holds,
    void_hold,
    void_many,
)
from points.ledger.reversals import (
    PuttingBack,
    Reversed,
    TakingBack,
    reverse_accrual,
    reverse_accrual_many,
    reverse_redemption,
    reverse_redemption_many,
)
from points.ledger.spending import Spending, allocate, redeem, redeem_many

__all__ = [
    "Accrual",
    "Adjusted",
    "Adjustment",
    "Answer",
    "Capture",
    "Exchanged",
    "Held",
    "Outcome",
    "PuttingBack",
    "Reversed",
    "Spending",
    "Swap",
    "Swept",
    "TakingBack",
    "accrue",
    "accrue_many",
    "adjust",
    "adjust_many",
    "allocate",
    "capture_hold",
    "capture_many",
    "exchange",
    "exchange_many",
    "expire",
    "hold",
    "hold_many",
    "redeem",
    "redeem_many",
    "reverse_accrual",
    "reverse_accrual_many",
    "reverse_redemption",
    "reverse_redemption_many",
    "time_out_holds",
    "void_hold",
    "void_many",
]
