"""Refunds whole, by line and by amount, through the services and the ledger."""

import os
import random
from decimal import Decimal

import pytest

from activities.models import Activity, ActivityLine
from points.models import Posting, PostingKind
from points.selectors.audit import audit
from points.services.reversal import reverse_accrual
from tests.activities.reporting import codes, make_member, make_shop, record, refunded, sold
from tests.factories import NOW, balance, make_earn_rule, make_program, redeem

pytestmark = pytest.mark.django_db
# How many sales are cut to pieces; 300 were run once (docs/activities.md).
CUT_SALES = int(os.environ.get("ACTIVITIES_CUT_SALES", "12"))


@pytest.fixture
def mall():
    return make_shop("MALL")


@pytest.fixture
def program(mall):
    return mall.earn_rules.get().program


@pytest.fixture
def member():
    return make_member()


def test_a_refund_of_the_whole_takes_what_still_stands(mall, program, member):
    record(mall, sold("S1", "99.00", member=member), refunded("F1", "33.00"))

    (told,) = record(mall, refunded("F2"))

    assert (told.is_new, told.taken_back) == (True, 66)
    assert Activity.objects.get(source_ref="F2").amount == 66
    assert balance(member, program) == 0


def test_a_refunded_line_is_counted_on_the_sales_line(mall, program, member):
    record(mall, sold("S1", "100.00", member=member, parts=["60.00", "40.00"]))

    told = record(mall, refunded("F1", lines={1: "20.00"}), refunded("F2", lines={2: None, 1: "5.00"}))

    assert [one.taken_back for one in told] == [20, 45]
    lines = ActivityLine.objects.filter(activity__source_ref="S1").order_by("number")
    assert list(lines.values_list("refunded", flat=True)) == [25, 40]
    assert Activity.objects.get(source_ref="F2").amount == 45


def test_what_does_not_fit_the_lines_is_refused_by_name(mall, member):
    record(
        mall,
        sold("S1", "100.00", member=member, parts=["60.00", "40.00"]),
        sold("S2", "10.00", member=member),
        refunded("F1", "50.00"),
    )

    told = record(
        mall,
        refunded("F2", lines={3: "1.00"}),
        refunded("F3", lines={2: "40.01"}),
        refunded("F4", lines={1: "60.00"}),
        refunded("F5", of="S2", lines={1: None}),
    )

    assert codes(told) == ["unknown_line", "refund_exceeds_line", "refund_exceeds_sale", "unknown_line"]


def test_the_same_refund_again_is_already_there_however_it_was_told(mall, member):
    record(mall, sold("S1", "100.00", member=member, parts=["60.00", "40.00"]))
    refunds = [refunded("F1", lines={1: "10.00"}), refunded("F2", lines={2: None}), refunded("F3")]
    first = record(mall, *refunds)

    again = record(mall, *refunds)

    assert [one.activity_id for one in again] == [one.activity_id for one in first]
    assert not any(one.is_new for one in again)
    assert codes(record(mall, refunded("F1", lines={1: "11.00"}))) == ["duplicate_reference"]
    assert codes(record(mall, refunded("F3", of="S9"))) == ["duplicate_reference"]


def test_a_sale_for_nothing_is_refunded_once(mall, member):
    record(mall, sold("S1", "0.00", member=member, kind="event"))

    assert codes(record(mall, refunded("F1"), refunded("F2"))) == [None, "already_refunded"]


def test_refunds_before_and_after_spending_end_alike(mall, program):
    early, late = make_member(), make_member()
    for who, ref in ((early, "E"), (late, "L")):
        record(mall, sold(ref, "100.00", member=who))

    record(mall, refunded("FE", "60.00", of="E"))
    for who in (early, late):
        redeem(who, program, 40, unit=mall)
    record(mall, refunded("FL", "60.00", of="L"))

    assert balance(early, program) == balance(late, program) == 0
    assert audit().is_clean


def test_points_taken_back_by_hand_are_not_taken_twice(mall, program, member):
    record(mall, sold("S1", "100.00", member=member))
    reverse_accrual(
        unit=mall, accrual_ref="activity:MALL:S1", points=70, source_ref="by-hand", by="test", at=NOW
    )

    (half, rest) = record(mall, refunded("F1", "50.00"), refunded("F2"))

    assert (half.taken_back, rest.taken_back) == (0, 30)
    assert balance(member, program) == 0


def test_cut_at_random_every_sale_leaves_what_the_rule_says(mall, program, member):
    """The smaller twin of the rule's test: through the services, the triggers and the ledger."""
    dice = random.Random(5)
    second = make_program("GROUP")
    make_earn_rule(mall, second, "0.37")
    for number in range(CUT_SALES):
        parts = [dice.randint(1, 5000) for _ in range(dice.randint(1, 4))]
        ref, total = f"S{number}", sum(parts)
        amounts = [f"{Decimal(part) / 100:.2f}" for part in parts]
        lines = amounts if dice.random() < 0.6 else ()
        record(mall, sold(ref, f"{Decimal(total) / 100:.2f}", member=member, parts=lines))
        left, by_line = total, list(parts)
        for cut in range(dice.randint(1, 4)):
            if not left:
                break
            which = dice.randrange(len(parts))
            most = min(left, by_line[which])
            if lines and most and dice.random() < 0.6:
                part = dice.randint(1, most)
                by_line[which] -= part
                told = refunded(f"F{number}.{cut}", of=ref, lines={which + 1: f"{Decimal(part) / 100:.2f}"})
            else:
                part = dice.randint(1, left)
                told = refunded(f"F{number}.{cut}", f"{Decimal(part) / 100:.2f}", of=ref)
            left -= part
            assert codes(record(mall, told)) == [None]
            for given in Posting.objects.filter(kind=PostingKind.ACCRUAL, source_ref__endswith=f":{ref}"):
                taken = Posting.objects.filter(reverses=given.pk).values_list("points", flat=True)
                assert given.points - sum(taken) == given.points * left // total
        record(mall, refunded(f"F{number}.rest", of=ref))

    assert balance(member, program) == balance(member, second) == 0
    assert audit().is_clean
