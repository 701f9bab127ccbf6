"""Every door of the ledger as a function of a small world and of what is odd about a call."""

import itertools

import pytest
from django.db import connection

from common.errors import DomainError
from points.services.accrual import Grant, accrue_many, accrue_points
from points.services.exchange import exchange_points, quote_exchange
from points.services.expiry import expire_due_lots
from points.services.holds import capture_hold, hold_points, time_out_holds, void_hold
from points.services.redemption import quote_redemption, redeem_points
from points.services.reversal import reverse_accrual, reverse_payment, reverse_redemption
from tests.factories import (
    NOW,
    give,
    make_earn_rule,
    make_member,
    make_program,
    make_rate,
    make_unit,
    redeem,
)

TABLES = (
    *("points_posting", "points_entry", "points_lot", "points_draw", "points_wallet", "points_hold"),
    *("points_holdlot", "activities_activity"),
)
_serial = itertools.count(1)


class World:
    """600 mall and 500 hotel points, 1 hotel = 2 mall; a payment, a hold, an exchange, a refund."""

    def __init__(self):
        self.mall, self.hotel = make_unit("MALL"), make_unit("HOTEL", "hotel")
        self.program = make_program("MALL", owner=self.mall, expiry_kind="days", expiry_count=365)
        self.other = make_program("HOTEL", owner=self.hotel)
        make_rate(self.other, self.program, 2)
        make_rate(self.program, self.other, 1, 2)
        make_earn_rule(self.mall, self.program)
        self.member = make_member()
        give(self.member, self.program, 600, source_ref="r1")
        give(self.member, self.other, 500, source_ref="r2")
        self.paid = redeem(self.member, self.program, 100, unit=self.mall, source_ref="p1").posting
        self.hold = hold_points(
            member=self.member,
            program=self.program,
            unit=self.mall,
            price=50,
            source_ref="h1",
            by="t",
            at=NOW,
        ).hold
        self.done = exchange_points(
            member=self.member,
            source=self.program,
            target=self.other,
            points=20,
            source_ref="x1",
            by="t",
            at=NOW,
        ).posting
        reverse_redemption(unit=self.mall, redemption_ref="p1", points=10, source_ref="b1", by="t", at=NOW)

    def rows(self):
        """Every row of the ledger, as text."""
        with connection.cursor() as cursor:
            told = {}
            for table in TABLES:
                cursor.execute(f"SELECT t::text FROM {table} t ORDER BY 1")
                told[table] = cursor.fetchall()
        return told


def ref():
    return f"new-{next(_serial)}"


# The services, each as a function of the world and of what is odd; what is not odd is good.


def accrue(w, *, points=5, at=NOW, source_ref=None, **odd):
    member, program, unit = (odd.pop(name, getattr(w, default)) for name, default in WHO_AND_WHERE)
    return accrue_points(
        member=member,
        program=program,
        unit=unit,
        points=points,
        source_ref=source_ref or ref(),
        occurred_at=at,
        by="t",
        **odd,
    )


def accrue_batch(w, *, points=5, at=NOW, unit=None, program=None):
    grants = [Grant(w.member.pk, points, ref(), at)]
    (outcome,) = accrue_many(program=program or w.program, unit=unit or w.mall, grants=grants, by="t")
    return outcome.or_refuse()


def quote(w, *, points=5, at=NOW, **odd):
    member, program, unit = (odd.get(name, getattr(w, default)) for name, default in WHO_AND_WHERE)
    return quote_redemption(member=member, program=program, unit=unit, price=points, at=at)


def pay(w, *, points=5, at=NOW, source_ref=None, quote_token=None, service=redeem_points, **odd):
    member, program, unit = (odd.get(name, getattr(w, default)) for name, default in WHO_AND_WHERE)
    return service(
        member=member,
        program=program,
        unit=unit,
        price=points,
        source_ref=source_ref or ref(),
        by="t",
        at=at,
        quote_token=quote_token,
    )


def hold(w, **odd):
    return pay(w, service=hold_points, **odd)


def capture(w, *, points=5, at=NOW, hold_id=None, unit=None):
    return capture_hold(hold_id=hold_id or w.hold.pk, units=[unit or w.mall], points=points, by="t", at=at)


def void(w, *, at=NOW, hold_id=None, unit=None):
    return void_hold(hold_id=hold_id or w.hold.pk, units=[unit or w.mall], at=at)


def refund(w, *, points=5, at=NOW, accrual_ref="r1", source_ref=None, unit=None):
    return reverse_accrual(
        unit=unit or w.mall,
        accrual_ref=accrual_ref,
        points=points,
        source_ref=source_ref or ref(),
        by="t",
        at=at,
    )


def cancel(w, *, points=5, at=NOW, redemption_ref="p1", source_ref=None, unit=None):
    return reverse_redemption(
        unit=unit or w.mall,
        redemption_ref=redemption_ref,
        points=points,
        source_ref=source_ref or ref(),
        by="t",
        at=at,
    )


def give_back(w, *, points=5, at=NOW, payment_id=None, source_ref=None, unit=None):
    return reverse_payment(
        payment_id=payment_id or w.paid.pk,
        units=[unit or w.mall],
        points=points,
        source_ref=source_ref or ref(),
        by="t",
        at=at,
    )


def quote_swap(w, *, points=5, at=NOW, member=None, program=None):
    return quote_exchange(
        member=member or w.member, source=program or w.program, target=w.other, points=points, at=at
    )


def swap(w, *, points=5, at=NOW, source_ref=None, quote_token=None, member=None, program=None):
    return exchange_points(
        member=member or w.member,
        source=program or w.program,
        target=w.other,
        points=points,
        source_ref=source_ref or ref(),
        by="t",
        at=at,
        quote_token=quote_token,
    )


def sweep(w, *, at=NOW):
    return expire_due_lots(at=at)


def time_out(w, *, at=NOW):
    return time_out_holds(at=at)


WHO_AND_WHERE = (("member", "member"), ("program", "program"), ("unit", "mall"))


def refused(door, w, **odd):
    """The code of the refusal; anything that is no refusal is an error of the test."""
    with pytest.raises(DomainError) as refusal:
        door(w, **odd)
    return refusal.value.code
