"""The only Python that writes the ledger: each function is one call of the kernel (`points/sql/`).

The kernel answers by name. `posted` and `replayed` are results; every other outcome is a refusal
(`points/refusals.py`) and left nothing written. Points are whole numbers; instants are aware.
"""

from points.ledger.accruals import Accrual, accrue, accrue_many
from points.ledger.calls import Answer, Outcome
from points.ledger.carrying import Adjusted, Adjustment, adjust, adjust_many
from points.ledger.exchanges import Exchanged, Swap, exchange
from points.ledger.expiries import Swept, expire
from points.ledger.holds import Held, capture_hold, hold, time_out_holds, void_hold
from points.ledger.reversals import Reversed, reverse_accrual, reverse_redemption
from points.ledger.spending import Spending, allocate, redeem, redeem_many

__all__ = [
    "Accrual",
    "Adjusted",
    "Adjustment",
    "Answer",
    "Exchanged",
    "Held",
    "Outcome",
    "Reversed",
    "Spending",
    "Swap",
    "Swept",
    "accrue",
    "accrue_many",
    "adjust",
    "adjust_many",
    "allocate",
    "capture_hold",
    "exchange",
    "expire",
    "hold",
    "redeem",
    "redeem_many",
    "reverse_accrual",
    "reverse_redemption",
    "time_out_holds",
    "void_hold",
]
