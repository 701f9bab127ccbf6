"""The demo's ladder: four levels, one scheme that every sector feeds, in force from the beginning."""

from datetime import datetime
from decimal import Decimal
from typing import Final

from django.contrib.auth.models import User

from activities.models import CreditRule, LevelTerms, RoleTerms, TierScheme, UnitTierMatch
from activities.services.tier_schemes import approve_scheme, draft_scheme, propose_scheme
from members.models import Tier
from units.models import BusinessUnit, Sector

# Code, names, and the credits that the level asks in twelve months.
LEVELS: Final = (
    ("SILVER", "银卡", "Silver", None),
    ("GOLD", "金卡", "Gold", Decimal(2_000)),
    ("PLATINUM", "铂金卡", "Platinum", Decimal(8_000)),
    ("BLACK", "黑卡", "Black", Decimal(30_000)),
)
# Sector, kind, basis, credits: a yuan weighs what it leaves with the group.
RULES: Final = (
    (Sector.MALL, "", "amount", "1"),
    (Sector.HOTEL, "", "amount", "1.2"),
    (Sector.HOTEL, "stay", "quantity", "50"),
    (Sector.RESIDENTIAL, "", "amount", "0.5"),
    (Sector.OFFICE, "", "amount", "0.05"),
    ("", "event", "activity", "20"),
)


def found_ladder(*, proposer: User, approver: User, at: datetime) -> None:
    """The levels, and a scheme that two people agreed on. What is there already stays as it is."""
    for level, (code, name_zh, name_en, _asked) in enumerate(LEVELS):
        if not Tier.objects.filter(code=code).exists():
            Tier.objects.create(code=code, level=level, name_zh=name_zh, name_en=name_en)
    if TierScheme.objects.exists():
        return
    draft = draft_scheme(by=proposer, at=at, starts_on=at.date(), reason="首个方案 · The first scheme")
    _write(draft)
    asked = propose_scheme(scheme=draft, by=proposer, at=at)
    approve_scheme(scheme=asked, by=approver, at=at)


def _write(draft: TierScheme) -> None:
    tiers = {tier.code: tier for tier in Tier.objects.all()}
    for code, _zh, _en, asked in LEVELS:
        if asked is not None:
            for_life = Decimal(200_000) if code == "PLATINUM" else None
            LevelTerms.objects.create(
                scheme=draft, tier=tiers[code], credits=asked, lifetime_credits=for_life
            )
    for sector, kind, basis, given in RULES:
        CreditRule.objects.create(scheme=draft, sector=sector, kind=kind, basis=basis, credits=Decimal(given))
    RoleTerms.objects.create(scheme=draft, role="owner", at_least=tiers["GOLD"], grace_days=90)
    RoleTerms.objects.create(scheme=draft, role="tenant", credits_per_month=Decimal(30))
    hotel = BusinessUnit.objects.filter(sector=Sector.HOTEL).order_by("code").first()
    if hotel is not None:
        for unit_tier, code in (("Gold", "GOLD"), ("Platinum", "PLATINUM")):
            UnitTierMatch.objects.create(
                scheme=draft, unit=hotel, unit_tier=unit_tier, tier=tiers[code], valid_months=24
            )
