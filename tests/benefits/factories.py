"""Benefits to test with: each factory says only what matters and makes up the rest."""

from datetime import timedelta
from decimal import Decimal
from itertools import count

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from benefits.models import (
    Benefit,
    BenefitKind,
    BenefitVersion,
    Blackout,
    EntitlementGrant,
    EntitlementRule,
    HonouringPlace,
)
from benefits.selectors.entitlements import entitlements_of
from benefits.selectors.places import Spot
from benefits.services.usages import use_right
from members.models import Residency, Tier, TierCause
from members.services.tiers import hold_tier
from tests.factories import LONG_AGO, NOW, make_unit
from units.models import Venue

_serial = count(1)
FOREVER = DateTimeTZRange(LONG_AGO, None)


def make_venue(unit, code="", **fields):
    code = code or f"VENUE{next(_serial)}"
    return Venue.objects.create(unit=unit, code=code, **{"name_zh": "场所", "name_en": code} | fields)


def make_ladder():
    """Silver, Gold, Black by code."""
    return {
        code: Tier.objects.create(code=code, level=level, name_zh=zh, name_en=code.title())
        for level, (code, zh) in enumerate([("SILVER", "银卡"), ("GOLD", "金卡"), ("BLACK", "黑卡")])
    }


def put_on(member, tier, *, at=NOW):
    return hold_tier(member_id=member.pk, tier=tier, cause=TierCause.BY_HAND, evidence={}, by="test", at=at)


def make_benefit(*, kind="PARKING", provider=None, places=(), blackouts=(), code="", **fields):
    """A version in force for ever, honoured by its provider, or at `places` (units, venues or outlets)."""
    provider = provider or make_unit()
    benefit = Benefit.objects.create(
        code=code or f"BENEFIT{next(_serial)}", kind=BenefitKind.objects.get(code=kind), provider=provider
    )
    told = {"name_zh": "权益", "name_en": "Benefit", "terms_zh": "条款", "terms_en": "Terms"}
    version = BenefitVersion.objects.create(
        benefit=benefit,
        **{"during": FOREVER, "unit_value": Decimal("0.1"), "published_by": "test"} | told | fields,
    )
    for place in places or [provider]:
        HonouringPlace.objects.create(version=version, **_place(place))
    for starts_on, ends_on in blackouts:
        Blackout.objects.create(version=version, starts_on=starts_on, ends_on=ends_on)
    return benefit


def make_rule(benefit, amount=180, period="day", *, code="", **fields):
    return EntitlementRule.objects.create(
        benefit=benefit,
        code=code or f"RULE{next(_serial)}",
        amount=Decimal(amount),
        period=period,
        **{"during": FOREVER, "published_by": "test"} | fields,
    )


def make_grant(member, benefit, amount=1, **fields):
    return EntitlementGrant.objects.create(
        member=member,
        benefit=benefit,
        amount=Decimal(amount),
        **{
            "starts_at": NOW - timedelta(days=1),
            "ends_at": NOW + timedelta(days=30),
            "cause": "purchase",
            "unit": benefit.provider,
            "source_ref": f"grant-{next(_serial)}",
            "granted_by": "test",
            "granted_at": NOW - timedelta(days=1),
        }
        | fields,
    )


def reside(member, venue, role="tenant", starts_on=None, ends_on=None, **fields):
    return Residency.objects.create(
        member=member,
        venue=venue,
        role=role,
        starts_on=starts_on or LONG_AGO.date(),
        ends_on=ends_on,
        source_ref=f"lease-{next(_serial)}",
        **{"recorded_by": "test", "recorded_at": NOW, "changed_at": NOW} | fields,
    )


def rights(member, *, at=NOW, **how):
    return entitlements_of(member_id=member.pk, at=at, **how)


def only_right(member, *, at=NOW, **how):
    (found,) = rights(member, at=at, **how)
    return found


def use(member, amount, *, unit, right=None, at=NOW, source_ref="", venue=None, outlet=None, **how):
    """Use the member's only right, or `right`."""
    return use_right(
        right_id=right or only_right(member, at=at).id,
        member_id=member.pk,
        amount=Decimal(amount),
        spot=Spot(unit, venue, outlet),
        source_ref=source_ref or f"use-{next(_serial)}",
        by="test",
        at=at,
        **how,
    )


def _place(place):
    if isinstance(place, Venue):
        return {"unit": place.unit, "venue": place}
    if hasattr(place, "venue_id"):
        return {"unit": place.unit, "outlet": place}
    return {"unit": place}
