"""One voucher, one use: locked, used, let go, given back, timed out."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from benefits.models import Voucher, VoucherEvent
from benefits.refusals import (
    OddValidity,
    ReceiptVouchersReached,
    VoucherExpired,
    VoucherLocked,
    VoucherNotFound,
    VoucherNotHonouredHere,
    VoucherNotLocked,
    VoucherNotUsed,
    VoucherNotYet,
    VoucherUsed,
    VoucherVoid,
    VoucherWorthNothing,
)
from benefits.selectors.vouchers import honoured_vouchers, state_at, usable_vouchers
from benefits.services.voucher_batches import void_voucher
from benefits.services.vouchers import lock_voucher, release_voucher, restore_voucher, time_out_vouchers
from common.clock import uuid7
from points.refusals import ReferenceReused
from tests.benefits.vouchers import acts_of, cny, issue, make_vouchers_of, state_of, use
from tests.factories import NOW, make_member, make_unit

pytestmark = pytest.mark.django_db
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def voucher(mall):
    return issue(make_vouchers_of(mall))


def lock(voucher, unit, ref="sale", *, at=NOW, **told):
    return lock_voucher(voucher_id=voucher.pk, unit=unit, source_ref=ref, by="test", at=at, **told)


def release(voucher, unit, ref="sale", at=NOW):
    return release_voucher(voucher_id=voucher.pk, unit=unit, source_ref=ref, by="test", at=at)


def restore(voucher, unit, ref="sale", at=NOW):
    return restore_voucher(voucher_id=voucher.pk, unit=unit, source_ref=ref, by="test", at=at)


def test_a_voucher_is_used_once_and_the_retry_hears_the_first_use(mall, voucher):
    first = use(voucher, mall, "till-1", sale=150)
    again = use(voucher, mall, "till-1", sale=150, at=NOW + MINUTE)

    assert (first.event.value, first.is_replay) == (20, False)
    assert (again.event.pk, again.is_replay) == (first.event.pk, True)
    with pytest.raises(VoucherUsed):
        use(voucher, mall, "till-2")
    assert acts_of(voucher) == ["issued", "used"]
    assert state_of(voucher) == "used"


def test_only_the_sale_that_locked_it_uses_it(mall, voucher):
    lock(voucher, mall, "a")

    with pytest.raises(VoucherLocked):
        use(voucher, mall, "b")
    with pytest.raises(VoucherLocked):
        lock(voucher, mall, "b")
    use(voucher, mall, "a")
    assert acts_of(voucher) == ["issued", "locked", "used"]


def test_a_lock_is_asked_for_again_by_its_own_sale(mall, voucher):
    lock(voucher, mall)
    lock(voucher, mall)

    assert acts_of(voucher) == ["issued", "locked"]


def test_a_lock_times_out_whether_or_not_the_sweep_has_run(mall, voucher):
    lock(voucher, mall, "a", life=5 * MINUTE)
    later = NOW + 5 * MINUTE

    assert state_at(Voucher.objects.get(pk=voucher.pk), later) == "issued"
    use(voucher, mall, "b", at=later)
    assert acts_of(voucher) == ["issued", "locked", "released", "used"]


def test_its_own_sale_cannot_use_a_lock_that_timed_out_against_the_expiry(mall):
    voucher = issue(make_vouchers_of(mall, ends_at=NOW + 3 * MINUTE))
    lock(voucher, mall, "a", life=5 * MINUTE)

    # Locked in time: good until the lock ends, even past the voucher's own end.
    with pytest.raises(VoucherExpired):
        use(voucher, mall, "a", at=NOW + 5 * MINUTE)
    use(voucher, mall, "a", at=NOW + 4 * MINUTE)


def test_a_lock_lasts_a_day_at_most(mall, voucher):
    for life in (timedelta(0), DAY + MINUTE):
        with pytest.raises(OddValidity):
            lock(voucher, mall, life=life)


def test_let_go_it_can_be_used_by_another_sale(mall, voucher):
    lock(voucher, mall, "a")
    with pytest.raises(VoucherNotLocked):
        release(voucher, mall, "b")
    release(voucher, mall, "a")
    release(voucher, mall, "a")

    use(voucher, mall, "b")
    assert acts_of(voucher) == ["issued", "locked", "released", "used"]
    with pytest.raises(VoucherUsed):
        release(voucher, mall, "b")


def test_a_refund_gives_it_back_once(mall, voucher):
    use(voucher, mall, "a")
    first, again = restore(voucher, mall, "a"), restore(voucher, mall, "a")

    assert (first.event.pk, again.is_replay) == (again.event.pk, True)
    assert state_of(voucher) == "issued"
    with pytest.raises(VoucherNotUsed):
        restore(voucher, mall, "b")
    with pytest.raises(ReferenceReused):
        use(voucher, mall, "a")
    use(voucher, mall, "b")
    assert acts_of(voucher) == ["issued", "used", "restored", "used"]


def test_what_expired_meanwhile_gets_its_grace_once(mall):
    voucher = issue(make_vouchers_of(mall, ends_at=NOW + DAY, restore_days=7))
    use(voucher, mall, "a")
    back = NOW + 10 * DAY
    restore(voucher, mall, "a", at=back)

    voucher.refresh_from_db()
    assert (voucher.state, voucher.expires_at, voucher.is_extended) == ("issued", back + 7 * DAY, True)
    use(voucher, mall, "b", at=back + DAY)
    restore(voucher, mall, "b", at=back + 30 * DAY)
    # No grace follows a grace.
    voucher.refresh_from_db()
    assert voucher.expires_at == back + 7 * DAY
    with pytest.raises(VoucherExpired):
        use(voucher, mall, "c", at=back + 30 * DAY)


def test_only_in_its_time(mall):
    voucher = issue(make_vouchers_of(mall, starts_at=NOW + DAY, ends_at=NOW + 3 * DAY))

    with pytest.raises(VoucherNotYet):
        use(voucher, mall)
    with pytest.raises(VoucherExpired):
        use(voucher, mall, at=NOW + 3 * DAY)
    use(voucher, mall, at=NOW + 3 * DAY - timedelta(microseconds=1))


def test_only_where_it_is_honoured(mall):
    other, third = make_unit(), make_unit()
    voucher = issue(make_vouchers_of(mall, other))

    with pytest.raises(VoucherNotHonouredHere):
        use(voucher, third)
    with pytest.raises(VoucherNotHonouredHere):
        use(voucher, mall)
    use(voucher, other)


def test_an_unknown_voucher_is_not_found(mall):
    with pytest.raises(VoucherNotFound):
        lock_voucher(voucher_id=uuid7(), unit=mall, source_ref="a", by="test", at=NOW)


def test_below_its_minimum_it_stays_unused(mall, voucher):
    with pytest.raises(VoucherWorthNothing) as refused:
        use(voucher, mall, sale="99.99")

    assert refused.value.facts["why"] == "below_minimum"
    assert state_of(voucher) == "issued"


def test_a_receipt_takes_so_many_of_a_batch(mall):
    batch = make_vouchers_of(mall, receipt_max=2)
    one, other, third = issue(batch), issue(batch), issue(batch)
    use(one, mall, "receipt")
    use(other, mall, "receipt")

    with pytest.raises(ReceiptVouchersReached):
        use(third, mall, "receipt")
    # What is given back makes room.
    restore(one, mall, "receipt")
    use(third, mall, "receipt")


def test_parking_time_is_worth_the_fee_it_spared(mall):
    voucher = issue(make_vouchers_of(mall, kind="parking_hours", minutes=120))

    with pytest.raises(VoucherWorthNothing):
        use(voucher, mall, sale=None)
    done = use(voucher, mall, sale=None, value=cny("12.00"))
    assert done.event.value == 12


def test_a_withdrawn_voucher_is_used_by_nobody(mall, voucher):
    void_voucher(voucher_id=voucher.pk, by="test", at=NOW, reason="misprint")
    void_voucher(voucher_id=voucher.pk, by="test", at=NOW, reason="misprint")

    with pytest.raises(VoucherVoid):
        use(voucher, mall)
    assert acts_of(voucher) == ["issued", "voided"]


def test_the_sweep_ends_locks_and_vouchers_and_finds_nothing_the_second_time(mall):
    batch = make_vouchers_of(mall, ends_at=NOW + DAY)
    locked, used, idle = issue(batch), issue(batch), issue(batch)
    lock(locked, mall, "a", life=MINUTE)
    use(used, mall, "b")

    assert time_out_vouchers(at=NOW + 2 * MINUTE) == (1, 0)
    assert time_out_vouchers(at=NOW + DAY) == (0, 2)
    assert time_out_vouchers(at=NOW + DAY) == (0, 0)
    assert [state_of(v) for v in (locked, used, idle)] == ["expired", "used", "expired"]


def test_members_see_what_they_can_use_here_soonest_end_first(mall, django_assert_num_queries):
    member, alias, stranger = make_member(), make_member(), make_member()
    late, soon = make_vouchers_of(mall), make_vouchers_of(mall, ends_at=NOW + DAY)
    mine = [issue(late, member=member), issue(soon, member=alias)]
    issue(late, member=stranger)
    issue(late)
    issue(make_vouchers_of(make_unit()), member=member)
    issue(make_vouchers_of(mall, kind="percent_off", percent=10), member=member)
    gone = issue(soon, member=member)
    lock(gone, mall, "x")

    with django_assert_num_queries(1):
        found = usable_vouchers(member_ids=[member.pk, alias.pk], kinds=["cash_off"], unit=mall, at=NOW)

    assert [usable.id for usable in found] == [mine[1].pk, mine[0].pk]
    assert (found[0].terms.amount, found[0].issuer_id) == (Decimal("20.00"), mall.pk)
    later = usable_vouchers(member_ids=[member.pk], kinds=["cash_off"], unit=mall, at=NOW + 15 * MINUTE)
    assert gone.pk in {usable.id for usable in later}


def test_settlement_reads_who_honoured_whose_voucher_at_what_value(mall):
    hotel = make_unit()
    voucher = issue(make_vouchers_of(mall, hotel))
    use(voucher, hotel, "folio-1", sale=300)
    restore(voucher, hotel, "folio-1")

    told = [
        (line.issuer_id, line.honoured_by_id, line.value, line.source_ref)
        for line in honoured_vouchers(recorded_from=NOW, recorded_before=NOW + MINUTE)
    ]
    assert told == [(mall.pk, hotel.pk, 20, "folio-1"), (mall.pk, hotel.pk, -20, "folio-1")]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE benefits_voucher SET state = 'issued'",
        "UPDATE benefits_voucher SET id = id",
        "DELETE FROM benefits_voucher",
        "TRUNCATE benefits_voucher CASCADE",
        "UPDATE benefits_voucherevent SET value = 0",
        "DELETE FROM benefits_voucherevent",
        "UPDATE benefits_voucherbatch SET issued = 0",
        "UPDATE benefits_voucherbatch SET amount = 500",
    ],
)
def test_the_database_refuses_to_rewrite(mall, voucher, statement):
    use(voucher, mall)

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_step_that_does_not_follow_is_refused_by_the_database(mall, voucher):
    use(voucher, mall)

    with pytest.raises(DatabaseError), transaction.atomic():
        VoucherEvent.objects.create(voucher=voucher, kind="voided", by="x", at=NOW, recorded_at=NOW)
