"""Operators' screens of benefits: the catalogue of rights, rewards and vouchers, what was given and used."""

from benefits.admin.benefit import BenefitAdmin, BenefitKindAdmin, BenefitVersionAdmin
from benefits.admin.entitlement_entry import EntitlementEntryAdmin
from benefits.admin.entitlement_grant import EntitlementGrantAdmin, GrantLimitAdmin, GrantRequestAdmin
from benefits.admin.entitlement_rule import EntitlementRuleAdmin, FactSetAdmin
from benefits.admin.reward import RewardAdmin
from benefits.admin.reward_order import RewardOrderAdmin
from benefits.admin.rights_panel import entitlements_panel, usages_panel
from benefits.admin.stock import StockAdmin
from benefits.admin.voucher import OfflineUseAdmin, VoucherAdmin
from benefits.admin.voucher_batch import VoucherBatchAdmin
from benefits.admin.voucher_export import VoucherExportAdmin

__all__ = [
    "BenefitAdmin",
    "BenefitKindAdmin",
    "BenefitVersionAdmin",
    "EntitlementEntryAdmin",
    "EntitlementGrantAdmin",
    "EntitlementRuleAdmin",
    "FactSetAdmin",
    "GrantLimitAdmin",
    "GrantRequestAdmin",
    "OfflineUseAdmin",
    "RewardAdmin",
    "RewardOrderAdmin",
    "StockAdmin",
    "VoucherAdmin",
    "VoucherBatchAdmin",
    "VoucherExportAdmin",
    "entitlements_panel",
    "usages_panel",
]
