"""Refunds take back, in whatever parts and order, exactly what the rule says."""

import os
import random
from decimal import Decimal
from fractions import Fraction

import pytest

from activities.rules.refunds import LineState, kept_of, share_left, taken_from

# 100,000 were run once: ACTIVITIES_REFUND_SEQUENCES=100000 (docs/activities.md says what was seen).
SEQUENCES = int(os.environ.get("ACTIVITIES_REFUND_SEQUENCES", "1500"))


def cents(value):
    return Decimal(value) / 100


class Sale:
    """A sale whose refunds are put to the rule one after the other, as the service does."""

    def __init__(self, earned, line_cents, weights):
        self.earned, self.lines, self.weights = earned, line_cents, weights
        self.by_line, self.by_amount, self.taken, self.lots = [0] * len(line_cents), 0, 0, []

    @property
    def left(self):
        return sum(self.lines) - sum(self.by_line) - self.by_amount

    def refund_line(self, number, part):
        self.by_line[number] += part
        self._take()

    def refund_amount(self, part):
        self.by_amount += part
        self._take()

    def share(self):
        lines = [
            LineState(cents(whole), cents(back), weight)
            for whole, back, weight in zip(self.lines, self.by_line, self.weights, strict=True)
        ]
        return share_left(cents(sum(self.lines)), cents(sum(self.by_line) + self.by_amount), lines)

    def _take(self):
        now = self.earned - kept_of(self.earned, self.share()) - self.taken
        assert now >= 0, "no refund gives points"
        self.taken += now


def a_sale(dice):
    lines = [dice.choice((0, 1, 99, 100, 3333, dice.randint(1, 50_000))) for _ in range(dice.randint(1, 5))]
    lines[0] = lines[0] or 1
    weights = lines if dice.random() < 0.5 else [dice.choice((0, line, line * 3)) for line in lines]
    return Sale(dice.randint(0, 5_000), lines, weights)


def refund_at_random(sale, dice):
    open_lines = [n for n, whole in enumerate(sale.lines) if whole > sale.by_line[n]]
    number = dice.choice(open_lines)
    whole_line = min(sale.lines[number] - sale.by_line[number], sale.left)
    match dice.randint(0, 3):
        case 0:
            sale.refund_line(number, whole_line)
        case 1:
            sale.refund_line(number, dice.randint(1, whole_line))
        case 2:
            sale.refund_amount(dice.randint(1, sale.left))
        case _:
            sale.refund_amount(min(sale.left, dice.choice((1, 100, 333))))


def test_any_cutting_leaves_what_the_rule_says_and_a_full_refund_nothing():
    dice, behind = random.Random(2026), 0
    for _sequence in range(SEQUENCES):
        sale, naive = a_sale(dice), 0
        total = sum(sale.lines)
        for _part in range(dice.randint(1, 8)):
            before = sale.left
            refund_at_random(sale, dice)
            naive += sale.earned * (before - sale.left) // total
            assert sale.earned - sale.taken == kept_of(sale.earned, sale.share())
            if not sale.left:
                break
        if sale.left:
            before = sale.left
            sale.refund_amount(before)
            naive += sale.earned * before // total
        assert sale.taken == sale.earned
        behind += naive < sale.earned
    # The test can tell: a floor for each part would have left points behind.
    assert behind > SEQUENCES / 3


def test_the_order_of_refunds_makes_no_difference():
    dice = random.Random(7)
    for _sequence in range(200):
        parts = [("line", 0, 700), ("amount", 0, 333), ("line", 1, 150), ("amount", 0, 67), ("line", 0, 300)]
        outcomes = set()
        for _shuffle in range(5):
            dice.shuffle(parts)
            sale = Sale(1234, [1000, 500, 1500], [0, 500, 4500])
            for kind, number, part in parts:
                sale.refund_line(number, part) if kind == "line" else sale.refund_amount(part)
            outcomes.add(sale.taken)
        assert len(outcomes) == 1


@pytest.mark.parametrize(
    ("amount", "refunded", "share"),
    [("100", "0", 1), ("100", "33.33", Fraction(6667, 10_000)), ("100", "100", 0), ("0", "0", 0)],
)
def test_without_lines_it_is_the_share_not_refunded(amount, refunded, share):
    assert share_left(Decimal(amount), Decimal(refunded)) == share


def test_a_line_that_earned_nothing_takes_nothing_back():
    gift_card, coffee = LineState(Decimal(50), Decimal(50), 0), LineState(Decimal(50), Decimal(0), 5)

    assert share_left(Decimal(100), Decimal(50), [gift_card, coffee]) == 1


def test_lines_that_weigh_their_amount_are_as_good_as_none():
    lines = [LineState(Decimal(30), Decimal(10), 3000), LineState(Decimal(70), Decimal(0), 7000)]

    assert share_left(Decimal(100), Decimal(25), lines) == share_left(Decimal(100), Decimal(25))


def test_what_is_due_comes_from_the_last_lot_first():
    assert taken_from([(100, 0), (20, 5)], 40) == [25, 15]
    assert taken_from([(100, 100), (20, 20)], 5) == [0, 0]
