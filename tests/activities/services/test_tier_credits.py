"""Tier credits by activities and refunds, and the level that is reached at once."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from activities.models import TierCredit, TierStanding
from common.models import OutboxEvent
from members.models import TierChange, TierHeld
from members.selectors.tiers import tier_of
from tests.activities.tiering import AT, make_ladder, make_scheme, record, refund, sale
from tests.factories import make_member, make_unit

pytestmark = pytest.mark.django_db


def milli_of(member):
    return sum(TierCredit.objects.filter(member=member).values_list("milli", flat=True))


def test_without_a_scheme_nothing_counts():
    make_ladder()
    member = make_member()

    record(make_unit(), sale(member, "5000.00"))

    assert not TierCredit.objects.exists()
    assert not TierStanding.objects.exists()


def test_an_activity_counts_on_its_local_day_by_the_rule_in_force():
    make_ladder()
    scheme = make_scheme()
    member, unit = make_member(), make_unit()
    late_evening = sale(member, "12.34")

    record(unit, late_evening)

    credit = TierCredit.objects.get()
    assert (credit.milli, credit.counts_on, credit.known_from) == (
        12340,
        date(2026, 6, 15),
        date(2026, 6, 15),
    )
    assert credit.rule.scheme == scheme
    assert credit.unit == unit


@pytest.mark.parametrize(
    ("rules", "milli"),
    [
        ([("", "", "amount", "1"), ("hotel", "", "amount", "0.5")], 50_000),
        ([("hotel", "", "amount", "0.5"), ("", "stay", "amount", "2")], 50_000),
        ([("hotel", "stay", "amount", "3"), ("hotel", "", "amount", "0.5")], 300_000),
        ([("", "", "amount", "1"), ("hotel", "stay", "quantity", "25")], 100_000 + 50_000),
        ([("", "", "activity", "7")], 7_000),
        ([("mall", "", "amount", "1")], 0),
        ([("", "fee", "amount", "1")], 0),
    ],
)
def test_the_most_particular_rule_of_each_basis_counts(rules, milli):
    make_ladder()
    make_scheme(rules=rules)
    member = make_member()

    record(make_unit(sector="hotel"), sale(member, "100.00", kind="stay", quantity=Decimal(2)))

    assert milli_of(member) == milli


def test_a_units_own_rule_goes_before_its_sectors():
    make_ladder()
    unit = make_unit()
    make_scheme(rules=[("mall", "purchase", "amount", "1"), (unit, "", "amount", "0.25")])
    member = make_member()

    record(unit, sale(member, "100.00"))

    assert milli_of(member) == 25_000


def test_what_was_paid_with_points_and_frozen_or_unknown_buyers_count_nothing():
    make_ladder()
    make_scheme(rules=[("", "", "amount", "1"), ("", "", "activity", "5")])
    unit, member, frozen = make_unit(), make_member(), make_member(status="frozen")

    record(
        unit,
        sale(member, "100.00", paid_with_points=Decimal("40.00")),
        sale(member, "30.00", paid_with_points=Decimal("30.00")),
        sale(frozen, "100.00"),
        sale(None, "100.00"),
    )

    assert TierCredit.objects.count() == 2
    assert milli_of(member) == 65_000


def test_reported_twice_counts_once():
    make_ladder()
    make_scheme()
    unit, member = make_unit(), make_member()
    report = sale(member, "100.00")

    record(unit, report)
    record(unit, report)

    assert milli_of(member) == 100_000


def test_the_level_is_reached_at_once_and_told_once():
    silver, gold, *_ = make_ladder()
    scheme = make_scheme()
    unit, member = make_unit(), make_member()
    record(unit, sale(member, "999.99"))
    assert tier_of(member.pk) == silver

    record(unit, sale(member, "0.01"))
    record(unit, sale(member, "50.00"))

    assert tier_of(member.pk) == gold
    held = TierHeld.objects.get()
    assert held.review_on == date(2027, 9, 14)  # a year and 90 days
    change = TierChange.objects.get()
    assert (change.from_tier, change.to_tier, change.cause) == (silver, gold, "credits")
    assert change.evidence == {
        "credits": "1000.000",
        "asked": "1000.000",
        "on": "2026-06-15",
        "scheme": scheme.version,
    }
    assert OutboxEvent.objects.filter(kind="members.tier_changed").count() == 1


def test_several_levels_may_be_reached_at_one_stroke():
    *_, black = make_ladder()
    make_scheme()
    member = make_member()

    record(make_unit(), sale(member, "9000.00"))

    assert tier_of(member.pk) == black
    assert TierChange.objects.count() == 1


def test_an_import_raises_everybody_in_one_pass(django_assert_max_num_queries):
    _, gold, *_ = make_ladder()
    make_scheme()
    unit = make_unit()
    members = [make_member() for _ in range(30)]
    reports = [sale(member, "500.00") for member in members for _ in range(2)]

    with django_assert_max_num_queries(41):
        record(unit, *reports)

    assert {tier_of(member.pk) for member in members} == {gold}


def test_credits_of_fourteen_months_ago_count_no_more():
    silver, *_ = make_ladder()
    make_scheme()
    unit, member = make_unit(), make_member()

    record(unit, sale(member, "600.00", day="2025-04-10"), sale(member, "600.00"))

    assert tier_of(member.pk) == silver


def test_a_late_delivery_raises_as_if_it_had_come_in_time():
    _, gold, *_ = make_ladder()
    make_scheme()
    unit, member = make_unit(), make_member()
    record(unit, sale(member, "600.00", day="2025-09-10"))

    record(unit, sale(member, "600.00", day="2025-08-10"))

    assert tier_of(member.pk) == gold
    assert TierStanding.objects.get(pk=member.pk).reached_on == date(2025, 9, 10)


def test_a_refund_within_the_days_undoes_the_upgrade_that_its_sale_made():
    silver, gold, *_ = make_ladder()
    make_scheme()
    unit, member = make_unit(), make_member()
    record(unit, sale(member, "1000.00", day="2026-05-20", ref="A"))
    assert tier_of(member.pk) == gold

    record(unit, refund("A", "0.01"))

    assert tier_of(member.pk) == silver
    assert TierChange.objects.get(to_tier=silver).cause == "refund"
    assert milli_of(member) == 999_990


def test_a_later_refund_leaves_the_level_until_its_review():
    silver, gold, *_ = make_ladder()
    make_scheme()
    unit, member = make_unit(), make_member()
    record(unit, sale(member, "1000.00", day="2026-05-01", ref="A"), at=AT)

    record(unit, refund("A", "1000.00", day="2026-06-01"))

    assert tier_of(member.pk) == gold
    assert milli_of(member) == 0
    assert silver != gold


def test_refunds_in_parts_take_back_to_the_thousandth_whatever_their_order():
    make_ladder()
    make_scheme(rules=[("", "", "quantity", "1")])
    unit, member = make_unit(), make_member()
    days = [("r1", "33.33", "2026-06-10"), ("r2", "33.33", "2026-06-11"), ("r3", "33.34", "2026-06-12")]
    for order, ref in ((days, "A"), (days[::-1], "B")):
        record(unit, sale(member, "100.00", day="2026-06-01", ref=ref, quantity=Decimal("0.100")))
        for name, amount, day in order:
            record(unit, refund(ref, amount, day=day, ref=f"{ref}-{name}"))

    by_refund = {
        ref: {
            name: sum(
                TierCredit.objects.filter(activity__source_ref=f"{ref}-{name}").values_list(
                    "milli", flat=True
                )
            )
            for name, _amount, _day in days
        }
        for ref in "AB"
    }
    assert by_refund["A"] == by_refund["B"]
    assert milli_of(member) == 0


def test_spending_points_changes_no_credit():
    """Credits hang on activities alone: a redemption is none."""
    make_ladder()
    make_scheme()
    unit, member = make_unit(), make_member()
    record(unit, sale(member, "1000.00"))

    assert not [field for field in TierCredit._meta.get_fields() if field.name in {"posting", "points"}]
    assert milli_of(member) == 1_000_000


@pytest.mark.parametrize("table", ["activities_tiercredit"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET milli = 1", "DELETE FROM {}", "TRUNCATE {}"])
def test_credits_are_neither_rewritten_nor_deleted(table, statement):
    make_ladder()
    make_scheme()
    record(make_unit(), sale(make_member(), "10.00"))

    with pytest.raises(DatabaseError), transaction.atomic():
        connection.cursor().execute(statement.format(table))


def test_credits_of_an_alias_count_for_the_person():
    _, gold, *_ = make_ladder()
    make_scheme()
    unit, kept, alias = make_unit(), make_member(), make_member()
    record(unit, sale(alias, "600.00"))
    alias.merged_into = kept
    alias.save()

    record(unit, sale(kept, "400.00"))

    assert tier_of(kept.pk) == gold


def test_a_day_ahead_counts_at_once():
    _, gold, *_ = make_ladder()
    make_scheme()
    member = make_member()

    record(make_unit(), sale(member, "1000.00", day="2026-06-16"), at=datetime(2026, 6, 15, 5, tzinfo=UTC))

    assert tier_of(member.pk) == gold
