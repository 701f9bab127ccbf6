"""The ledger's tables: programs and rates, which operators edit; the journal, which the kernel writes."""

from points.models.adjustment import (
    AdjustmentCategory,
    AdjustmentLimit,
    AdjustmentRequest,
    AdjustmentState,
)
from points.models.draw import Draw
from points.models.entry import Entry, HouseAccount
from points.models.exchange_rate import ExchangeRate
from points.models.hold import Hold, HoldLot, HoldStatus
from points.models.lot import Lot
from points.models.posting import Posting, PostingKind
from points.models.program import ExpiryKind, Program, ReversalPolicy
from points.models.rate_proposal import ProposalState, RateAct, RateProposal
from points.models.seal import Seal
from points.models.wallet import Wallet

__all__ = [
    "AdjustmentCategory",
    "AdjustmentLimit",
    "AdjustmentRequest",
    "AdjustmentState",
    "Draw",
    "Entry",
    "ExchangeRate",
    "ExpiryKind",
    "Hold",
    "HoldLot",
    "HoldStatus",
    "HouseAccount",
    "Lot",
    "Posting",
    "PostingKind",
    "Program",
    "ProposalState",
    "RateAct",
    "RateProposal",
    "ReversalPolicy",
    "Seal",
    "Wallet",
]
