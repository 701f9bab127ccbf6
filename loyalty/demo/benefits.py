"""The demo's benefits: a handful for four sectors, so that every screen has something to show."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from benefits.models import Benefit, BenefitKind, EntitlementRule, Payer, QuotaPeriod, Sharing
from benefits.selectors.places import Spot
from benefits.services.catalogue import RuleTerms, VersionTerms, publish_rule, publish_version
from members.models import ResidencyRole
from units.models import BusinessUnit

_BY: Final = "demo"


@dataclass(frozen=True, slots=True)
class _Offer:
    """A benefit, who honours it beside its provider, and who has how much of it."""

    code: str
    kind: str
    provider: str
    honoured_by: tuple[str, ...]
    words: VersionTerms
    rules: tuple[tuple[str, RuleTerms], ...]


def _words(  # noqa: PLR0917 -- two languages, twice, side by side
    zh: str, en: str, terms_zh: str, terms_en: str, value: str, payer: Payer
) -> VersionTerms:
    return VersionTerms(zh, en, terms_zh, terms_en, Decimal(value), payer=payer)


_OFFERS: Final = (
    _Offer(
        "FREE-PARKING", "PARKING", "MALL", ("MALL", "HOTEL", "OFFICE"),
        _words(
            "免费停车", "Free parking", "每天一小时，集团各停车场通用。",
            "An hour a day, at every car park of the group.", "0.10", Payer.PROVIDER,
        ),
        (("PARKING-ALL", RuleTerms(Decimal(60), QuotaPeriod.DAY, sharing=Sharing.HOUSEHOLD)),),
    ),
    _Offer(
        "RESIDENT-PARKING", "PARKING", "HOMES", ("MALL",),
        _words(
            "业主停车", "Residents' parking", "业主每月六小时，与同住家属共用。",
            "Six hours a month for owners, shared with the family of the home.", "0.10", Payer.PROVIDER,
        ),
        (
            (
                "PARKING-OWNERS",
                RuleTerms(
                    Decimal(360), QuotaPeriod.MONTH, role=ResidencyRole.OWNER, sharing=Sharing.HOME,
                    is_pro_rata=True,
                ),
            ),
        ),
    ),
    _Offer(
        "LATE-CHECKOUT", "LATE_CHECKOUT", "HOTEL", ("HOTEL",),
        _words(
            "延迟退房", "Late check-out", "可延至 14:00，视房态而定。",
            "Until 14:00, if the room is free.", "80", Payer.HONOURING,
        ),
        (
            (
                "LATE-CHECKOUT-GUESTS",
                RuleTerms(Decimal(1), QuotaPeriod.STAY, role=ResidencyRole.HOTEL_GUEST),
            ),
        ),
    ),
    _Offer(
        "TOWER-MEETING", "MEETING_ROOM", "OFFICE", ("OFFICE",),
        _words(
            "会议室", "Meeting rooms", "租户员工每季度四小时。",
            "Four hours a quarter for people of the tower.", "2", Payer.PROVIDER,
        ),
        (
            (
                "MEETING-OCCUPANTS",
                RuleTerms(Decimal(240), QuotaPeriod.QUARTER, role=ResidencyRole.OFFICE_OCCUPANT),
            ),
        ),
    ),
    _Offer(
        "BIRTHDAY", "BIRTHDAY_GIFT", "MALL", ("MALL", "HOTEL"),
        _words(
            "生日礼", "Birthday gift", "生日当月一份甜品。", "A dessert in the month of your birthday.", "28",
            Payer.GROUP,
        ),
        (("BIRTHDAY-ALL", RuleTerms(Decimal(1), QuotaPeriod.YEAR, in_birth_month=True)),),
    ),
)  # fmt: skip


def offer_benefits(units: Mapping[str, BusinessUnit], *, since: datetime) -> int:
    """Publish them, in force since `since`. What is there already stays. Returns how many are new."""
    known = set(Benefit.objects.values_list("code", flat=True))
    fresh = [offer for offer in _OFFERS if offer.code not in known]
    for offer in fresh:
        kind = BenefitKind.objects.get(code=offer.kind)
        benefit = Benefit.objects.create(code=offer.code, kind=kind, provider=units[offer.provider])
        publish_version(
            benefit=benefit,
            terms=offer.words,
            places=[Spot(units[code]) for code in offer.honoured_by],
            starts_at=since,
            by=_BY,
        )
        for code, terms in offer.rules:
            if not EntitlementRule.objects.filter(code=code).exists():
                publish_rule(code=code, benefit=benefit, terms=terms, starts_at=since, by=_BY)
    return len(fresh)
