"""What a membership is good for beside points: benefits, the rights to them, and what was used."""

from benefits.models.benefit import Benefit, BenefitKind, Measure
from benefits.models.fact_set import FactSet, FactSetMember
from benefits.models.grant import EntitlementGrant, GrantCause, GrantEnd, GrantEnding
from benefits.models.grant_request import GrantLimit, GrantRequest, GrantRequestState
from benefits.models.rule import EntitlementRule, PeriodZone, QuotaPeriod, Sharing
from benefits.models.usage import EntitlementEntry, EntryKind, SpentCode
from benefits.models.version import BenefitVersion, Blackout, HonouringPlace, Payer

__all__ = [
    "Benefit",
    "BenefitKind",
    "BenefitVersion",
    "Blackout",
    "EntitlementEntry",
    "EntitlementGrant",
    "EntitlementRule",
    "EntryKind",
    "FactSet",
    "FactSetMember",
    "GrantCause",
    "GrantEnd",
    "GrantEnding",
    "GrantLimit",
    "GrantRequest",
    "GrantRequestState",
    "HonouringPlace",
    "Measure",
    "Payer",
    "PeriodZone",
    "QuotaPeriod",
    "Sharing",
    "SpentCode",
]
