"""What a membership is good for beside points: benefits and the rights to them, rewards, vouchers."""

from benefits.models.benefit import Benefit, BenefitKind, Measure
from benefits.models.fact_set import FactSet, FactSetMember
from benefits.models.grant import EntitlementGrant, GrantCause, GrantEnd, GrantEnding
from benefits.models.grant_request import GrantLimit, GrantRequest, GrantRequestState
from benefits.models.reward import LimitPeriod, Reward, RewardKind, RewardPicture
from benefits.models.reward_order import OrderAct, OrderState, RewardOrder, RewardOrderEvent
from benefits.models.rule import EntitlementRule, PeriodZone, QuotaPeriod, Sharing
from benefits.models.stock import StockMove, StockMovement
from benefits.models.stock_row import Stock
from benefits.models.usage import EntitlementEntry, EntryKind, SpentCode
from benefits.models.version import BenefitVersion, Blackout, HonouringPlace, Payer
from benefits.models.voucher import Voucher, VoucherAct, VoucherEvent, VoucherState
from benefits.models.voucher_batch import VoucherBatch, VoucherKind
from benefits.models.voucher_export import ExportState, VoucherDownload, VoucherExport
from benefits.models.voucher_guard import CodeAttempt, OfflineEntry, OfflineList, OfflineOutcome, OfflineUse

__all__ = [
    "Benefit",
    "BenefitKind",
    "BenefitVersion",
    "Blackout",
    "CodeAttempt",
    "EntitlementEntry",
    "EntitlementGrant",
    "EntitlementRule",
    "EntryKind",
    "ExportState",
    "FactSet",
    "FactSetMember",
    "GrantCause",
    "GrantEnd",
    "GrantEnding",
    "GrantLimit",
    "GrantRequest",
    "GrantRequestState",
    "HonouringPlace",
    "LimitPeriod",
    "Measure",
    "OfflineEntry",
    "OfflineList",
    "OfflineOutcome",
    "OfflineUse",
    "OrderAct",
    "OrderState",
    "Payer",
    "PeriodZone",
    "QuotaPeriod",
    "Reward",
    "RewardKind",
    "RewardOrder",
    "RewardOrderEvent",
    "RewardPicture",
    "Sharing",
    "SpentCode",
    "Stock",
    "StockMove",
    "StockMovement",
    "Voucher",
    "VoucherAct",
    "VoucherBatch",
    "VoucherDownload",
    "VoucherEvent",
    "VoucherExport",
    "VoucherKind",
    "VoucherState",
]
