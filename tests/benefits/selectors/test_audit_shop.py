"""The audit finds what a hand with every right changed behind the application's back, and names the row."""

from datetime import timedelta

import pytest
from django.db import connection

from benefits.selectors.audit_shop import SHOP_CHECKS
from benefits.services.reward_orders import cancel_order, fulfil_order
from benefits.services.reward_refunds import refund_order
from benefits.services.vouchers import lock_voucher, restore_voucher
from points.selectors.audit.checks import Scope
from tests.benefits.shop import Shop
from tests.benefits.vouchers import issue, make_vouchers_of, use
from tests.factories import NOW


def disagreements():
    with connection.cursor() as cursor:
        found = [row for check in SHOP_CHECKS for row in check.found(cursor, Scope())[0]]
    return {(row.check, row.table) for row in found}


def live():
    """A shop in which everything has happened once."""
    shop = Shop(quantity_max=3)
    shop.order()
    cancel_order(order_id=shop.order().pk, by="test", at=NOW)
    for quantity in (1, 3):
        order = shop.order(quantity=quantity)
        fulfil_order(order_id=order.pk, units=[shop.mall], by="test", at=NOW)
    refund_order(order_id=order.pk, units=None, is_returned=True, reason="x", by="test", at=NOW)
    batch = make_vouchers_of(shop.mall)
    used, locked, back = issue(batch), issue(batch), issue(batch)
    use(used, shop.mall)
    lock_voucher(voucher_id=locked.pk, unit=shop.mall, source_ref="a", by="test", at=NOW)
    use(back, shop.mall, "b")
    restore_voucher(
        voucher_id=back.pk, unit=shop.mall, source_ref="b", by="test", at=NOW + timedelta(hours=1)
    )
    return shop


@pytest.mark.django_db
def test_a_live_shop_is_clean():
    live()

    assert disagreements() == set()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("tampering", "check"),
    [
        ("UPDATE benefits_stock SET on_hand = on_hand + 1", "stock_is_its_movements"),
        ("UPDATE benefits_stockmovement SET on_hand_after = 99 WHERE number = 2", "movement_follows_the_last"),
        ("DELETE FROM benefits_stockmovement WHERE kind = 'released'", "order_moved_its_stock"),
        ("UPDATE benefits_rewardorder SET state = 'fulfilled', closed_at = now() WHERE state = 'placed'", "reserved_is_what_orders_wait_for"),
        ("UPDATE benefits_rewardorder SET points = 1 WHERE state = 'placed'", "order_and_its_hold_are_one"),
        ("DELETE FROM benefits_rewardorderevent WHERE kind = 'refunded'", "order_stands_at_its_last_event"),
        ("UPDATE benefits_voucher SET state = 'issued', moves = 1 WHERE state = 'used'", "voucher_stands_at_its_last_event"),
        ("DELETE FROM benefits_voucherevent WHERE kind = 'restored'", "voucher_stands_at_its_last_event"),
        ("UPDATE benefits_voucherevent SET kind = 'used', source_ref = 'x' WHERE kind = 'restored'",
         "voucher_events_follow_one_another"),
        ("UPDATE benefits_voucherevent SET value = 1 WHERE kind = 'restored'", "voucher_is_given_back_as_it_was_used"),
        ("UPDATE benefits_voucherevent SET value = 999 WHERE kind = 'used'", "voucher_is_honoured_where_it_may_be"),
        ("UPDATE benefits_voucherbatch SET issued = issued - 1", "batch_counts_its_vouchers"),
        ("ALTER TABLE benefits_voucherevent DISABLE TRIGGER voucher_moves_by_events", "shop_guards_stand"),
        ("GRANT UPDATE ON benefits_stock TO loyalty_app", "shop_guards_stand"),
    ],
)  # fmt: skip
def test_what_was_changed_behind_our_back_is_found(tampering, check, admin_connection):
    live()
    undo = {
        "ALTER": "ALTER TABLE benefits_voucherevent ENABLE TRIGGER voucher_moves_by_events",
        "GRANT": "REVOKE UPDATE ON benefits_stock FROM loyalty_app; GRANT UPDATE (id) ON benefits_stock TO loyalty_app",
    }.get(tampering.split()[0])

    with admin_connection.cursor() as cursor:
        try:
            # A hand that may do everything: triggers and constraints are out of its way.
            if undo is None:
                cursor.execute("SET session_replication_role = replica")
            cursor.execute(tampering)
            found = disagreements()
        finally:
            cursor.execute("SET session_replication_role = DEFAULT")
            if undo is not None:
                cursor.execute(undo)

    assert check in {name for name, _table in found}
