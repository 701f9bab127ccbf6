"""Caps, first visits and budgets: what a member earns is a function of the set of activities and refunds."""

import os
import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from activities.models import Activity, Assessment, BudgetUse
from activities.rules.reading import ActivityReport
from activities.services.recording import record_activities
from points.models import Posting, PostingKind, Program, Wallet
from points.selectors.audit import audit
from tests.factories import NOW, make_earn_rule, make_member, make_program, make_unit, redeem

pytestmark = pytest.mark.django_db
ORDERS = int(os.environ.get("LOYALTY_DELIVERY_ORDERS", "12"))


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def program(mall):
    return make_program("MALL", owner=mall)


@pytest.fixture
def member():
    return make_member()


def rule(unit, program, code="CAPPED", *, caps=None, conditions=None, rate="1", **said):
    terms = {name: part for name, part in (("caps", caps), ("conditions", conditions)) if part}
    return make_earn_rule(unit, program, rate, code=code, terms=terms | said.pop("terms", {}), **said)


def sale(member, ref, amount="60.00", *, hours=0, **said):
    report = ActivityReport(
        ref, "purchase", None, None, NOW + timedelta(hours=hours), Decimal(amount), "CNY", member_id=member.pk
    )
    return replace(report, **said)


def refund(ref, of, amount, *, hours=1):
    return ActivityReport(
        ref, "refund", None, None, NOW + timedelta(hours=hours), Decimal(amount), "CNY", refund_of=of
    )


def record(unit, *reports):
    with transaction.atomic():
        told = record_activities(unit=unit, reports=reports, by="test", at=NOW + timedelta(days=2))
    assert [one.refusal for one in told] == [None] * len(reports)
    return told


def kept():
    """Points by reference, as assessed."""
    rows = Assessment.objects.select_related("activity")
    return {row.activity.source_ref: sum(points for _p, _l, points in row.parcels) for row in rows}


def balance():
    return sum(Wallet.objects.values_list("balance", flat=True))


def test_a_days_cap_lets_exactly_so_much_by(mall, program, member):
    rule(mall, program, caps={"per_day": 100})

    for number in range(3):
        record(mall, sale(member, f"S{number}", hours=number))
    record(mall, sale(member, "TOMORROW", hours=24))

    assert kept() == {"S0": 60, "S1": 40, "S2": 0, "TOMORROW": 60}
    assert balance() == 160
    assert audit().is_clean


def test_a_sale_that_is_heard_late_takes_its_place_and_the_difference_is_posted(mall, program, member):
    rule(mall, program, caps={"per_day": 100})
    record(mall, sale(member, "LATER", hours=2), sale(member, "LAST", hours=3))

    record(mall, sale(member, "FIRST", hours=1))

    assert kept() == {"FIRST": 60, "LATER": 40, "LAST": 0}
    assert balance() == 100
    later = Assessment.objects.get(activity__source_ref="LATER")
    assert (later.revision, later.earlier[0]["parcels"]) == (1, [[program.pk, "MALL", 60]])
    assert Posting.objects.filter(kind=PostingKind.REVERSAL).count() == 2


def test_what_a_refund_frees_goes_to_those_after_it(mall, program, member):
    rule(mall, program, caps={"per_day": 100})
    record(mall, sale(member, "S0"), sale(member, "S1", hours=1))

    (told,) = record(mall, refund("F0", "S0", "60.00", hours=2))

    assert (kept(), balance(), told.taken_back) == ({"S0": 0, "S1": 60}, 60, 60)
    assert Posting.objects.get(kind=PostingKind.REVERSAL).source_ref == "activity:MALL:F0"
    topped_up = Posting.objects.get(source_ref="activity:MALL~1:S1")
    assert (topped_up.points, topped_up.occurred_at) == (20, NOW + timedelta(hours=1))
    assert audit().is_clean


def test_the_first_visit_to_a_sector_is_the_first_that_happened(mall, program, member):
    other = make_unit("MALL2")
    rule(None, program, conditions={"first_visit": True, "sectors": ["mall"]}, rate="0", fixed_points=50)

    record(mall, sale(member, "LATER", hours=5))
    record(other, sale(member, "FIRST", hours=1))

    assert kept() == {"LATER": 0, "FIRST": 50}
    assert balance() == 50


def test_a_cap_of_the_month_is_shared_by_all_units_of_the_rule(mall, program, member):
    other = make_unit("MALL2")
    rule(None, program, caps={"per_month": 100})

    record(mall, sale(member, "A"))
    record(other, sale(member, "B", hours=30))

    assert kept() == {"A": 60, "B": 40}


def test_a_members_cap_counts_over_versions_of_the_rule(mall, program, member):
    made = rule(mall, program, caps={"per_member": 100})
    type(made).objects.filter(pk=made.pk).update(during=(made.during.lower, NOW + timedelta(hours=1)))
    rule(
        mall,
        program,
        caps={"per_member": 100},
        rate="2",
        version=2,
        during=(NOW + timedelta(hours=1), None),
    )

    record(mall, sale(member, "A"), sale(member, "B", hours=2))

    assert kept() == {"A": 60, "B": 40}


def test_a_budget_serves_whoever_comes_first_and_takes_back_what_refunds_free(mall, program):
    rule(mall, program, caps={"budget": 100})
    one, two, three = make_member(), make_member(), make_member()

    record(mall, sale(one, "A", hours=5), sale(two, "B", hours=9))
    record(mall, sale(three, "C", hours=1))
    record(mall, refund("FA", "A", "60.00", hours=6))
    record(mall, sale(three, "D", hours=7))

    assert balance() == 100
    assert kept()["A"] == 0
    assert BudgetUse.objects.get().given == 100


def test_a_rule_that_only_caps_cuts_all_rules_of_the_program_in_a_day(mall, program, member):
    rule(mall, program, "BASE")
    rule(mall, program, "FIVE", rate="0", fixed_points=5)
    rule(mall, program, "MAX", rate="0", effect="cap", caps={"per_day": 100})

    record(mall, sale(member, "A"), sale(member, "B", hours=1))

    assert kept() == {"A": 65, "B": 35}


def test_lots_of_their_own_keep_their_terms_when_topped_up(mall, program, member):
    rule(mall, program, caps={"per_day": 100}, terms={"pending_days": 7, "expires_after_days": 30})
    record(mall, sale(member, "S0"), sale(member, "S1", hours=1))

    record(mall, refund("F0", "S0", "30.00", hours=2))

    assert kept() == {"S0": 30, "S1": 60}
    lots = Posting.objects.filter(kind=PostingKind.ACCRUAL, source_ref__contains="S1")
    assert {lot.available_at - lot.earned_at for posting in lots for lot in posting.lots.all()} == {
        timedelta(days=7)
    }


def test_a_replay_changes_nothing(mall, program, member):
    rule(mall, program, caps={"per_day": 100})
    deliveries = [sale(member, "A"), sale(member, "B", hours=1), refund("FA", "A", "30.00")]
    record(mall, *deliveries)
    before = Posting.objects.count()

    for one in deliveries:
        record(mall, one)

    assert (Posting.objects.count(), balance()) == (before, 90)


def test_any_order_of_the_same_deliveries_ends_in_the_same_state(mall, program, member):
    """Sales before refunds of their own; all else in any order, in chunks of any size."""
    rule(mall, program, caps={"per_day": 100, "per_month": 150})
    rule(mall, program, "DOUBLE", rate="0", effect="multiplier", factor=2, caps={"per_month": 60})
    rule(
        None,
        program,
        "WELCOME",
        rate="0",
        fixed_points=50,
        conditions={"first_visit": True, "sectors": ["mall"]},
    )
    deliveries = [
        *(sale(member, f"S{n}", f"{17 * n + 20}.50", hours=(n * 7) % 50) for n in range(6)),
        *(refund(f"F{n}", f"S{n}", f"{9 * n + 20}.25", hours=60) for n in range(0, 6, 2)),
        refund("F0B", "S0", "0.25", hours=61),
    ]
    endings = set()
    for seed in range(ORDERS):
        orderly = random.Random(seed).sample(deliveries, len(deliveries))
        orderly.sort(key=lambda one: one.is_refund)  # what waits for its sale is tried elsewhere
        with transaction.atomic():
            size = seed % 4 + 1
            for chunk in _cut(orderly, size):
                record(mall, *chunk)
            lots = sorted(_standing())
            endings.add((balance(), tuple(sorted(kept().items())), tuple(lots)))
            if seed == 0:
                assert audit().is_clean
            transaction.set_rollback(True)

    assert len(endings) == 1


def _cut(items, size):
    return [items[start : start + size] for start in range(0, len(items), size)]


def _standing():
    """What stands of each activity's lots: earned when, and how many points."""
    net = {}
    for posting in Posting.objects.all():
        if posting.kind == PostingKind.ACCRUAL:
            net[posting.pk] = net.get(posting.pk, 0) + posting.points
        else:
            net[posting.reverses] = net.get(posting.reverses, 0) - posting.points
    at = dict(Posting.objects.values_list("pk", "occurred_at"))
    sums = {}
    for pk, points in net.items():
        sums[at[pk]] = sums.get(at[pk], 0) + points
    return [(instant, points) for instant, points in sums.items() if points]


def test_a_program_that_refuses_leaves_the_refund_out(mall, program, member):
    Program.objects.update(reversal_policy="refuse")
    rule(mall, program, caps={"per_day": 100})
    record(mall, sale(member, "A"))

    redeem(member, program, 60, unit=mall, at=NOW + timedelta(days=1))

    with transaction.atomic():
        (told,) = record_activities(
            unit=mall, reports=[refund("FA", "A", "60.00")], by="test", at=NOW + timedelta(days=2)
        )

    assert told.refusal.code == "insufficient_points"
    assert (kept(), Activity.objects.count()) == ({"A": 60}, 1)
