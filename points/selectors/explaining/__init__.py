"""What any balance, lot or posting is made of: sums that end in the figure, and the words for them.

"4,320 = 7 lots (5,100) − 3 redemptions (780); 800 expire after 31 March, issued by Hotel under rule 12 v3".
"""

from points.selectors.explaining.balance import (
    BalanceExplanation,
    Ending,
    LotGroup,
    explain_balance,
    explain_wallet,
)
from points.selectors.explaining.lot import (
    Ancestor,
    LotDraw,
    LotExplanation,
    Origin,
    explain_lot,
)
from points.selectors.explaining.lots_then import lots_standing
from points.selectors.explaining.owed import Owed
from points.selectors.explaining.posting import (
    Conversion,
    PostingExplanation,
    WalletSum,
    explain_posting,
    explain_redemption,
)
from points.selectors.explaining.terms import Term

__all__ = [
    "Ancestor",
    "BalanceExplanation",
    "Conversion",
    "Ending",
    "LotDraw",
    "LotExplanation",
    "LotGroup",
    "Origin",
    "Owed",
    "PostingExplanation",
    "Term",
    "WalletSum",
    "explain_balance",
    "explain_lot",
    "explain_posting",
    "explain_redemption",
    "explain_wallet",
    "lots_standing",
]
