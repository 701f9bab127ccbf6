"""Rolling programs: earning and redeeming give a member's points new life; nothing else does."""

from datetime import UTC, datetime, timedelta

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from points import ledger
from points.models import Lot, Posting, Program
from points.rules.expiry import expiry_instant
from points.selectors.audit import audit
from points.services import holds
from points.services.accrual import Grant, accrue_many, policy_of
from points.services.exchange import exchange_points
from points.services.expiry import expire_due_lots
from points.services.redemption import quote_redemption
from points.services.reversal import reverse_accrual, reverse_redemption
from tests.factories import NOW, balance, give, make_member, make_program, make_rate, make_unit, redeem

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def program(mall):
    return make_program("MALL", owner=mall, expiry_kind="rolling", expiry_count=30)


@pytest.fixture
def member():
    return make_member()


def until(program, at):
    """When points of the program die if the last activity was at `at`."""
    return expiry_instant(policy_of(program), at)


def lot(source_ref):
    return Lot.objects.get(posting__source_ref=source_ref)


def earn(member, program, points, source_ref, at, **fields):
    return give(member, program, points, source_ref=source_ref, occurred_at=at, **fields)


def test_a_lot_lives_n_days_after_it_was_earned_and_says_that_it_rolls(member, program):
    posting = earn(member, program, 100, "first", datetime(2026, 1, 1, 2, 0, tzinfo=UTC))

    assert lot("first").rolls
    # Through 31 January in Shanghai.
    assert lot("first").expires_at == datetime(2026, 1, 31, 16, 0, tzinfo=UTC)
    assert posting.detail == {"renews_until": {str(program.pk): "2026-01-31T16:00:00Z"}}
    assert audit().is_clean


def test_earning_renews_what_the_member_has_in_the_program(member, mall, program):
    other = make_program(owner=mall, expiry_kind="rolling", expiry_count=30)
    stranger = make_member()
    for who, what, name in (
        (member, program, "mine"),
        (member, other, "elsewhere"),
        (stranger, program, "hers"),
    ):
        earn(who, what, 10, name, NOW)

    earn(member, program, 10, "again", NOW + 20 * DAY)

    assert lot("mine").expires_at == lot("again").expires_at == until(program, NOW + 20 * DAY)
    assert lot("elsewhere").expires_at == lot("hers").expires_at == until(program, NOW)
    assert audit().is_clean


def test_a_batch_renews_like_single_accruals(member, mall, program):
    other = make_member()
    earn(member, program, 10, "mine", NOW)
    earn(other, program, 10, "hers", NOW)
    grants = [
        Grant(member.pk, 1, "b-1", NOW + 5 * DAY),
        Grant(other.pk, 1, "b-2", NOW + 7 * DAY),
        Grant(member.pk, 1, "b-3", NOW + 9 * DAY),
    ]

    accrue_many(program=program, unit=mall, grants=grants, by="test")

    mine, hers = until(program, NOW + 9 * DAY), until(program, NOW + 7 * DAY)
    assert [lot(name).expires_at for name in ("mine", "b-1", "b-3")] == [mine] * 3
    assert [lot(name).expires_at for name in ("hers", "b-2")] == [hers] * 2
    assert {lot(name).rolls for name in ("b-1", "b-2", "b-3")} == {True}
    assert Posting.objects.get(source_ref="b-2").detail == {
        "renews_until": {str(program.pk): f"{hers:%Y-%m-%dT%H:%M:%SZ}"}
    }
    assert audit().is_clean


def test_redeeming_renews_what_is_left_in_every_program_that_pays(member, mall, program):
    hotel = make_program("HOTEL", owner=mall, expiry_kind="rolling", expiry_count=10)
    idle = make_program("IDLE", owner=mall, expiry_kind="rolling", expiry_count=30)
    make_rate(hotel, program, 1)
    make_rate(idle, program, 1)
    for what in (program, hotel, idle):
        earn(member, what, 100, what.code, NOW)
    at = NOW + 5 * DAY

    paid = redeem(member, program, 150, unit=mall, at=at).posting

    assert lot("HOTEL").expires_at == until(hotel, at)
    assert lot("IDLE").expires_at == until(idle, NOW)
    # Wholly spent, but a cancellation would put it back beside those that were renewed.
    assert (lot("MALL").is_open, lot("MALL").expires_at) == (False, until(program, at))
    assert paid.detail["renews_until"] == {
        str(what.pk): f"{until(what, at):%Y-%m-%dT%H:%M:%SZ}" for what in (program, hotel)
    }
    assert audit().is_clean


def test_a_capture_renews_and_a_hold_does_not(member, mall, program):
    earn(member, program, 100, "mine", NOW)
    terms = {"member": member, "program": program, "unit": mall, "by": "test"}
    kept = holds.hold_points(price=40, source_ref="kept", at=NOW + 5 * DAY, life=10 * DAY, **terms).hold
    holds.hold_points(price=10, source_ref="let go", at=NOW + 5 * DAY, life=10 * DAY, **terms)
    assert lot("mine").expires_at == until(program, NOW)
    at = NOW + 8 * DAY

    paid = holds.capture_hold(hold_id=kept.pk, units=[mall], points=30, by="test", at=at).posting

    assert lot("mine").expires_at == until(program, at)
    assert paid.detail["renews_until"] == {str(program.pk): f"{until(program, at):%Y-%m-%dT%H:%M:%SZ}"}
    assert (paid.detail["hold"], lot("mine").held) == (str(kept.pk), 10)
    assert audit().is_clean


def test_a_batch_of_captures_renews_each_by_its_own_instant(member, mall, program):
    other = make_member()
    for who, name in ((member, "mine"), (other, "hers")):
        earn(who, program, 100, name, NOW)
    asked = [ledger.Spending(who.pk, program.pk, mall.pk, 10, f"h-{who.pk}", NOW) for who in (member, other)]
    reserved = ledger.hold_many(asked, expires_at=[NOW + 10 * DAY] * 2, actor="test")
    moments = [NOW + 3 * DAY, NOW + 4 * DAY]
    captures = [
        ledger.Capture(hold_id=one.hold_id, price=10, at=at, renewals={program.pk: until(program, at)})
        for one, at in zip(reserved, moments, strict=True)
    ]

    answers = ledger.capture_many(captures, actor="test")

    assert [answer.name for answer in answers] == ["posted", "posted"]
    assert [lot(name).expires_at for name in ("mine", "hers")] == [until(program, at) for at in moments]
    assert audit().is_clean


def test_nothing_but_earning_and_redeeming_renews(member, mall, program):
    fixed = make_program(owner=mall)
    make_rate(program, fixed, 1)
    make_rate(fixed, program, 1)
    earn(member, fixed, 50, "fixed", NOW)
    earn(member, program, 100, "mine", NOW)
    paid = redeem(member, program, 10, unit=mall, at=NOW)
    later = {"by": "test", "at": NOW + 20 * DAY}
    terms = {"member": member, "points": 10}

    quote_redemption(member=member, program=program, unit=mall, price=10, at=NOW + 20 * DAY)
    exchange_points(source=program, target=fixed, source_ref="x-1", **terms, **later)
    exchange_points(source=fixed, target=program, source_ref="x-2", **terms, **later)
    reverse_accrual(unit=mall, accrual_ref="mine", points=10, source_ref="r", **later)
    reverse_redemption(unit=mall, redemption_ref=paid.posting.source_ref, points=5, source_ref="c", **later)

    assert lot("mine").expires_at == until(program, NOW)
    assert audit().is_clean


def test_exchanged_points_do_not_roll(member, mall, program):
    fixed = make_program(owner=mall)
    make_rate(program, fixed, 1)
    make_rate(fixed, program, 1)
    earn(member, fixed, 50, "fixed", NOW)
    earn(member, program, 50, "mine", NOW)

    terms = {"member": member, "points": 10, "by": "test", "at": NOW + 5 * DAY}
    exchange_points(source=fixed, target=program, source_ref="in", **terms)
    exchange_points(source=program, target=fixed, source_ref="out", **terms)
    earn(member, program, 1, "again", NOW + 10 * DAY)

    assert (lot("out").rolls, lot("out").expires_at) == (False, until(program, NOW))
    assert (lot("in").rolls, lot("in").expires_at) == (False, until(program, NOW + 5 * DAY))
    assert lot("mine").expires_at == until(program, NOW + 10 * DAY)


def test_an_instant_of_its_own_is_not_renewed_and_renews_nothing(member, program):
    earn(member, program, 10, "mine", NOW)

    present = earn(member, program, 5, "present", NOW + DAY, expires_at=NOW + 3 * DAY)
    earn(member, program, 1, "again", NOW + 2 * DAY)

    assert (lot("present").rolls, lot("present").expires_at) == (False, NOW + 3 * DAY)
    assert present.detail is None
    assert lot("mine").expires_at == until(program, NOW + 2 * DAY)


def test_what_had_lapsed_when_the_activity_happened_stays_dead(member, mall, program):
    earn(member, program, 10, "old", NOW)
    dead_at = until(program, NOW)
    earn(member, program, 10, "in time", dead_at - timedelta(seconds=1))
    assert lot("old").expires_at == until(program, dead_at - timedelta(seconds=1))
    dead_at = lot("old").expires_at

    earn(member, program, 10, "too late", dead_at)

    assert lot("old").expires_at == lot("in time").expires_at == dead_at
    assert expire_due_lots(at=dead_at).points == 20
    assert balance(member, program) == 10
    assert audit().is_clean


def test_an_activity_reported_late_shortens_nothing(member, program):
    earn(member, program, 10, "old", NOW)
    earn(member, program, 10, "new", NOW + 25 * DAY)

    earn(member, program, 10, "late", NOW + 10 * DAY)

    assert {lot(name).expires_at for name in ("old", "new", "late")} == {until(program, NOW + 25 * DAY)}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=st.lists(st.integers(0, 120), min_size=2, max_size=6), shuffled=st.randoms(use_true_random=False))
def test_activities_reported_in_any_order_end_in_the_same_last_days(mall, program, days, shuffled):
    told = [(number, NOW + day * DAY) for number, day in enumerate(days)]
    in_order, in_disorder, in_a_batch = (make_member() for _ in range(3))
    for number, at in sorted(told, key=lambda one: one[1]):
        earn(in_order, program, 10, f"{in_order.pk}-{number}", at)
    shuffled.shuffle(told)
    for number, at in told:
        earn(in_disorder, program, 10, f"{in_disorder.pk}-{number}", at)
    grants = [Grant(in_a_batch.pk, 10, f"{in_a_batch.pk}-{number}", at) for number, at in told]
    accrue_many(program=program, unit=mall, grants=grants, by="test")

    ends = [
        [lot(f"{member.pk}-{number}").expires_at for number in range(len(days))]
        for member in (in_order, in_disorder, in_a_batch)
    ]

    assert ends[0] == ends[1] == ends[2]


def test_the_rest_of_a_lot_booked_in_part_is_not_revived(member, mall, program):
    earn(member, program, 100, "mine", NOW)
    dead_at = until(program, NOW)
    hold = holds.hold_points(
        member=member,
        program=program,
        unit=mall,
        price=40,
        source_ref="sale",
        by="test",
        at=NOW,
        life=90 * DAY,
    ).hold
    assert expire_due_lots(at=dead_at).points == 60
    holds.void_hold(hold_id=hold.pk, units=[mall], at=dead_at)

    # Reported late: it happened while the lot lived.
    earn(member, program, 1, "late", NOW + 20 * DAY)

    assert lot("mine").expires_at == dead_at
    assert expire_due_lots(at=dead_at).points == 40
    assert audit().is_clean


def test_points_put_back_keep_rolling_and_a_grace_does_not(member, mall, program):
    earn(member, program, 100, "mine", NOW)
    one, two = (redeem(member, program, 30, unit=mall, at=NOW).posting for _ in range(2))
    cancelled = {"unit": mall, "points": 30, "by": "test"}
    reverse_redemption(redemption_ref=one.source_ref, source_ref="c-1", at=NOW + DAY, **cancelled)
    dead_at = until(program, NOW)

    reverse_redemption(redemption_ref=two.source_ref, source_ref="c-2", at=dead_at, **cancelled)
    grace = lot("c-2").expires_at
    earn(member, program, 1, "again", dead_at)

    assert lot("mine").remaining == 70
    assert lot("mine").rolls
    assert (lot("c-2").rolls, lot("c-2").points, lot("c-2").expires_at) == (False, 30, grace)
    assert audit().is_clean


def test_no_change_of_policy_moves_a_lot_and_none_shortens_one(member, program):
    def change(kind, count):
        Program.objects.filter(pk=program.pk).update(expiry_kind=kind, expiry_count=count)
        program.refresh_from_db()

    earn(member, program, 10, "rolling", NOW)
    change("days", 5)
    earn(member, program, 10, "fixed", NOW + DAY)
    change("rolling", 3)
    earn(member, program, 10, "short", NOW + 2 * DAY)

    assert lot("rolling").expires_at == datetime(2026, 7, 15, 16, 0, tzinfo=UTC)
    assert lot("fixed").expires_at == datetime(2026, 6, 21, 16, 0, tzinfo=UTC)
    change("rolling", 60)
    earn(member, program, 10, "long", NOW + 3 * DAY)
    assert {lot(name).expires_at for name in ("rolling", "short", "long")} == {until(program, NOW + 3 * DAY)}
    assert (lot("fixed").rolls, lot("fixed").expires_at) == (False, datetime(2026, 6, 21, 16, 0, tzinfo=UTC))
    assert audit().is_clean


@pytest.mark.django_db(transaction=True)
def test_of_a_rolling_lot_only_the_last_day_moves_and_only_forward(member, mall, program, owner_connection):
    earn(member, program, 10, "mine", NOW)
    earn(member, make_program(owner=mall, expiry_kind="days", expiry_count=5), 10, "fixed", NOW)
    cursor = owner_connection.cursor()

    for change in (
        "expires_at = expires_at - interval '1 second' WHERE rolls",
        "expires_at = expires_at WHERE rolls",
        "rolls = NOT rolls",
        "earned_at = earned_at, expires_at = expires_at + interval '1 day' WHERE rolls",
        "expires_at = expires_at + interval '1 day' WHERE NOT rolls",
    ):
        with pytest.raises(psycopg2.errors.RestrictViolation, match="append-only"):
            cursor.execute(f"UPDATE points_lot SET {change}")
    cursor.execute("UPDATE points_lot SET expires_at = expires_at + interval '1 day' WHERE rolls")

    assert lot("mine").expires_at == until(program, NOW) + DAY


@pytest.mark.parametrize("pay", ["redeem", "capture"])
def test_a_rolling_program_that_pays_for_a_fixed_one_is_renewed(member, mall, program, pay):
    fixed = make_program(owner=mall)
    make_rate(program, fixed, 1)
    earn(member, fixed, 10, "fixed", NOW)
    earn(member, program, 100, "mine", NOW)
    at = NOW + 5 * DAY

    if pay == "redeem":
        posting = redeem(member, fixed, 30, unit=mall, at=at).posting
    else:
        terms = {"member": member, "program": fixed, "unit": mall, "price": 30, "by": "test", "at": at}
        hold = holds.hold_points(source_ref="held", **terms).hold
        posting = holds.capture_hold(hold_id=hold.pk, units=[mall], points=30, by="test", at=at).posting

    assert lot("mine").expires_at == until(program, at)
    assert list(posting.detail["renews_until"]) == [str(program.pk)]
    assert audit().is_clean


def test_a_batch_that_says_nothing_of_renewals_renews_nothing(member, mall, program):
    earn(member, program, 100, "mine", NOW)
    asked = [ledger.Spending(member.pk, program.pk, mall.pk, 10, "r", NOW + 5 * DAY)]

    (paid,) = ledger.redeem_many(asked, actor="test")

    assert paid.name == "posted"
    assert lot("mine").expires_at == until(program, NOW)
