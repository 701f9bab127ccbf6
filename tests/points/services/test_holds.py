"""Holds: reserved for one sale, captured wholly or partly, let go or timed out; never used twice."""

from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from points.models import Hold, HoldStatus, Lot, Posting
from points.refusals import (
    CaptureExceedsHold,
    HoldNotFound,
    HoldNotOpen,
    InsufficientPoints,
    PointsOutOfRange,
    QuoteChanged,
    ReferenceReused,
)
from points.selectors.audit import audit
from points.services import holds
from points.services.expiry import expire_due_lots
from points.services.redemption import quote_redemption
from points.services.reversal import reverse_accrual, reverse_redemption
from tests.factories import NOW, balance, give, make_member, make_program, make_rate, make_unit, redeem

pytestmark = pytest.mark.django_db


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def program(mall):
    return make_program("MALL", owner=mall)


@pytest.fixture
def member():
    return make_member()


def reserve(member, program, price, *, unit, source_ref="sale-1", at=NOW, **fields):
    return holds.hold_points(
        member=member,
        program=program,
        unit=unit,
        price=price,
        source_ref=source_ref,
        by="test",
        at=at,
        **fields,
    )


def capture(hold, unit, points=None, at=NOW):
    return holds.capture_hold(hold_id=hold.pk, units=[unit], points=points, by="test", at=at)


def void(hold, unit, at=NOW):
    return holds.void_hold(hold_id=hold.pk, units=[unit], at=at)


def held():
    return sum(Lot.objects.values_list("held", flat=True))


def test_held_points_are_still_the_members_but_spend_no_more(member, mall, program):
    give(member, program, 100)

    reserve(member, program, 70, unit=mall)

    assert balance(member, program) == 100
    with pytest.raises(InsufficientPoints) as refused:
        redeem(member, program, 31, unit=mall)
    assert refused.value.facts["short"] == 1
    redeem(member, program, 30, unit=mall)
    assert audit().is_clean


def test_a_capture_spends_the_lots_the_hold_named(member, mall, program):
    give(member, program, 50, source_ref="old", occurred_at=NOW - timedelta(days=9))
    hold = reserve(member, program, 50, unit=mall).hold
    give(member, program, 50, source_ref="older", occurred_at=NOW - timedelta(days=10))

    redemption = capture(hold, mall)

    assert [draw.lot.posting.source_ref for draw in redemption.posting.draws.all()] == ["old"]
    hold.refresh_from_db()
    assert (hold.status, hold.posting_id, held()) == (HoldStatus.CAPTURED, redemption.posting.pk, 0)
    assert audit().is_clean


def test_a_part_captured_releases_the_rest(member, mall, program):
    hotel_program = make_program("HOTEL", owner=make_unit("HOTEL", "hotel"))
    make_rate(hotel_program, program, 2)
    give(member, program, 600)
    give(member, hotel_program, 500)
    hold = reserve(member, program, 1001, unit=mall).hold  # 600 + 201 hotel points

    redemption = capture(hold, mall, 701)

    assert [(s.spent, s.covered) for s in redemption.shares] == [(600, 600), (51, 101)]
    assert (balance(member, program), balance(member, hotel_program), held()) == (0, 449, 0)
    assert audit().is_clean


def test_a_void_gives_everything_back_and_twice_is_once(member, mall, program):
    give(member, program, 100)
    hold = reserve(member, program, 70, unit=mall).hold

    void(hold, mall)
    void(hold, mall)

    redeem(member, program, 100, unit=mall)
    assert audit().is_clean


def test_what_ended_stays_ended(member, mall, program):
    give(member, program, 100)
    captured, voided = (reserve(member, program, 10, unit=mall, source_ref=r).hold for r in "ab")
    capture(captured, mall)
    void(voided, mall)

    with pytest.raises(HoldNotOpen):
        void(captured, mall)
    with pytest.raises(HoldNotOpen):
        capture(voided, mall)

    assert balance(member, program) == 90


def test_a_hold_that_nobody_answers_times_out(member, mall, program):
    give(member, program, 100)
    hold = reserve(member, program, 70, unit=mall).hold

    assert holds.time_out_holds(at=NOW + timedelta(minutes=15) - timedelta(seconds=1)) == 0
    with pytest.raises(HoldNotOpen):
        capture(hold, mall, at=NOW + timedelta(minutes=15))
    assert holds.time_out_holds(at=NOW + timedelta(minutes=15)) == 1

    hold.refresh_from_db()
    assert (hold.status, held()) == (HoldStatus.TIMED_OUT, 0)
    assert holds.time_out_holds(at=NOW + timedelta(minutes=16)) == 0
    assert audit().is_clean


def test_held_lots_outlive_their_expiry_until_the_hold_ends(member, mall):
    program = make_program(owner=mall, expiry_kind="days", expiry_count=3)
    give(member, program, 100)
    dies = Lot.objects.get().expires_at
    hold = reserve(member, program, 60, unit=mall, at=dies - timedelta(minutes=5)).hold

    swept = expire_due_lots(at=dies + timedelta(minutes=1))
    capture(hold, mall, at=dies + timedelta(minutes=2))

    assert swept.points == 40
    assert balance(member, program) == 0
    assert audit().is_clean


def test_what_a_void_releases_after_expiry_expires_at_the_next_sweep(member, mall):
    program = make_program(owner=mall, expiry_kind="days", expiry_count=3)
    give(member, program, 100)
    dies = Lot.objects.get().expires_at
    hold = reserve(member, program, 60, unit=mall, at=dies - timedelta(minutes=5)).hold
    expire_due_lots(at=dies)

    void(hold, mall, at=dies + timedelta(minutes=1))

    with pytest.raises(InsufficientPoints):
        redeem(member, program, 1, unit=mall, at=dies + timedelta(minutes=1))
    assert expire_due_lots(at=dies + timedelta(minutes=2)).points == 60
    assert audit().is_clean


def test_same_reference_holds_once_and_captures_once(member, mall, program):
    give(member, program, 100)
    first = reserve(member, program, 40, unit=mall)

    again = reserve(member, program, 40, unit=mall)
    captured = capture(first.hold, mall)
    recaptured = capture(first.hold, mall)

    assert (again.is_replay, again.hold, again.shares) == (True, first.hold, first.shares)
    assert (recaptured.is_replay, recaptured.posting) == (True, captured.posting)
    with pytest.raises(ReferenceReused):
        capture(first.hold, mall, 39)
    assert balance(member, program) == 60


def test_one_reference_is_one_sale_whether_held_or_paid_at_once(member, mall, program):
    give(member, program, 100)
    redeem(member, program, 10, unit=mall, source_ref="paid")
    reserve(member, program, 10, unit=mall, source_ref="held")

    with pytest.raises(ReferenceReused):
        reserve(member, program, 10, unit=mall, source_ref="paid")
    with pytest.raises(ReferenceReused):
        redeem(member, program, 10, unit=mall, source_ref="held")
    with pytest.raises(ReferenceReused):
        reserve(member, program, 11, unit=mall, source_ref="held")

    assert (balance(member, program), held()) == (90, 10)


def test_a_hold_keeps_to_its_quote(member, mall, program):
    give(member, program, 100)
    other = make_program("OTHER", owner=mall)
    make_rate(other, program, 1)
    give(member, other, 100)
    quote = quote_redemption(member=member, program=program, unit=mall, price=150, at=NOW)
    redeem(member, program, 10, unit=mall)

    with pytest.raises(QuoteChanged):
        reserve(member, program, 150, unit=mall, quote_token=quote.token)

    assert not Hold.objects.exists()


@pytest.mark.parametrize("points", [0, -1, 2**62])
def test_absurd_captures_are_refused_by_name(member, mall, program, points):
    give(member, program, 100)
    hold = reserve(member, program, 40, unit=mall).hold

    with pytest.raises(PointsOutOfRange):
        capture(hold, mall, points)


def test_no_more_is_captured_than_was_held(member, mall, program):
    give(member, program, 100)
    hold = reserve(member, program, 40, unit=mall).hold

    with pytest.raises(CaptureExceedsHold) as refused:
        capture(hold, mall, 41)

    assert refused.value.facts == {"held": 40, "asked": 41}
    assert not Posting.objects.filter(kind="redemption").exists()


def test_another_units_hold_looks_like_an_absent_one(member, mall, program):
    give(member, program, 100)
    hold = reserve(member, program, 40, unit=mall).hold

    for unit, hold_id in ((make_unit(), hold.pk), (mall, uuid4())):
        with pytest.raises(HoldNotFound):
            holds.capture_hold(hold_id=hold_id, units=[unit], points=None, by="test", at=NOW)
        with pytest.raises(HoldNotFound):
            holds.void_hold(hold_id=hold_id, units=[unit], at=NOW)


def test_a_captured_sale_can_be_reversed(member, mall, program):
    give(member, program, 100)
    hold = reserve(member, program, 60, unit=mall).hold
    capture(hold, mall, 50)

    reverse_redemption(unit=mall, redemption_ref="sale-1", points=50, source_ref="back", by="test", at=NOW)

    assert balance(member, program) == 100
    assert audit().is_clean


def test_a_refund_leaves_held_points_to_their_hold(member, mall, program):
    give(member, program, 100, source_ref="bought")
    hold = reserve(member, program, 80, unit=mall).hold

    taken = reverse_accrual(unit=mall, accrual_ref="bought", points=100, source_ref="r", by="test", at=NOW)
    capture(hold, mall)

    assert (taken.taken, taken.owed) == (20, 80)
    assert balance(member, program) == -80
    assert audit().is_clean


steps = st.lists(
    st.tuples(
        st.sampled_from(["hold", "capture", "void", "redeem", "sweep", "time_out"]), st.integers(1, 60)
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lots=st.lists(st.integers(1, 40), min_size=1, max_size=4), steps=steps)
def test_any_history_with_holds_keeps_the_books(lots, steps):
    unit, member = make_unit(), make_member()
    program = make_program(owner=unit, expiry_kind="days", expiry_count=2)
    for age, points in enumerate(lots):
        give(member, program, points, occurred_at=NOW - timedelta(hours=6 * age))
    mine, at = [], NOW

    for number, (step, points) in enumerate(steps):
        at += timedelta(hours=3)
        try:
            if step == "hold":
                life = timedelta(hours=points)
                ref = f"{member.number}-{number}"
                mine.append(
                    reserve(member, program, points, unit=unit, source_ref=ref, at=at, life=life).hold
                )
            elif step == "redeem":
                redeem(member, program, points, unit=unit, at=at)
            elif step == "sweep":
                expire_due_lots(at=at)
            elif step == "time_out":
                holds.time_out_holds(at=at)
            elif mine and step == "capture":
                capture(mine[points % len(mine)], unit, points, at=at)
            elif mine:
                void(mine[points % len(mine)], unit, at=at)
        except (InsufficientPoints, HoldNotOpen, CaptureExceedsHold, ReferenceReused):
            continue

    report = audit()
    assert report.disagreements == ()
    assert 0 <= balance(member, program) <= sum(lots)
