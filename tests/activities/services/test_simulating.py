"""What is simulated is what is posted, for baskets of every kind; and nothing is stored."""

import os
import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from activities.models import Activity, Assessment, TierCredit
from activities.rules.lines import LineReport
from activities.rules.reading import ActivityReport, ReportRefused
from activities.services.recording import record_activities
from activities.services.simulating import simulate_activity
from members.models import Member, Tier, TierCause
from members.services.tiers import hold_tier
from points.models import Posting
from tests.activities.tiering import make_scheme
from tests.factories import NOW, make_earn_rule, make_member, make_outlet, make_program, make_unit

pytestmark = pytest.mark.django_db
BASKETS = int(os.environ.get("LOYALTY_BASKETS", "60"))
AT = NOW + timedelta(days=40)
FOOD = {"conditions": {"categories": ["food/*"]}}
WEEKEND = {"conditions": {"weekdays": [6, 7]}}


@pytest.fixture
def group():
    """Two units of one program with rules of every kind, and five members of two tiers."""
    mall, hotel = make_unit("MALL"), make_unit("HOTEL", "hotel")
    program, other = make_program("MALL", owner=mall), make_program("GROUP")
    for code, unit, said in (
        ("BASE", mall, {"rate": "1"}),
        ("STAYS", hotel, {"rate": "0.7", "terms": {"caps": {"per_month": 900}}}),
        (
            "FOOD",
            mall,
            {"rate": "0.33", "terms": FOOD},
        ),
        ("VAT", mall, {"effect": "tax", "tax_percent": "6"}),
        ("CARDS", None, {"effect": "exclusion", "terms": {"conditions": {"categories": ["gift-card"]}}}),
        (
            "GOLD",
            None,
            {
                "effect": "multiplier",
                "factor": "1.5",
                "terms": {"conditions": {"tiers": ["GOLD"]}, "caps": {"per_day": 120}},
            },
        ),
        (
            "WEEKEND",
            mall,
            {"effect": "multiplier", "factor": 2, "terms": WEEKEND},
        ),
        (
            "HELLO",
            None,
            {
                "fixed_points": 50,
                "terms": {
                    "conditions": {"first_visit": True, "sectors": ["mall"]},
                    "expires_after_days": 30,
                    "pending_days": 7,
                },
            },
        ),
        ("BIRTHDAY", None, {"fixed_points": 8, "terms": {"conditions": {"birthday": "month"}}}),
        ("MAX", None, {"effect": "cap", "terms": {"caps": {"per_day": 700}}}),
    ):
        make_earn_rule(unit, program, code=code, **{"rate": "0"} | said)
    make_earn_rule(None, other, "0.01", code="ALL", terms={"caps": {"budget": 400}})
    outlets = [make_outlet(mall, "S1"), make_outlet(mall, "S2")]
    members = [make_member(birth_date=date(1990, 1 + 2 * n, 3)) for n in range(5)]
    Tier.objects.create(code="SILVER", level=0, name_zh="银卡", name_en="Silver")
    gold = Tier.objects.create(code="GOLD", level=1, name_zh="金卡", name_en="Gold")
    for member in members[:2]:
        hold_tier(
            member_id=member.pk,
            tier=gold,
            cause=TierCause.BY_HAND,
            evidence={},
            by="test",
            at=NOW + timedelta(days=9),
        )
    return mall, hotel, outlets, members


def basket(chance, number, group):
    mall, hotel, outlets, members = group
    lines = tuple(
        LineReport(n, Decimal(chance.randint(1, 30_000)) / 100, category)
        for n, category in enumerate(
            chance.choices(["food/tea", "food/cake", "shoes", "gift-card", ""], k=chance.randint(2, 4)), 1
        )
    )
    lines = lines if chance.random() < 0.5 else ()
    amount = sum(line.amount for line in lines) or Decimal(chance.randint(0, 60_000)) / 100
    unit = chance.choice([mall, mall, hotel])
    report = ActivityReport(
        source_ref=f"B{chance.randint(0, 9)}-{number}",
        kind=chance.choice(["purchase", "stay", "event"]),
        member_ref=None,
        outlet_id=chance.choice(outlets).pk if unit is mall and chance.random() < 0.5 else None,
        occurred_at=NOW + timedelta(minutes=chance.randint(0, 35 * 24 * 60)),
        amount=amount,
        currency="CNY",
        category=chance.choice(["food/tea", "shoes", "gift-card", ""]),
        paid_with_points=(amount * chance.choice([0, 0, 1]) / 4).quantize(Decimal("0.01")),
        member_id=chance.choice([*members, None]) and chance.choice(members).pk,
        lines=lines,
    )
    return unit, report


def test_what_is_simulated_is_what_is_posted(group):
    chance = random.Random(20260331)
    for number in range(BASKETS):
        unit, report = basket(chance, number, group)
        member = Member.objects.get(pk=report.member_id) if report.member_id else None

        would = simulate_activity(unit=unit, report=report, member=member, at=AT)
        before = Posting.objects.count(), Activity.objects.count(), Assessment.objects.count()
        with transaction.atomic():
            (told,) = record_activities(unit=unit, reports=[report], by="test", at=AT)

        assert told.refusal is None
        assert before[1] + 1 == Activity.objects.count()
        earned = [(one.program, one.points) for one in told.earned]
        lots = [(parcel.label.split(";")[0], parcel.points) for parcel in would.outcome.parcels]
        assert sorted(earned) == sorted(lots), (number, report)
        if report.member_id:
            kept = Assessment.objects.get(pk=told.activity_id)
            assert [[line.rule_id, line.reason] for line in would.trace] == [one[:2] for one in kept.trace]


def test_the_tier_credits_that_are_simulated_are_those_that_are_given(group):
    make_scheme(
        asked=(None, 100_000),
        rules=[
            ("", "", "amount", "1"),
            ("hotel", "stay", "quantity", "50"),
            ("mall", "", "activity", "2.5"),
            (group[0], "purchase", "amount", "1.333"),
        ],
    )
    chance = random.Random(8)
    for number in range(min(BASKETS, 40)):
        unit, report = basket(chance, number, group)
        report = replace(report, quantity=Decimal(chance.randint(0, 5)) or None)
        member = Member.objects.get(pk=report.member_id) if report.member_id else None

        would = simulate_activity(unit=unit, report=report, member=member, at=AT)
        with transaction.atomic():
            (told,) = record_activities(unit=unit, reports=[report], by="test", at=AT)

        given = TierCredit.objects.filter(activity_id=told.activity_id).values_list("rule_id", "milli")
        assert sorted((line.rule_id, milli) for line, milli in would.credits) == sorted(given), report


def test_nothing_is_stored(group):
    mall, _hotel, _outlets, members = group
    report = ActivityReport("", "purchase", None, None, NOW, Decimal("10.00"), "CNY")

    simulate_activity(unit=mall, report=report, member=members[0], at=AT)

    assert not Activity.objects.exists()
    assert not Posting.objects.exists()
    assert not Assessment.objects.exists()


def test_what_would_be_refused_is_refused(group):
    mall, _hotel, _outlets, members = group
    for wrong in ({"amount": Decimal(2000000000)}, {"currency": "USD"}, {"kind": "return"}):
        said = {"amount": Decimal("10.00"), "currency": "CNY", "kind": "purchase"} | wrong
        report = ActivityReport("", said["kind"], None, None, NOW, said["amount"], said["currency"])
        with pytest.raises(ReportRefused):
            simulate_activity(unit=mall, report=report, member=members[0], at=AT)
