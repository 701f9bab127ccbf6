"""Orders: paid wholly or not at all, from every source, within the caps, and given back whole."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from activities.models import Activity
from benefits.models import Voucher
from members.models import IdentityKind
from parking.models import (
    ParkingOrder,
    ParkingSession,
    Payment,
    PointsPaid,
    ReceiptUse,
    SandboxCharge,
    Vehicle,
)
from parking.selectors.audit import parking_disagreements
from parking.selectors.plans import decided
from parking.services.ordering import NothingDue, ParkingQuoteChanged
from parking.services.payments import (
    AmountDiffers,
    OrderNotPaid,
    charge_of,
    hear_notice,
    refund_order,
    settle_due,
)
from parking.services.providers import NoticeForged
from parking.services.sandbox import SandboxProvider, customer_pays, signed_notice
from points.models import Hold
from points.selectors.audit import audit
from tests.benefits.vouchers import issue, make_vouchers_of
from tests.factories import NOW, balance, give, make_outlet, make_program, make_unit
from tests.parking.places import allow, come, hours, leave, make_car_park, parts_of, pay

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(mall):
    return make_program("MALLPT", owner=mall)


@pytest.fixture
def car_park(mall, program):
    made = make_car_park(mall)
    allow(made, program=program, points_per_unit=40)
    return made


@pytest.fixture
def session(car_park, driver):
    return come(car_park)


@pytest.fixture(autouse=True)
def parts_add_up():
    """What the database checks at commit is checked in a test that never commits."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert parking_disagreements() == []


def buy(member, unit, amount, at=NOW, **fields):
    return Activity.objects.create(
        unit=unit,
        source_ref=f"r{Activity.objects.count()}",
        kind="purchase",
        member=member,
        outlet=make_outlet(unit),
        occurred_at=at,
        amount=Decimal(amount),
        currency="CNY",
        **fields,
    )


def checkout_of(payment):
    return SandboxProvider().checkout(charge_of(payment), at=NOW)


def notify(payment, at, **how):
    headers, body = customer_pays(checkout=checkout_of(payment), at=at, **how)
    return hear_notice(provider="sandbox", headers=headers, body=body, at=at)


def test_receipts_vouchers_points_and_money_pay_in_one_order(session, driver, mall, program):
    buy(driver, mall, 160)
    give(driver, program, 200)
    issue(make_vouchers_of(mall, mall, kind="parking_hours", minutes=60), member=driver)

    order = pay(session, driver, hours(5)).order

    assert parts_of(order) == [
        ("receipt", "5.00", 60),
        ("voucher_hours", "5.00", 60),
        ("points", "5.00", 200),
        ("money", "10.00", 0),
    ]
    assert (order.state, order.fee) == ("placed", Decimal("25.00"))
    assert Hold.objects.get().status == "open"
    assert Voucher.objects.get().state == "locked"


def test_the_money_makes_everything_final(session, driver, mall, program):
    buy(driver, mall, 160)
    give(driver, program, 200)
    issue(make_vouchers_of(mall, mall, kind="parking_hours", minutes=60), member=driver)
    placed = pay(session, driver, hours(5))

    paid = notify(placed.payment, hours(5) + timedelta(minutes=1))

    order = ParkingOrder.objects.get()
    assert (paid.state, order.state) == ("succeeded", "paid")
    assert order.leave_before == hours(5) + timedelta(minutes=16)
    assert (balance(driver, program), Voucher.objects.get().state) == (0, "used")
    assert PointsPaid.objects.get().posting.points == 200
    assert leave(session.car_park, hours(5) + timedelta(minutes=10)).opens
    assert audit().is_clean


def test_a_notice_twice_is_one_payment(session, driver, program):
    give(driver, program, 100)
    placed = pay(session, driver, hours(5))

    first, second = (notify(placed.payment, hours(5)) for _ in range(2))

    assert (first.state, second.state) == ("succeeded", "succeeded")
    assert balance(driver, program) == 0
    assert PointsPaid.objects.count() == 1


def test_paying_again_answers_the_order_that_waits(session, driver):
    first = pay(session, driver, hours(5))
    again = pay(session, driver, hours(5) + timedelta(minutes=1))

    assert (again.order, again.payment, again.is_replay) == (first.order, first.payment, True)


def test_after_a_failed_payment_another_is_asked_for_the_same_order(session, driver):
    first = pay(session, driver, hours(5))
    assert notify(first.payment, hours(5), is_refused=True).state == "failed"

    again = pay(session, driver, hours(5) + timedelta(minutes=1))

    assert again.order == first.order
    assert again.payment != first.payment
    assert notify(again.payment, hours(5)).state == "succeeded"


def test_an_unpaid_order_lets_everything_go(session, driver, mall, program):
    buy(driver, mall, 160)
    give(driver, program, 200)
    issue(make_vouchers_of(mall, mall, kind="parking_hours", minutes=60), member=driver)
    pay(session, driver, hours(5))

    done = settle_due(by="test", at=hours(5) + timedelta(minutes=10))

    assert done.expired == 1
    assert ParkingOrder.objects.get().state == "expired"
    assert (Hold.objects.get().status, Voucher.objects.get().state) == ("voided", "issued")
    assert ReceiptUse.objects.filter(released_at__isnull=True).count() == 0
    fresh = pay(session, driver, hours(5) + timedelta(minutes=11)).order
    assert [kind for kind, *_ in parts_of(fresh)] == ["receipt", "voucher_hours", "points", "money"]


def test_money_that_comes_after_its_order_ended_goes_back_by_itself(session, driver):
    placed = pay(session, driver, hours(5))
    settle_due(by="test", at=hours(5) + timedelta(minutes=10))

    late = notify(placed.payment, hours(6))
    assert late.state == "refund_due"
    done = settle_due(by="test", at=hours(6))

    late.refresh_from_db()
    assert (done.refunded, late.state) == (1, "refunded")
    assert SandboxCharge.objects.get().refunded == late.amount
    assert ParkingOrder.objects.get().state == "expired"


def test_a_silent_provider_is_asked_again_and_the_order_is_completed(session, driver):
    placed = pay(session, driver, hours(5))
    customer_pays(checkout=checkout_of(placed.payment), at=hours(5), silent=1)

    first = settle_due(by="test", at=hours(5) + timedelta(minutes=1))
    assert (first.looked_up, Payment.objects.get().state) == (0, "asked")
    second = settle_due(by="test", at=hours(5) + timedelta(minutes=3))

    assert (second.looked_up, ParkingOrder.objects.get().state) == (1, "paid")


def test_a_silent_provider_is_asked_for_the_refund_again(session, driver):
    placed = pay(session, driver, hours(5))
    notify(placed.payment, hours(5))
    SandboxCharge.objects.update(silent=1)

    refund_order(order_id=placed.order.pk, reason="broken barrier", by="user:1", at=hours(6))
    assert Payment.objects.get().state == "refund_due"
    settle_due(by="test", at=hours(7))

    assert Payment.objects.get().state == "refunded"


def test_a_refund_gives_everything_back(session, driver, mall, program):
    buy(driver, mall, 160)
    give(driver, program, 200)
    issue(make_vouchers_of(mall, mall, kind="parking_hours", minutes=60), member=driver)
    placed = pay(session, driver, hours(5))
    notify(placed.payment, hours(5))

    order = refund_order(order_id=placed.order.pk, reason="broken barrier", by="user:1", at=hours(6))

    assert (order.state, Payment.objects.get().state) == ("refunded", "refunded")
    assert (balance(driver, program), Voucher.objects.get().state) == (200, "issued")
    assert not ReceiptUse.objects.filter(released_at__isnull=True).exists()
    with pytest.raises(OrderNotPaid):
        refund_order(order_id=order.pk, reason="again", by="user:1", at=hours(6))
    assert decided(ParkingSession.objects.get(), member=driver, at=hours(5)).due.cents == 2500
    assert audit().is_clean


def test_a_receipt_frees_parking_once_in_the_group(session, driver, mall, program):
    receipt = buy(driver, mall, 160)
    pay(session, driver, hours(1))
    hotel = make_unit("HOTEL", "hotel")
    other = make_car_park(hotel)
    allow(other)
    second = come(other, hours(2))

    assert parts_of(pay(second, driver, hours(3)).order) == [("money", "5.00", 0)]
    with pytest.raises(DatabaseError), transaction.atomic():
        ReceiptUse.objects.create(
            receipt=receipt, order=ParkingOrder.objects.last(), unit=mall, minutes=60, value=1, used_at=NOW
        )


def test_a_receipt_of_any_unit_counts_on_its_local_day_only(session, driver, mall):
    hotel = make_unit("HOTEL", "hotel")
    buy(driver, hotel, 160, at=NOW - timedelta(hours=13))  # yesterday at the venue
    buy(driver, hotel, 90)

    assert parts_of(pay(session, driver, hours(1)).order) == [("money", "5.00", 0)]
    buy(driver, hotel, 20)
    settle_due(by="test", at=hours(2))
    assert [kind for kind, *_ in parts_of(pay(session, driver, hours(2)).order)] == [
        "receipt",
        "receipt",
        "money",
    ]


def test_a_receipt_that_was_given_back_frees_nothing(session, driver, mall):
    buy(driver, mall, 160, refunded=Decimal(100))

    assert parts_of(pay(session, driver, hours(1)).order) == [("money", "5.00", 0)]


def test_nobody_pays_for_nothing(session, driver):
    with pytest.raises(NothingDue):
        pay(session, driver, NOW + timedelta(minutes=10))


def test_exactly_what_was_quoted_is_paid(session, driver, program):
    give(driver, program, 100)
    quote = decided(session, member=driver, at=hours(3)).token

    with pytest.raises(ParkingQuoteChanged):
        pay(session, driver, hours(3) + timedelta(minutes=1), quote=quote)  # another hour has begun
    quote = decided(session, member=driver, at=hours(3) + timedelta(minutes=1)).token
    give(driver, program, 100)
    with pytest.raises(ParkingQuoteChanged):
        pay(session, driver, hours(3) + timedelta(minutes=2), quote=quote)
    quote = decided(session, member=driver, at=hours(3) + timedelta(minutes=2)).token
    with pytest.raises(ParkingQuoteChanged):
        pay(session, driver, hours(3) + timedelta(minutes=8), quote=quote)
    with pytest.raises(ParkingQuoteChanged):
        pay(session, driver, hours(3) + timedelta(minutes=3), quote=quote[:-1] + "x")

    assert pay(session, driver, hours(3) + timedelta(minutes=3), quote=quote).order.fee == Decimal("20.00")


def test_what_was_agreed_to_opens_the_gate_by_itself(car_park, session, driver, mall, program):
    buy(driver, mall, 160)
    give(driver, program, 200)

    asked = leave(car_park, hours(2))
    assert (asked.opens, asked.decision.plan.money, asked.decision.plan.points) == (False, 0, 200)

    Vehicle.objects.create(identity=driver.identities.get(kind=IdentityKind.PLATE), auto_pay="all")
    gone = leave(car_park, hours(2))

    assert gone.opens
    assert parts_of(gone.order) == [("receipt", "5.00", 60), ("points", "5.00", 200)]
    assert balance(driver, program) == 0


def test_a_receipt_opens_the_gate_without_asking(car_park, session, driver, mall):
    buy(driver, mall, 160)

    gone = leave(car_park, hours(1))

    assert (gone.opens, parts_of(gone.order)) == (True, [("receipt", "5.00", 60)])


def test_caps_hold_for_entry_plate_and_member(mall, driver):
    car_park = make_car_park(mall)
    allow(car_park, free_minutes_entry_max=60, free_minutes_plate_max=90, free_minutes_member_max=100)
    for _ in range(6):
        buy(driver, mall, 100)

    free = []
    for start in (0, 3, 6):
        stay = come(car_park, hours(start))
        left = hours(start) + timedelta(minutes=130)
        order = pay(stay, driver, left).order
        free.append(sum(part.counted for part in order.parts.all()))
        leave(car_park, left, passed=True)

    assert free == [60, 30, 0]


def test_a_frozen_member_pays_money(session, driver, program):
    give(driver, program, 200)
    driver.status = "frozen"
    driver.save(update_fields=["status"])

    assert decided(session, member=driver, at=hours(1)).plan.points == 0


def test_a_forged_or_old_notice_is_refused(session, driver):
    placed = pay(session, driver, hours(5))
    headers, body = customer_pays(checkout=checkout_of(placed.payment), at=hours(5))

    for broken in (
        ({**headers, "webhook-signature": "v1,AAAA"}, body, hours(5)),
        ({**headers, "webhook-id": ""}, body, hours(5)),
        ({**headers, "webhook-timestamp": "x"}, body, hours(5)),
        (headers, body.replace(b"succeeded", b"failed"), hours(5)),
        (headers, body, hours(5) + timedelta(minutes=6)),
    ):
        with pytest.raises(NoticeForged):
            hear_notice(provider="sandbox", headers=broken[0], body=broken[1], at=broken[2])
    assert Payment.objects.get().state == "asked"


def test_another_amount_than_was_asked_for_pays_nothing(session, driver):
    placed = pay(session, driver, hours(5))
    customer_pays(checkout=checkout_of(placed.payment), at=hours(5))
    SandboxCharge.objects.update(amount=Decimal("0.01"))
    headers, body = signed_notice(SandboxCharge.objects.get(), at=hours(5))

    with pytest.raises(AmountDiffers):
        hear_notice(provider="sandbox", headers=headers, body=body, at=hours(5))
