"""Operators' screens of points: programs and rates to edit; the ledger to look at."""

from points.admin.adjustment import AdjustmentRequestAdmin
from points.admin.adjustment_limit import AdjustmentLimitAdmin
from points.admin.exchange_rate import ExchangeRateAdmin
from points.admin.hold import HoldAdmin
from points.admin.journal import DrawAdmin, EntryAdmin, PostingAdmin
from points.admin.member_moments import postings, wallet_tiles
from points.admin.member_panels import lots_panel, statement_panel, wallets_panel
from points.admin.program import ProgramAdmin
from points.admin.rate_proposal import RateProposalAdmin
from points.admin.seal import SealAdmin
from points.admin.wallet import LotAdmin, WalletAdmin

__all__ = [
    "AdjustmentLimitAdmin",
    "AdjustmentRequestAdmin",
    "DrawAdmin",
    "EntryAdmin",
    "ExchangeRateAdmin",
    "HoldAdmin",
    "LotAdmin",
    "PostingAdmin",
    "ProgramAdmin",
    "RateProposalAdmin",
    "SealAdmin",
    "WalletAdmin",
    "lots_panel",
    "postings",
    "statement_panel",
    "wallet_tiles",
    "wallets_panel",
]
