"""Things to test with: each factory says only what matters and makes up the rest."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from activities.models import EarnRule
from members.models import Member
from points.models import ExchangeRate, Posting, Program, Wallet
from points.services.accrual import accrue_points
from points.services.redemption import Redemption, redeem_points
from units.models import BusinessUnit, Outlet, Venue

NOW = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_serial = count(1)


def make_unit(code: str = "", sector: str = "mall", **fields: Any) -> BusinessUnit:
    code = code or f"UNIT{next(_serial)}"
    return BusinessUnit.objects.create(
        code=code, sector=sector, **{"name_zh": f"业态{code}", "name_en": f"Unit {code}"} | fields
    )


def make_outlet(unit: BusinessUnit, code: str = "", **fields: Any) -> Outlet:
    venue = Venue.objects.filter(unit=unit).first() or Venue.objects.create(
        unit=unit, code=f"V{next(_serial)}", name_zh="场所", name_en="Venue"
    )
    return Outlet.objects.create(
        unit=unit, venue=venue, code=code or f"S{next(_serial)}", **{"name": "Shop"} | fields
    )


def make_program(code: str = "", *, owner: BusinessUnit | None = None, **fields: Any) -> Program:
    code = code or f"PROGRAM{next(_serial)}"
    return Program.objects.create(
        code=code, owner=owner, **{"name_zh": f"积分{code}", "name_en": f"Points {code}"} | fields
    )


def make_member(**fields: Any) -> Member:
    return Member.objects.create(**{"number": f"{next(_serial):012d}", "joined_at": LONG_AGO} | fields)


def make_rate(
    source: Program,
    target: Program,
    numerator: int,
    denominator: int = 1,
    *,
    starts_at: datetime = LONG_AGO,
    ends_at: datetime | None = None,
) -> ExchangeRate:
    """`denominator` points of `source` = `numerator` points of `target`."""
    return ExchangeRate.objects.create(
        source=source,
        target=target,
        numerator=numerator,
        denominator=denominator,
        during=DateTimeTZRange(starts_at, ends_at),
    )


def make_earn_rule(unit: BusinessUnit | None, program: Program, rate: str = "1", **fields: Any) -> EarnRule:
    return EarnRule.objects.create(
        unit=unit,
        program=program,
        points_per_currency_unit=Decimal(rate),
        **{
            "code": f"{unit.code if unit else 'ALL'}-{program.code}",
            "during": DateTimeTZRange(LONG_AGO, None),
        }
        | fields,
    )


def give(
    member: Member,
    program: Program,
    points: int,
    *,
    unit: BusinessUnit | None = None,
    source_ref: str = "",
    occurred_at: datetime = NOW - timedelta(days=1),
    **fields: Any,
) -> Posting:
    return accrue_points(
        member=member,
        program=program,
        unit=unit or program.owner or make_unit(),
        points=points,
        source_ref=source_ref or f"give-{next(_serial)}",
        occurred_at=occurred_at,
        **{"by": "test"} | fields,
    )


def redeem(
    member: Member,
    program: Program,
    price: int,
    *,
    unit: BusinessUnit,
    source_ref: str = "",
    at: datetime = NOW,
    **fields: Any,
) -> Redemption:
    return redeem_points(
        member=member,
        program=program,
        unit=unit,
        price=price,
        source_ref=source_ref or f"redeem-{next(_serial)}",
        at=at,
        **{"by": "test"} | fields,
    )


def balance(member: Member, program: Program) -> int:
    wallet = Wallet.objects.filter(member=member, program=program).first()
    return wallet.balance if wallet else 0
