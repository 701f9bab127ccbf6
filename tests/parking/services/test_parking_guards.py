"""Guards of parking, each seen to refuse by itself: caps that count what was used, scopes, the database."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from activities.models import Activity
from benefits.models import Voucher
from common.errors import NotFound
from parking.models import (
    CarPark,
    OrderState,
    ParkingOrder,
    ParkingSession,
    Passage,
    Payment,
    PaymentState,
    ReceiptUse,
    ReliefTerms,
    Tariff,
    Vehicle,
)
from parking.selectors.plans import decided
from parking.services.ordering import ParkingQuoteChanged
from parking.services.payments import OrderNotPaid, charge_of, hear_notice, refund_order, settle_due
from parking.services.providers import ProviderAway, provider_code, provider_named
from parking.services.sandbox import SandboxProvider, customer_pays
from tests.benefits.vouchers import issue, make_vouchers_of
from tests.factories import NOW, give, make_outlet, make_program, make_unit
from tests.members.factories import IdentityKind
from tests.parking.places import allow, come, hours, leave, make_car_park, make_driver, parts_of, pay
from tests.refusing import refused_in

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def car_park(mall):
    return make_car_park(mall)


@pytest.fixture
def session(car_park, driver):
    return come(car_park)


def buy(member, unit, amount, **fields):
    return Activity.objects.create(
        unit=unit,
        source_ref=f"r{Activity.objects.count()}",
        kind="purchase",
        member=member,
        outlet=make_outlet(unit),
        occurred_at=NOW,
        amount=Decimal(amount),
        **{"currency": "CNY"} | fields,
    )


def used_up(car_park, session, driver, **terms):
    """An entry whose first order was paid for by what `terms` allow; then the rest of the stay."""
    allow(car_park, **terms)
    first = pay(session, driver, hours(1)).order
    assert first.state == OrderState.PAID
    return parts_of(pay(session, driver, hours(4)).order)


def test_an_entry_takes_so_many_vouchers_in_all_its_orders(car_park, session, driver, mall):
    batch = make_vouchers_of(mall, kind="parking_hours", minutes=60, receipt_max=5)
    for _ in range(3):
        issue(batch, member=driver)

    rest = used_up(car_park, session, driver, vouchers_max=2)

    assert [kind for kind, *_ in rest] == ["voucher_hours", "money"]


def test_an_entry_takes_so_many_receipts_in_all_its_orders(car_park, session, driver, mall):
    for _ in range(4):
        buy(driver, mall, 100)

    rest = used_up(car_park, session, driver, receipts_max=2)

    assert [kind for kind, *_ in rest] == ["receipt", "money"]


def test_an_entry_takes_so_many_minutes_of_receipts_in_all_its_orders(car_park, session, driver, mall):
    for _ in range(4):
        buy(driver, mall, 100)

    rest = used_up(car_park, session, driver, receipt_minutes_max=120)

    assert [(kind, minutes) for kind, _, minutes in rest] == [("receipt", 60), ("money", 0)]


def test_an_entry_takes_so_many_points_in_all_its_orders(car_park, session, driver, mall):
    program = make_program("MALLPT", owner=mall)
    give(driver, program, 10_000)

    rest = used_up(car_park, session, driver, program=program, points_per_unit=100, points_max=700)

    assert rest == [("points", "2.00", 200), ("money", "13.00", 0)]


def test_an_entry_takes_so_many_free_minutes_in_all_its_orders(car_park, session, driver, mall):
    for _ in range(4):
        buy(driver, mall, 100)

    rest = used_up(car_park, session, driver, free_minutes_entry_max=120)

    assert [(kind, minutes) for kind, _, minutes in rest] == [("receipt", 60), ("money", 0)]


def test_what_stands_ready_for_an_order_that_waits_counts_already(car_park, driver, mall):
    allow(car_park, free_minutes_plate_max=60)
    for _ in range(2):
        buy(driver, mall, 100)
    waiting = pay(come(car_park), driver, hours(3)).order
    assert [part.counted for part in waiting.parts.order_by("place")] == [60, 0]
    leave(car_park, hours(3), passed=True)

    other = pay(come(car_park, hours(4)), driver, hours(6)).order

    assert [kind for kind, *_ in parts_of(other)] == ["money"]


def test_receipts_and_vouchers_of_another_currency_pay_nothing(car_park, session, driver, mall):
    allow(car_park)
    buy(driver, mall, 100, currency="HKD")
    issue(make_vouchers_of(mall, amount=Decimal(20), min_spend=Decimal(0), currency="HKD"), member=driver)

    assert parts_of(pay(session, driver, hours(2)).order) == [("money", "10.00", 0)]


def test_a_voucher_of_hours_asks_for_its_bill(car_park, session, driver, mall):
    batch = make_vouchers_of(mall, kind="parking_hours", minutes=60, min_spend=Decimal(15))
    issue(batch, member=driver)

    assert decided(session, member=driver, at=hours(2)).plan.money == 1000
    assert decided(session, member=driver, at=hours(3)).plan.money == 1000


def test_an_order_of_another_is_not_answered_to_whoever_asks(session, driver):
    waiting = pay(session, driver, hours(2)).order
    other = make_driver("沪B00001")

    mine = pay(session, other, hours(2))

    waiting.refresh_from_db()
    assert (mine.is_replay, mine.order.member, waiting.state) == (False, other, OrderState.CANCELLED)


def test_an_order_whose_time_is_over_is_not_answered(session, driver):
    waiting = pay(session, driver, hours(2)).order

    later = pay(session, driver, waiting.expires_at)

    assert (later.is_replay, later.order == waiting) == (False, False)


def test_money_at_the_booth_ends_the_order_that_waits(car_park, session, driver, mall):
    voucher = issue(make_vouchers_of(mall, amount=Decimal(2), min_spend=Decimal(0)), member=driver)
    waiting = pay(session, driver, hours(2)).order
    assert Voucher.objects.get(pk=voucher.pk).state == "locked"

    leave(car_park, hours(2), collected=Decimal(10))

    waiting.refresh_from_db()
    assert (waiting.state, Voucher.objects.get(pk=voucher.pk).state) == (OrderState.CANCELLED, "issued")


def test_the_gate_pays_nothing_beside_an_order_that_awaits_its_money(car_park, session, driver, mall):
    Vehicle.objects.create(identity=driver.identities.get(kind=IdentityKind.PLATE), auto_pay="all")
    waiting = pay(session, driver, hours(2)).order
    program = make_program("MALLPT", owner=mall)
    allow(car_park, program=program, points_per_unit=40)
    give(driver, program, 5_000)

    asked = leave(car_park, hours(2))

    assert (asked.opens, asked.order) == (False, waiting)


def test_a_quote_is_of_its_stay_and_its_member(car_park, session, driver):
    other = make_driver("沪B00001")
    quote = decided(come(car_park, plate="沪B00001"), member=other, at=hours(2)).token

    with pytest.raises(ParkingQuoteChanged):
        pay(session, driver, hours(2), quote=quote)


def test_another_providers_payment_is_not_there(session, driver, settings):
    payment = pay(session, driver, hours(2)).payment
    Payment.objects.filter(pk=payment.pk).update(state="asked")
    settings.PAYMENT_PROVIDERS = {
        **settings.PAYMENT_PROVIDERS,
        "other": settings.PAYMENT_PROVIDERS["sandbox"],
    }
    checkout = SandboxProvider().checkout(charge_of(payment), at=NOW)
    headers, body = customer_pays(checkout=checkout, at=NOW)

    with pytest.raises(NotFound):
        hear_notice(provider="other", headers=headers, body=body, at=NOW)


def test_production_knows_no_sandbox(settings):
    settings.PRODUCTION = True

    with pytest.raises(NotFound):
        provider_named("sandbox")
    settings.PAYMENT_PROVIDER = "sandbox"
    with pytest.raises(ProviderAway):
        provider_code()


def test_only_what_is_paid_is_refunded(session, driver):
    order = pay(session, driver, hours(2)).order

    with pytest.raises(OrderNotPaid):
        refund_order(order_id=order.pk, reason="x", by="x", at=hours(2))


def test_an_order_waits_until_its_time_is_over(session, driver):
    order = pay(session, driver, hours(2)).order

    assert settle_due(by="job", at=order.expires_at - MINUTE).expired == 0
    assert settle_due(by="job", at=order.expires_at).expired == 1


def refused(match):
    return refused_in(CarPark, ParkingSession, Passage, ParkingOrder, Payment, ReceiptUse, match=match)


def copied(row, **told):
    row = type(row).objects.get(pk=row.pk)
    row.pk = None
    row._state.adding = True
    for name, value in told.items():
        setattr(row, name, value)
    default = type(row)._meta.pk.get_default()
    if default is not None:
        row.pk = default
    row.save(force_insert=True)


def test_a_car_is_inside_once_and_has_one_order_that_waits(session, driver):
    order = pay(session, driver, hours(2)).order

    with refused("one_open_session_a_plate_and_car_park"):
        copied(session)
    with refused("one_open_order_a_session"):
        copied(order)


def test_an_order_has_one_payment_that_succeeded_and_a_provider_tells_a_reference_once(session, driver):
    payment = pay(session, driver, hours(2)).payment
    Payment.objects.filter(pk=payment.pk).update(state="succeeded", paid_at=NOW, provider_ref="P1")

    with refused("an_order_is_paid_once"):
        copied(payment, provider_ref="P2")
    with refused("provider_reference_once"):
        copied(payment, state=PaymentState.REFUND_DUE)


def test_a_receipt_frees_parking_once(car_park, session, driver, mall):
    allow(car_park)
    buy(driver, mall, 100)
    pay(session, driver, hours(2))

    with refused("a_receipt_frees_parking_once"):
        copied(ReceiptUse.objects.get())


def test_a_passage_is_told_once_and_stays(car_park, session):
    passage = Passage.objects.get()

    with refused("passage_told_once"):
        copied(passage)
    with refused("permission denied"):
        passage.delete()


@pytest.mark.parametrize("model", [Tariff, ReliefTerms])
def test_two_versions_are_never_in_force_at_once(car_park, model):
    allow(car_park)

    with pytest.raises(IntegrityError, match="never_overlap"):
        copied(model.objects.get(), version=9)


def test_a_car_park_is_of_the_unit_of_its_venue(car_park):
    def move():
        with transaction.atomic(), connection.cursor() as cursor:
            CarPark.objects.filter(pk=car_park.pk).update(unit=make_unit())
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with refused("car_park_unit_is_that_of_its_venue"):
        move()


@pytest.mark.parametrize(
    "told",
    [{"fee": 1}, {"currency": "HKD"}, {"until_at": NOW}, {"placed_at": NOW}, {"local_day": NOW.date()}],
    ids=lambda told: next(iter(told)),
)
def test_what_was_ordered_stays(session, driver, told):
    order = pay(session, driver, hours(20)).order

    with refused("what was ordered stays"):
        ParkingOrder.objects.filter(pk=order.pk).update(**told)


@pytest.mark.parametrize("told", [{"amount": 1}, {"currency": "HKD"}, {"provider": "other"}], ids=str)
def test_what_was_asked_for_stays(session, driver, told):
    payment = pay(session, driver, hours(2)).payment

    with refused("what was asked for stays"):
        Payment.objects.filter(pk=payment.pk).update(**told)


@pytest.mark.parametrize(
    "table", ["parkingorder", "payment", "receiptuse", "pointspaid", "orderpart", "passage"]
)
def test_the_app_deletes_nothing_of_an_order(session, table):
    with refused("permission denied"), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM parking_{table}")


@pytest.mark.parametrize("table", ["pointspaid", "orderpart"])
def test_the_app_rewrites_no_part(session, table):
    with refused("permission denied"), connection.cursor() as cursor:
        cursor.execute(f"UPDATE parking_{table} SET order_id = order_id")


def test_a_stay_that_nobody_has_is_claimed_by_the_payer_and_stays_theirs(car_park):
    session = come(car_park, plate="沪C00001")
    driver = make_driver("沪C00001")

    pay(session, driver, hours(2))

    assert ParkingSession.objects.get(pk=session.pk).member == driver
