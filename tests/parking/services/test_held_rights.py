"""Free hours in an order that waits for its money: held, then used, let go or given back with the order."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from benefits.models import EntitlementEntry
from benefits.selectors.audit_rights import RIGHTS_CHECKS
from parking.models import ParkingOrder, Payment
from parking.selectors.audit import parking_disagreements
from parking.services.payments import charge_of, hear_notice, refund_order, settle_due
from parking.services.sandbox import SandboxProvider, customer_pays
from points.selectors.audit.checks import Scope
from tests.benefits.factories import make_benefit, make_rule, only_right
from tests.factories import NOW, make_unit
from tests.parking.places import come, hours, make_car_park, parts_of, pay

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def waiting(driver):
    """Five hours are ¥25, two of them by a right: ¥15 are awaited."""
    mall = make_unit("MALL")
    car_park = make_car_park(mall)
    make_rule(make_benefit(provider=mall), 120, "day")
    placed = pay(come(car_park), driver, hours(5))
    assert parts_of(placed.order) == [("right", "10.00", 120), ("money", "15.00", 0)]
    assert kinds() == ["hold"]
    assert left(driver) == 0
    return placed


@pytest.fixture(autouse=True)
def books_agree():
    yield
    with connection.cursor() as cursor:
        found = [row for check in RIGHTS_CHECKS for row in check.found(cursor, Scope())[0]]
    assert (found, parking_disagreements()) == ([], [])


def kinds():
    return list(EntitlementEntry.objects.order_by("place").values_list("kind", flat=True))


def left(driver):
    return only_right(driver, at=hours(5)).left


def notify(payment, at, **how):
    checkout = SandboxProvider().checkout(charge_of(payment), at=NOW)
    headers, body = customer_pays(checkout=checkout, at=at, **how)
    return hear_notice(provider="sandbox", headers=headers, body=body, at=at)


def test_the_money_makes_the_usage_of_what_was_held(waiting, driver):
    notify(waiting.payment, hours(5) + MINUTE)
    notify(waiting.payment, hours(5) + 2 * MINUTE)

    hold, usage = EntitlementEntry.objects.order_by("place")
    assert (usage.kind, usage.of, usage.amount, usage.taken_after) == ("use", hold, 120, 120)
    assert left(driver) == 0


def test_after_a_failed_payment_it_stays_held_for_the_next(waiting, driver):
    assert notify(waiting.payment, hours(5), is_refused=True).state == "failed"
    assert (kinds(), left(driver)) == (["hold"], 0)

    again = pay(waiting.order.session, driver, hours(5) + MINUTE)
    notify(again.payment, hours(5) + 2 * MINUTE)

    assert kinds() == ["hold", "use"]


def test_an_order_that_ran_out_lets_it_go_and_the_next_has_it_again(waiting, driver):
    settle_due(by="test", at=hours(5) + 10 * MINUTE)

    assert kinds() == ["hold", "release"]
    assert left(driver) == 120
    fresh = pay(waiting.order.session, driver, hours(5) + 11 * MINUTE).order
    assert parts_of(fresh)[0][0] == "right"


def test_money_that_comes_late_goes_back_and_takes_no_right(waiting, driver):
    settle_due(by="test", at=hours(5) + 10 * MINUTE)

    late = notify(waiting.payment, hours(6))
    settle_due(by="test", at=hours(6))

    late.refresh_from_db()
    assert (late.state, kinds(), left(driver)) == ("refunded", ["hold", "release"], 120)


def test_a_refund_gives_the_hours_back_once(waiting, driver):
    notify(waiting.payment, hours(5))

    refund_order(order_id=waiting.order.pk, reason="broken barrier", by="user:1", at=hours(6))

    assert (kinds(), left(driver)) == (["hold", "use", "restore"], 120)
    assert Payment.objects.get().state == "refunded"


def test_what_ended_while_it_was_held_is_still_used_when_the_money_comes(waiting, driver):
    """The order was placed while the right stood: its price does not change under who is paying."""
    rule = only_right(driver, at=hours(5)).right.rule
    rule.during = type(rule.during)(rule.during.lower, hours(5) + MINUTE)
    rule.save(update_fields=["during"])

    notify(waiting.payment, hours(5) + 2 * MINUTE)

    assert ParkingOrder.objects.get().state == "paid"
    assert kinds() == ["hold", "use"]
    assert EntitlementEntry.objects.get(kind="use").value >= Decimal(0)
