"""A refunded line takes back what that line earned: exactly, in any order, and never more than was given."""

import json
import os
import random
from decimal import Decimal
from fractions import Fraction

import pytest

from activities.rules.earn_counters import Counters
from activities.rules.earn_facts import Line
from activities.rules.earning import judge
from activities.rules.refunds import LineState, kept_of, lines_left, share_left
from tests.activities.rules.earn_factory import book, deed, points, rule

# More of them: ACTIVITIES_LINE_REFUNDS=100000 (docs/activities.md).
SALES = int(os.environ.get("ACTIVITIES_LINE_REFUNDS", "150"))
BASE = rule(1, rate="1")
TEA = rule(2, rate="1", categories=("tea",))
NO_CARDS = rule(3, "exclusion", categories=("card",))
DOUBLE = rule(4, "multiplier", factor="2", categories=("shoes",))


def weights(*rules, lines, **said):
    """By program what each line weighs; nothing where it is its amount."""
    basket = tuple(Line(cents, category) for cents, category in lines)
    return dict(json.loads(judge(book(*rules), deed(lines=basket, **said)).weights))


@pytest.mark.parametrize(
    ("rules", "lines", "told"),
    [
        ([BASE], [(300, "tea"), (700, "shoes")], {}),
        ([BASE, TEA], [(300, "tea"), (700, "shoes")], {1: [6, 7]}),
        ([BASE, NO_CARDS], [(300, "card"), (700, "shoes")], {1: [0, 1]}),
        ([BASE, DOUBLE], [(300, "tea"), (700, "shoes")], {1: [3, 14]}),
        ([TEA], [(300, "shoes"), (0, "tea")], {}),
        ([rule(5, fixed=10, categories=("tea",))], [(300, "tea"), (700, "shoes")], {1: [1, 0]}),
        # Ten points at most for the tea; the base rule's points lie beside them.
        (
            [BASE, rule(6, rate="9", categories=("tea",), per_activity=10)],
            [(500, "tea"), (500, "x")],
            {1: [3, 1]},
        ),
        (
            [BASE, rule(7, rate="1", categories=("tea",), program_id=2, program="TEA")],
            [(300, "tea"), (1, "x")],
            {2: [1, 0]},
        ),
    ],
)
def test_a_line_weighs_what_it_gave(rules, lines, told):
    assert weights(*rules, lines=lines) == told


def test_a_line_that_was_refunded_takes_its_own_points_from_each_rule():
    """A rule whose cap gave nothing loses nothing, and one line's refund leaves the others' points alone."""
    spent = Counters()
    spent.used["R1", "day", "2026-03-31"] = 50
    ours = book(rule(1, rate="1", categories=("tea",), per_day=50), rule(2, rate="1", categories=("shoes",)))
    basket = deed(lines=(Line(4000, "tea"), Line(6000, "shoes")))

    for left, kept in (((1, 1), 60), ((0, 1), 60), ((1, 0), 0), ((1, Fraction(1, 2)), 30)):
        told = judge(ours, basket, counters=spent, left=[Fraction(one) for one in left])
        assert points(told) == kept, left


class Sale:
    """A sale of lines whose refunds are put to the rule one after the other."""

    def __init__(self, dice):
        rules = [rule(1, rate=dice.choice(["1", "0.37", "2.5"]))]
        for number in range(2, dice.randint(2, 5)):
            said = {"categories": (dice.choice(["tea", "shoes", "card"]),)} if dice.random() < 0.8 else {}
            effect = dice.choice(["base", "base", "multiplier", "exclusion", "tax"])
            if effect == "base":
                said |= dice.choice([{"rate": "0.9"}, {"fixed": 13}, {"rate": "3", "per_activity": 40}])
            said |= {"multiplier": {"factor": "1.5"}, "tax": {"percent": "6"}}.get(effect, {})
            rules.append(rule(number, effect, **said))
        self.book = book(*rules)
        self.cents = [dice.choice((0, 1, 99, dice.randint(1, 20_000))) for _ in range(dice.randint(2, 5))]
        self.cents[0] = self.cents[0] or 7
        self.deed = deed(
            lines=tuple(Line(cents, dice.choice(["tea", "shoes", "card", ""])) for cents in self.cents)
        )
        told = judge(self.book, self.deed)
        self.earned, self.weighs = points(told), dict(json.loads(told.weights)).get(1, self.cents)
        self.by_line, self.by_amount, self.taken = [0] * len(self.cents), 0, 0

    @property
    def left(self):
        return sum(self.cents) - sum(self.by_line) - self.by_amount

    def states(self):
        return [
            LineState(Decimal(cents) / 100, Decimal(back) / 100, weighs)
            for cents, back, weighs in zip(self.cents, self.by_line, self.weighs, strict=True)
        ]

    def kept(self):
        total, back = sum(self.cents), sum(self.by_line) + self.by_amount
        return kept_of(self.earned, share_left(Decimal(total) / 100, Decimal(back) / 100, self.states()))

    def refund(self, line, part):
        if line is None:
            self.by_amount += part
        else:
            self.by_line[line] += part
        due = self.earned - self.kept() - self.taken
        assert due >= 0, "no refund gives points"
        self.taken += due

    def refund_at_random(self, dice):
        line = dice.choice([None, *(n for n, cents in enumerate(self.cents) if cents > self.by_line[n])])
        most = self.left if line is None else min(self.left, self.cents[line] - self.by_line[line])
        part = most if dice.random() < 0.4 else dice.randint(1, most)
        self.refund(line, part)
        return line, part


def test_any_refunds_of_lines_and_amounts_leave_what_the_rule_says_and_a_full_refund_nothing():
    dice = random.Random(20261128)
    for number in range(SALES):
        sale = Sale(dice)
        told = []
        for _part in range(dice.randint(1, 6)):
            told.append(sale.refund_at_random(dice))
            assert sale.earned - sale.taken == sale.kept()
            if not sale.left:
                break
        twin = Sale(random.Random(1))
        twin.__dict__ |= {**sale.__dict__, "by_line": [0] * len(sale.cents), "by_amount": 0, "taken": 0}
        dice.shuffle(told)
        for line, part in told:
            twin.refund(line, part)
        assert twin.taken == sale.taken, number
        if sale.left:
            sale.refund(None, sale.left)
        assert sale.taken == sale.earned, number


def test_a_line_alone_takes_back_what_it_gave_to_within_the_one_rounding():
    dice = random.Random(5)
    for _sale in range(SALES // 3):
        sale = Sale(dice)
        exact = [Fraction(sale.earned * weight, sum(sale.weighs) or 1) for weight in sale.weighs]
        line = dice.randrange(len(sale.cents))
        if sale.cents[line]:
            sale.refund(line, sale.cents[line])
        assert abs(sale.taken - exact[line]) < 1
        assert bool(sale.taken) <= bool(exact[line])


def test_what_is_judged_anew_after_refunds_is_what_is_taken_back_by_weight():
    """Two ways to one number: sales that share caps are judged again, others keep what their lines weigh."""
    dice, equal = random.Random(77), 0
    while equal < SALES // 3:
        sale = Sale(dice)
        if any(one.terms.caps.per_activity for one in sale.book.rules):
            continue
        for _part in range(3):
            if sale.left:
                sale.refund_at_random(dice)
        total, back = sum(sale.cents), sum(sale.by_line) + sale.by_amount
        left = lines_left(Decimal(total) / 100, Decimal(back) / 100, sale.states())
        assert points(judge(sale.book, sale.deed, left=left)) == sale.kept()
        equal += 1


def test_all_lines_alike_is_the_share_of_the_whole():
    dice = random.Random(9)
    for _sale in range(SALES // 3):
        sale, half = Sale(dice), Fraction(dice.randint(0, 7), 7)
        each = judge(sale.book, sale.deed, left=[half] * len(sale.cents))
        assert each == judge(sale.book, sale.deed, left=half)
