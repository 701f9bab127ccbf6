"""Operators' screens of benefits: the catalogue, who has what, what was given and what was used."""

from benefits.admin.benefit import BenefitAdmin, BenefitKindAdmin, BenefitVersionAdmin
from benefits.admin.entitlement_entry import EntitlementEntryAdmin
from benefits.admin.entitlement_grant import EntitlementGrantAdmin, GrantLimitAdmin, GrantRequestAdmin
from benefits.admin.entitlement_rule import EntitlementRuleAdmin, FactSetAdmin
from benefits.admin.rights_panel import entitlements_panel, usages_panel

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
    "entitlements_panel",
    "usages_panel",
]
