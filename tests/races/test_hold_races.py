"""Holds under parallel tills. Each test was seen red without the wallet lock of hold_v1.sql."""

from collections import Counter

import pytest

from points.models import Lot
from points.refusals import HoldNotOpen, InsufficientPoints, ReferenceReused
from points.selectors.audit import audit
from points.services import holds
from points.services.reversal import reverse_accrual, reverse_redemption
from tests.factories import NOW, balance, give, make_member, make_program, make_unit, redeem
from tests.races.test_points_races import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]


def named(operation):
    def job():
        try:
            operation()
        except (HoldNotOpen, InsufficientPoints, ReferenceReused) as refusal:
            return refusal.code
        return "done"

    return job


def reserve(member, program, unit, source_ref, price=1000):
    return holds.hold_points(
        member=member, program=program, unit=unit, price=price, source_ref=source_ref, by="test", at=NOW
    ).hold


def test_six_holds_of_a_thousand_on_five_thousand_are_five():
    unit, member = make_unit(), make_member()
    program = make_program(owner=unit)
    give(member, program, 5000)

    answers = at_once(6, [named(lambda n=n: reserve(member, program, unit, f"sale-{n}")) for n in range(6)])

    assert Counter(answers) == {"done": 5, "insufficient_points": 1}
    assert sum(Lot.objects.values_list("held", flat=True)) == 5000
    assert audit().is_clean


def test_capture_void_and_time_out_at_once_end_a_hold_once():
    unit, member = make_unit(), make_member()
    program = make_program(owner=unit)
    give(member, program, 20_000)
    reserved = [reserve(member, program, unit, f"sale-{n}") for n in range(10)]

    def jobs(hold):
        return [
            named(lambda: holds.capture_hold(hold_id=hold.pk, units=[unit], points=700, by="test", at=NOW)),
            named(lambda: holds.capture_hold(hold_id=hold.pk, units=[unit], points=600, by="test", at=NOW)),
            named(lambda: holds.void_hold(hold_id=hold.pk, units=[unit], at=NOW)),
        ]

    at_once(6, [job for hold in reserved for job in jobs(hold)])

    for hold in reserved:
        hold.refresh_from_db()
    captured = sum(hold.posting.points for hold in reserved if hold.posting_id)
    assert {hold.status for hold in reserved} <= {"captured", "voided"}
    assert balance(member, program) == 20_000 - captured
    assert sum(Lot.objects.values_list("held", flat=True)) == 0
    assert audit().is_clean


def test_the_same_refund_and_cancellation_at_once_answer_the_first_to_all():
    unit, member = make_unit(), make_member()
    program = make_program(owner=unit)
    give(member, program, 100, source_ref="bought", unit=unit)
    redeem(member, program, 60, unit=unit, source_ref="paid")

    def cancel():
        back = {"unit": unit, "points": 60, "by": "test", "at": NOW}
        return reverse_redemption(redemption_ref="paid", source_ref="c", **back).posting.pk

    def refund():
        return reverse_accrual(
            unit=unit, accrual_ref="bought", points=100, source_ref="r", by="test", at=NOW
        ).posting.pk

    cancelled = at_once(8, [cancel for _ in range(24)])
    refunded = at_once(8, [refund for _ in range(24)])

    assert (len(set(cancelled)), len(set(refunded))) == (1, 1)
    assert balance(member, program) == 0
    assert audit().is_clean


def test_the_same_sale_held_fifty_times_at_once_holds_once():
    unit, member = make_unit(), make_member()
    program = make_program(owner=unit)
    # It covers one sale only: a twin that looked before it waited would find too little.
    give(member, program, 1000)

    answers = at_once(10, [lambda: reserve(member, program, unit, "sale").pk for _ in range(50)])

    assert len(set(answers)) == 1
    assert sum(Lot.objects.values_list("held", flat=True)) == 1000
