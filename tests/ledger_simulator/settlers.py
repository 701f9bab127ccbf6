"""Writes the little world into a database: units, programs, rates, members."""

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from members.models import Member
from points.models import ExchangeRate
from tests.factories import make_member, make_program, make_unit
from tests.ledger_simulator import world


def settle(members: int) -> None:
    """The rows of the world, under the ids that world.py gives; `members` people besides the frozen one."""
    units = {
        code: make_unit(code, id=number, is_active=code != world.CLOSED_UNIT)
        for number, code in enumerate((*world.UNITS, world.CLOSED_UNIT), 1)
    }
    made = {
        program.code: make_program(
            program.code, id=program.number, owner=units[program.owner], expiry_kind=program.expiry,
            expiry_count=program.count,
            time_zone=program.zone, reversal_policy=program.reversal, grace_days=program.grace_days,
            is_active=program.is_active,
        )
        for program in (*world.PROGRAMS, world.CLOSED_PROGRAM)
    }  # fmt: skip
    for rate in world.RATES:
        ExchangeRate.objects.create(
            source=made[rate.source], target=made[rate.target], numerator=rate.value.numerator,
            denominator=rate.value.denominator, cap_per_member_day=rate.cap,
            during=DateTimeTZRange(rate.starts_at, rate.ends_at),
        )  # fmt: skip
    make_member(id=world.member_id(world.FROZEN_MEMBER), number=f"{10**11:012d}", status="frozen")
    Member.objects.bulk_create(
        Member(id=world.member_id(number), number=f"{10**11 + number:012d}", joined_at=world.START)
        for number in range(1, members + 1)
    )
