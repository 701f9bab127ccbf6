"""The demo's property group: four units, their places, their points, what those are worth, the ladder."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import permutations

from django.db import transaction
from psycopg2.extras import DateTimeTZRange

from activities.models import EarnRule
from loyalty.demo.benefits import offer_benefits
from loyalty.demo.offices import open_offices
from loyalty.demo.parking import open_car_parks
from loyalty.demo.tiers import found_ladder
from points.models import ExchangeRate, ExpiryKind, Program
from points.services.rates import RateTerms, publish_rate
from units.models import BusinessUnit, Outlet, Sector, Venue

# Rates and rules are older than any activity that an import takes.
IN_FORCE_SINCE = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Points:
    """A unit's points: how long they live, what one costs (CNY), how many a currency unit earns."""

    name_zh: str
    name_en: str
    expiry_kind: ExpiryKind
    expiry_count: int
    unit_cost: Decimal
    earned_per_unit: Decimal
    worth: Fraction
    """In mall points. All rates come from it, so that no round trip gains."""


@dataclass(frozen=True, slots=True)
class Place:
    """A venue and the desk where it takes payments."""

    code: str
    name_zh: str
    name_en: str
    desk: str


@dataclass(frozen=True, slots=True)
class Business:
    """A unit of the group."""

    code: str
    sector: Sector
    name_zh: str
    name_en: str
    places: tuple[Place, ...]
    points: Points


MALL = Business(
    "MALL",
    Sector.MALL,
    "云杉广场",
    "Spruce Plaza",
    (Place("PLAZA", "云杉广场", "Spruce Plaza", "PLAZA-DESK"),),
    Points("广场积分", "Plaza points", ExpiryKind.MONTH_END, 6, Decimal("0.01"), Decimal(1), Fraction(1)),
)
HOTEL = Business(
    "HOTEL",
    Sector.HOTEL,
    "云杉酒店",
    "Spruce Hotels",
    (
        Place("LAKE", "云杉湖畔酒店", "Spruce Lake Hotel", "LAKE-DESK"),
        Place("CITY", "云杉城市酒店", "Spruce City Hotel", "CITY-DESK"),
    ),
    Points("酒店积分", "Hotel points", ExpiryKind.DAYS, 240, Decimal("0.02"), Decimal(1), Fraction(2)),
)
HOMES = Business(
    "HOMES",
    Sector.RESIDENTIAL,
    "云杉物业",
    "Spruce Homes",
    (
        Place("NORTH", "云杉北苑", "Spruce North Court", "NORTH-DESK"),
        Place("SOUTH", "云杉南苑", "Spruce South Court", "SOUTH-DESK"),
    ),
    Points("业主积分", "Home points", ExpiryKind.YEAR_END, 0, Decimal("0.01"), Decimal("0.5"), Fraction(1)),
)
OFFICE = Business(
    "OFFICE",
    Sector.OFFICE,
    "云杉中心",
    "Spruce Tower",
    (Place("TOWER", "云杉中心大厦", "Spruce Tower", "TOWER-DESK"),),
    Points(
        "商务积分", "Office points", ExpiryKind.NEVER, 0, Decimal("0.005"), Decimal("0.1"), Fraction(1, 2)
    ),
)
GROUP = (HOMES, MALL, HOTEL, OFFICE)


@transaction.atomic
def found_group(*, stores: Iterable[str] = ()) -> dict[str, BusinessUnit]:
    """The four units by code, with all that belongs to them; `stores` are codes of the mall's shops.

    What is there already stays as it is.
    """
    units = {business.code: _found(business) for business in GROUP}
    programs = {program.code: program for program in Program.objects.filter(code__in=units)}
    proposer, approver = open_offices()
    for source, target in permutations(GROUP, 2):
        worth = source.points.worth / target.points.worth
        pair = {"source": programs[source.code], "target": programs[target.code]}
        if not ExchangeRate.objects.filter(**pair).exists():
            publish_rate(
                **pair,
                terms=RateTerms(
                    numerator=worth.numerator,
                    denominator=worth.denominator,
                    starts_at=IN_FORCE_SINCE,
                    ends_at=None,
                ),
                is_successor=False,
                proposed_by=proposer,
                approved_by=approver,
                at=IN_FORCE_SINCE,
            )
    found_ladder(proposer=proposer, approver=approver, at=IN_FORCE_SINCE)
    offer_benefits(units, since=IN_FORCE_SINCE)
    plaza = Venue.objects.get(code=MALL.places[0].code)
    shops = [
        Outlet(unit=units[MALL.code], venue=plaza, code=code, name=f"{code} 号店 · Shop {code}")
        for code in stores
    ]
    Outlet.objects.bulk_create(shops, ignore_conflicts=True)
    open_car_parks(units.values(), since=IN_FORCE_SINCE)
    return units


def _found(business: Business) -> BusinessUnit:
    unit, _ = BusinessUnit.objects.get_or_create(
        code=business.code,
        defaults={
            "name_zh": business.name_zh,
            "name_en": business.name_en,
            "sector": business.sector,
            "currency": "CNY",
        },
    )
    for place in business.places:
        venue, _ = Venue.objects.get_or_create(
            code=place.code, defaults={"unit": unit, "name_zh": place.name_zh, "name_en": place.name_en}
        )
        Outlet.objects.get_or_create(
            unit=unit,
            code=place.desk,
            defaults={"venue": venue, "name": f"{place.name_zh}服务台 · {place.name_en} desk"},
        )
    points = business.points
    program, _ = Program.objects.get_or_create(
        code=business.code,
        defaults={
            "name_zh": points.name_zh,
            "name_en": points.name_en,
            "owner": unit,
            "expiry_kind": points.expiry_kind,
            "expiry_count": points.expiry_count,
            "unit_cost": points.unit_cost,
            "currency": unit.currency,
        },
    )
    if not EarnRule.objects.filter(unit=unit, program=program).exists():
        EarnRule.objects.create(
            code=f"{unit.code}-BASE",
            name_zh=f"{unit.name_zh}基础积分",
            name_en=f"{unit.name_en} base rate",
            unit=unit,
            program=program,
            points_per_currency_unit=points.earned_per_unit,
            during=DateTimeTZRange(IN_FORCE_SINCE, None),
        )
    return unit
