"""Refunds of lines through the services and the ledger, before, among and after their sales."""

import os
import random
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from activities.models import Activity, Assessment
from activities.rules.lines import LineReport
from points.selectors.audit import audit
from points.services.reversal import reverse_accrual
from tests.activities.reporting import final_state, make_member, make_shop, record, refunded, sold
from tests.factories import NOW, balance, make_earn_rule

pytestmark = pytest.mark.django_db
ORDERS = int(os.environ.get("LOYALTY_DELIVERY_ORDERS", "8"))


@pytest.fixture
def mall():
    """One point a yuan; tea gives two more, gift cards nothing."""
    mall = make_shop("MALL")
    program = mall.earn_rules.get().program
    tea = {"conditions": {"categories": ["tea"]}}
    make_earn_rule(mall, program, "2", code="TEA", terms=tea)
    cards = {"conditions": {"categories": ["card"]}}
    make_earn_rule(mall, program, "0", code="CARDS", effect="exclusion", terms=cards)
    return mall


@pytest.fixture
def program(mall):
    return mall.earn_rules.get(code="TEA").program


@pytest.fixture
def member():
    return make_member()


def basket(member, ref="S1", *, hours=0, **amounts):
    """A sale of lines: category → amount."""
    lines = tuple(
        LineReport(n, Decimal(amount), category) for n, (category, amount) in enumerate(amounts.items(), 1)
    )
    total = str(sum(line.amount for line in lines))
    return sold(ref, total, member=member, lines=lines, at=NOW + timedelta(hours=hours))


def test_a_refunded_line_takes_back_what_it_earned(mall, program, member):
    record(mall, basket(member, tea="30.00", shoes="60.00", card="10.00"))

    told = record(
        mall,
        refunded("CARD", lines={3: None}),
        refunded("TEA", lines={1: "10.00"}),
        refunded("SHOES", lines={2: None}),
        refunded("REST"),
    )

    assert [one.taken_back for one in told] == [0, 30, 60, 60]
    assert balance(member, program) == 0
    assert audit().is_clean


def test_lines_may_be_reported_in_any_order(mall, program, member):
    lines = (LineReport(2, Decimal("60.00"), "shoes"), LineReport(1, Decimal("30.00"), "tea"))
    record(mall, sold("S1", "90.00", member=member, lines=lines))

    (told,) = record(mall, refunded("TEA", lines={1: None}))

    assert told.taken_back == 90


def test_lines_alike_need_no_weights(mall, member):
    record(
        mall, basket(member, "S1", shoes="60.00", hats="10.00"), basket(member, "S2", tea="1.00", hats="1.00")
    )

    kept = dict(Assessment.objects.values_list("activity__source_ref", "weights"))

    assert kept == {"S1": [], "S2": [[mall.earn_rules.first().program_id, [3, 1]]]}


def test_what_was_taken_back_by_hand_is_not_taken_twice(mall, program, member):
    record(mall, basket(member, tea="30.00", shoes="60.00"))
    reverse_accrual(
        unit=mall, accrual_ref="activity:MALL:S1", points=100, source_ref="by-hand", by="test", at=NOW
    )

    told = record(mall, refunded("TEA", lines={1: None}), refunded("REST"))

    assert [one.taken_back for one in told] == [0, 50]
    assert balance(member, program) == 0


def test_each_rule_that_shares_a_cap_loses_its_own_lines_only(mall, program, member):
    hats = {"conditions": {"categories": ["hats"]}, "caps": {"per_day": 50}}
    make_earn_rule(mall, program, "10", code="HATS", terms=hats)
    record(mall, basket(member, "S1", hats="4.00", tea="20.00"), basket(member, "S2", hours=1, hats="3.00"))
    assert balance(member, program) == 4 + 40 + 60 + 3 + 10

    (told,) = record(mall, refunded("HAT", lines={1: None}))

    # Its own 4 and 40; the cap that it leaves goes to the hat after it.
    assert told.taken_back == 44
    assert balance(member, program) == 60 + 3 + 30
    assert audit().is_clean


def test_any_order_of_sales_and_refunds_of_lines_ends_alike(mall, program, member):
    """Refunds before, among and after the sales, with rules that share caps and rules that do not."""
    dice = random.Random(3)
    hats = {"conditions": {"categories": ["hats"]}, "caps": {"per_day": 70, "per_activity": 50}}
    make_earn_rule(mall, program, "3", code="HATS", terms=hats)
    double = {"conditions": {"categories": ["tea", "hats"]}, "caps": {"per_month": 90}}
    make_earn_rule(mall, program, "0", code="DOUBLE", effect="multiplier", factor="2", terms=double)
    deliveries = []
    for number in range(4):
        amounts = {name: f"{dice.randint(1, 4000) / 100:.2f}" for name in ("tea", "hats", "card", "shoes")}
        ref = f"S{number}"
        deliveries.append(basket(member, ref, hours=number, **amounts))
        line = dice.randint(1, 4)
        part = Decimal(list(amounts.values())[line - 1])
        some = (part / 2).quantize(Decimal("0.01"))
        later = NOW + timedelta(hours=9)
        deliveries += [
            refunded(f"A{number}", lines={line: str(some)}, of=ref, at=later),
            refunded(f"B{number}", lines={line: str(part - some)}, of=ref, at=later),
            refunded(f"C{number}", "0.01", of=ref, at=later),
        ][: dice.randint(1, 3)]
    endings = []
    for seed in range(ORDERS):
        shuffled = random.Random(seed).sample(deliveries, len(deliveries))
        with transaction.atomic():
            for start in range(0, len(shuffled), seed % 3 + 1):
                told = record(mall, *shuffled[start : start + seed % 3 + 1], at=NOW + timedelta(days=1))
                assert [one.refusal for one in told] == [None] * len(told)
            endings.append((*final_state(), balance(member, program)))
            if not seed:
                assert audit().is_clean
                assert Activity.objects.count() == len(deliveries)
            transaction.set_rollback(True)

    assert all(ending == endings[0] for ending in endings)
