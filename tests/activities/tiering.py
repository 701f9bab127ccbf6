"""A ladder, a scheme and people to test tiers with."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count

from django.contrib.auth.models import Permission, User
from django.db import transaction

from activities.models import CreditRule, LevelTerms, RoleTerms, TierScheme, UnitTierMatch
from activities.rules.reading import ActivityReport
from activities.services.recording import record_activities
from members.models import Tier

AT = datetime(2026, 6, 15, 4, tzinfo=UTC)
_serial = count(1)


def make_ladder():
    """Silver, Gold, Platinum, Black: levels 0 to 3."""
    names = [("SILVER", "银卡"), ("GOLD", "金卡"), ("PLATINUM", "铂金卡"), ("BLACK", "黑卡")]
    return [
        Tier.objects.create(code=code, level=level, name_zh=zh, name_en=code.title())
        for level, (code, zh) in enumerate(names)
    ]


def make_people(*names):
    return [User.objects.create_user(f"{name}{next(_serial)}") for name in names]


def hand(*codenames):
    """An operator with these rights."""
    user = User.objects.create_user(f"operator{User.objects.count()}", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return User.objects.get(pk=user.pk)


def make_scheme(
    *,
    asked=(None, 1000, 3000, 8000),
    rules=(("", "", "amount", "1"),),
    roles=(),
    matches=(),
    lifetime=(),
    starts_on=date(2016, 1, 1),
    approve=True,
    **fields,
):
    """An approved scheme. `asked`: credits of each level; `rules`: (sector, kind, basis, credits)."""
    maker, checker = make_people("maker", "checker")
    scheme = TierScheme.objects.create(
        version=next(_serial), starts_on=starts_on, made_by=maker, made_at=AT, **fields
    )
    tiers = list(Tier.objects.order_by("level"))
    for tier, needed in zip(tiers, asked, strict=False):
        life = dict(lifetime).get(tier.code, {})
        if needed is not None or life:
            LevelTerms.objects.create(scheme=scheme, tier=tier, credits=needed, **life)
    for sector, kind, basis, given in rules:
        unit = None if isinstance(sector, str) else sector
        CreditRule.objects.create(
            scheme=scheme,
            sector="" if unit else sector,
            unit=unit,
            kind=kind,
            basis=basis,
            credits=Decimal(given),
        )
    for terms in roles:
        RoleTerms.objects.create(scheme=scheme, **terms)
    for terms in matches:
        UnitTierMatch.objects.create(scheme=scheme, **terms)
    if approve:
        scheme.state, scheme.decided_by, scheme.decided_at = "approved", checker, AT
        scheme.save()
    return scheme


def sale(member, amount, *, day="2026-06-15", ref="", kind="purchase", **fields):
    return ActivityReport(
        source_ref=ref or f"sale-{next(_serial)}",
        kind=kind,
        member_ref=None,
        outlet_id=None,
        occurred_at=datetime.fromisoformat(f"{day}T04:00:00+00:00"),
        amount=Decimal(amount),
        currency="CNY",
        member_id=member.pk if member else None,
        **fields,
    )


def refund(of, amount, *, day="2026-06-15", ref=""):
    """Of the sale with the reference `of`; whose it is, the sale knows."""
    return sale(None, amount, day=day, ref=ref or f"refund-{next(_serial)}", kind="refund", refund_of=of)


def record(unit, *reports, at=AT):
    """Each answer is checked: nothing was refused."""
    with transaction.atomic():
        told = record_activities(unit=unit, reports=reports, by="test", at=at)
    for one in told:
        if one.refusal is not None:
            raise one.refusal
    return told
