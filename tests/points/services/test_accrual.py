"""Giving points: one lot a grant, once a reference, refused by name."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from members.models import MemberStatus
from points.models import Lot, Posting, Wallet
from points.refusals import (
    MemberNotActive,
    PointsOutOfRange,
    ProgramNotActive,
    ReferenceReused,
    UnitNotActive,
)
from points.selectors.audit import audit
from points.services.accrual import Grant, accrue_many
from tests.factories import NOW, balance, give, make_member, make_program, make_unit

pytestmark = pytest.mark.django_db


def test_an_accrual_makes_one_lot_that_keeps_issuer_cost_and_expiry():
    mall = make_unit()
    program = make_program(owner=mall, expiry_kind="month_end", expiry_count=1, unit_cost="0.015")

    posting = give(
        make_member(), program, 120, occurred_at=datetime(2026, 1, 31, 2, 0, tzinfo=UTC), rule="earn:1 v1"
    )

    lot = Lot.objects.get()
    assert (lot.points, lot.remaining, lot.issuer, lot.unit_cost) == (120, 120, mall, Decimal("0.015"))
    assert lot.expires_at == datetime(
        2026, 2, 28, 16, 0, tzinfo=UTC
    )  # midnight in Shanghai after 28 February
    assert (posting.rule, posting.kind) == ("earn:1 v1", "accrual")
    assert audit().is_clean


def test_points_that_never_expire_read_as_none():
    give(make_member(), make_program(), 5)

    assert Lot.objects.get().expires_at is None
    assert Lot.objects.filter(expires_at__gt=NOW + timedelta(days=36_500)).exists()


@pytest.mark.parametrize("kind", ["never", "days", "month_end", "year_end", "rolling"])
def test_a_lot_may_die_at_an_instant_of_its_own_whatever_the_policy(kind):
    member, unit = make_member(), make_unit()
    program = make_program(owner=unit, expiry_kind=kind, expiry_count=2)
    sooner, later = NOW + timedelta(hours=1), NOW + timedelta(days=4000)

    for number, end in enumerate((sooner, later)):
        give(member, program, 5, source_ref=f"single-{number}", expires_at=end)
        accrue_many(
            program=program,
            unit=unit,
            grants=[Grant(member.pk, 5, f"batch-{number}", NOW, expires_at=end)],
            by="test",
        )

    ends = Lot.objects.order_by("posting__source_ref").values_list("expires_at", flat=True)
    assert list(ends) == [sooner, later, sooner, later]
    assert not Lot.objects.filter(rolls=True).exists()
    assert audit().is_clean


def test_same_reference_twice_earns_once():
    member, program, unit = make_member(), make_program(), make_unit()
    first = give(member, program, 10, unit=unit, source_ref="S-1")

    again = give(member, program, 10, unit=unit, source_ref="S-1")

    assert again == first
    assert balance(member, program) == 10


def test_same_reference_of_another_unit_is_another_source():
    member, program = make_member(), make_program()

    give(member, program, 10, unit=make_unit(), source_ref="S-1")
    give(member, program, 10, unit=make_unit(), source_ref="S-1")

    assert balance(member, program) == 20


def test_same_reference_with_other_content_is_refused():
    member, program, unit = make_member(), make_program(), make_unit()
    give(member, program, 10, unit=unit, source_ref="S-1")

    for other, points in ((member, 11), (make_member(), 10)):
        with pytest.raises(ReferenceReused):
            give(other, program, points, unit=unit, source_ref="S-1")

    assert Posting.objects.count() == 1


@pytest.mark.parametrize("points", [0, -5, 10**9 + 1, 2**63 - 1])
def test_absurd_numbers_of_points_are_refused_and_leave_no_wallet(points):
    with pytest.raises(PointsOutOfRange):
        give(make_member(), make_program(), points)

    assert not Wallet.objects.exists()


def test_what_is_not_active_gives_nothing():
    member, program, unit = make_member(), make_program(), make_unit()

    with pytest.raises(UnitNotActive):
        give(member, program, 1, unit=make_unit(is_active=False))
    with pytest.raises(ProgramNotActive):
        give(member, make_program(is_active=False), 1, unit=unit)
    with pytest.raises(MemberNotActive):
        give(make_member(status="closed"), program, 1, unit=unit)

    assert not Posting.objects.exists()


def test_a_batch_answers_each_grant_in_order():
    anna, bert, program, unit = make_member(), make_member(), make_program(), make_unit()
    give(anna, program, 7, unit=unit, source_ref="old")
    grants = [
        Grant(bert.pk, 5, "new", NOW),
        Grant(anna.pk, 7, "old", NOW),
        Grant(anna.pk, 8, "old", NOW),
        Grant(anna.pk, 0, "zero", NOW),
        Grant(bert.pk, 5, "new", NOW),
        Grant(bert.pk, 6, "new", NOW),
        Grant(anna.pk, 3, "newer", NOW),
    ]

    outcomes = accrue_many(program=program, unit=unit, grants=grants, by="test")

    assert [o.name for o in outcomes] == [
        "posted",
        "replayed",
        "reference_reused",
        "points_out_of_range",
        "replayed",
        "reference_reused",
        "posted",
    ]
    assert (balance(anna, program), balance(bert, program)) == (10, 5)
    assert audit().is_clean


def test_a_refused_grant_of_a_batch_does_not_spoil_its_reference():
    member, program, unit = make_member(), make_program(), make_unit()
    grants = [Grant(member.pk, points, "sale", NOW) for points in (0, 5, 10**9 + 1, 5)]

    outcomes = accrue_many(program=program, unit=unit, grants=grants, by="test")

    assert [o.name for o in outcomes] == ["points_out_of_range", "posted", "points_out_of_range", "replayed"]
    assert [o.posting_id is None for o in outcomes] == [True, False, True, False]
    assert balance(member, program) == 5


def test_batch_and_single_accruals_write_the_same_books():
    member, program, unit = make_member(), make_program(expiry_kind="year_end"), make_unit()
    give(member, program, 9, unit=unit, source_ref="single", occurred_at=NOW)

    accrue_many(program=program, unit=unit, grants=[Grant(member.pk, 9, "batch", NOW)], by="test")

    fields = (
        "points",
        "remaining",
        "unit_cost",
        "earned_at",
        "available_at",
        "expires_at",
        "is_open",
        "issuer_id",
    )
    single, batch = Lot.objects.order_by("posting__source_ref").values_list(*fields)
    assert single == batch


def test_an_empty_batch_is_no_call(django_assert_num_queries):
    program, unit = make_program(), make_unit()

    with django_assert_num_queries(0):
        assert accrue_many(program=program, unit=unit, grants=[], by="test") == []


def test_a_batch_is_one_round_trip(django_assert_num_queries):
    members, program, unit = [make_member() for _ in range(20)], make_program(), make_unit()
    grants = [Grant(m.pk, 5, f"S-{m.number}", NOW) for m in members]

    with django_assert_num_queries(1):
        accrue_many(program=program, unit=unit, grants=grants, by="test")


def test_a_retry_hears_what_was_given_before_the_member_was_frozen():
    unit, member = make_unit(), make_member()
    program = make_program(owner=unit)
    first = give(member, program, 10, unit=unit, source_ref="S-1")
    member.status = MemberStatus.FROZEN

    assert give(member, program, 10, unit=unit, source_ref="S-1") == first
    with pytest.raises(MemberNotActive):
        give(member, program, 11, unit=unit, source_ref="S-1")
