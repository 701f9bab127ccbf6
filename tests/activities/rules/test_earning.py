"""How an activity becomes points: what is taken, what is not and why, caps last, one rounding at the end."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.rules.earn_facts import Line, Person
from activities.rules.earn_plan import assess
from activities.rules.earning import judge
from tests.activities.rules.earn_factory import ME, NOON, book, deed, points, reasons, rule

BASE = rule(rate="1")
MONEY = st.decimals(0, 10**9, places=2)


def earn(*rules, **said):
    return judge(book(*rules), deed(**said))


def why(told, **said):
    return reasons(earn(told, **said), told)[told.code]


@given(MONEY, MONEY, st.decimals(0, 10_000, places=4))
def test_points_are_the_floor_of_rate_times_money(one, other, rate):
    amount, paid = max(one, other), min(one, other)

    outcome = assess(book(rule(rate=rate)), deed(str(amount), paid=str(paid)))

    assert points(outcome) == floor(Fraction(rate) * (Fraction(amount) - Fraction(paid)))


def test_a_large_amount_keeps_every_digit():
    outcome = earn(rule(rate="9999.9999"), amount="999999999999999.99")

    assert points(outcome) == floor(Fraction("999999999999999.99") * Fraction("9999.9999"))


def test_a_posting_names_its_rules_and_versions():
    (parcel,) = earn(BASE, rule(2, fixed=5, code="FIVE", version=3)).parcels

    assert (parcel.rule, parcel.points) == ("earn:FIVE v3 + R1 v1", 105)


def test_a_rule_holds_from_its_start_until_just_before_its_end():
    told = replace(BASE, starts_at=NOON, ends_at=NOON + timedelta(days=1))
    instants = (NOON - timedelta(microseconds=1), NOON, told.ends_at - timedelta(microseconds=1))

    said = [why(told, occurred_at=at) for at in (*instants, told.ends_at)]

    assert said == ["not_in_force", "base_rate", "base_rate", "not_in_force"]


def test_of_the_versions_of_a_rule_only_the_one_in_force_is_looked_at():
    old = replace(BASE, ends_at=NOON)
    new = replace(rule(2, rate="2", code="R1"), version=2, starts_at=NOON)

    assert [points(earn(old, new, occurred_at=NOON + timedelta(hours=h))) for h in (-1, 1)] == [100, 200]
    assert len(reasons(earn(old, new), old, new)) == 1


def test_every_program_earns_by_its_own_rules():
    other = rule(2, rate="0.5", program_id=2, program="GROUP")

    parcels = earn(BASE, other, amount="10.00").parcels

    assert [(parcel.label, parcel.points) for parcel in parcels] == [("MALL", 10), ("GROUP", 5)]


def test_what_earns_nothing_says_why():
    assert why(BASE, person=None) == "anonymous"
    assert why(BASE, person=Person("frozen")) == "member_not_active"
    assert why(replace(BASE, program_is_active=False)) == "program_not_active"
    assert why(BASE, amount="5.00", paid="5.00") == "paid_with_points"
    assert why(BASE, amount="0.99") == "below_one_point"
    assert points(earn(BASE, amount="0.99")) == 0


WEEKEND = datetime(2026, 4, 4, 4, tzinfo=NOON.tzinfo)


@pytest.mark.parametrize(
    ("condition", "fits", "otherwise", "reason"),
    [
        ({"kinds": ("stay",)}, {"kind": "stay"}, {}, "other_kind"),
        ({"outlets": ("S1",)}, {"outlet_id": 1}, {"outlet_id": 2}, "other_outlet"),
        ({"not_outlets": ("S1",)}, {"outlet_id": 2}, {"outlet_id": 1}, "outlet_excluded"),
        ({"venues": ("PLAZA",)}, {"outlet_id": 1}, {"outlet_id": 2}, "other_venue"),
        ({"channels": ("app",)}, {"channel": "app"}, {"channel": "till"}, "other_channel"),
        ({"categories": ("food/*",)}, {"category": "food/tea"}, {"category": "shoes"}, "other_category"),
        ({"not_categories": ("gold",)}, {"category": "tea"}, {"category": "gold"}, "category_excluded"),
        ({"tiers": ("GOLD",)}, {"person": Person("active", "GOLD")}, {}, "other_tier"),
        (
            {"segments": ("owner",)},
            {"person": Person("active", segments=frozenset({"owner"}))},
            {},
            "other_segment",
        ),
        ({"weekdays": (6, 7)}, {"occurred_at": WEEKEND}, {}, "other_weekday"),
        (
            {"hours": (time(18), time(2))},
            {"occurred_at": NOON + timedelta(hours=13, minutes=59)},
            {"occurred_at": NOON + timedelta(hours=14)},
            "other_hour",
        ),
        ({"hours": (time(12), time(13))}, {}, {"occurred_at": NOON + timedelta(hours=1)}, "other_hour"),
        ({"dates": (date(2026, 4, 4),)}, {"occurred_at": WEEKEND}, {}, "other_date"),
        (
            {"birthday": "month"},
            {"person": Person("active", birthday=(3, 1))},
            {"person": Person("active", birthday=(4, 1))},
            "no_birthday",
        ),
        (
            {"birthday": "day"},
            {"person": Person("active", birthday=(3, 31))},
            {"person": Person("active", birthday=(3, 30))},
            "no_birthday",
        ),
        ({"minimum_spend": Decimal(100)}, {}, {"amount": "99.99"}, "below_minimum"),
    ],
)
def test_a_condition_lets_in_what_fits_and_says_why_not_to_the_rest(condition, fits, otherwise, reason):
    told = rule(rate="1", **condition)

    for judged in (judge, assess):
        assert points(judged(book(told), deed(**fits))) == 100
        outcome = judged(book(told), deed(**otherwise))
        assert (points(outcome), reasons(outcome, told)) == (0, {"R1": reason})


def test_a_first_visit_is_asked_of_its_sector():
    told = rule(fixed=50, first_visit=True, sectors=("mall",))

    outcomes = [judge(book(told), deed(), is_first={"mall": is_first}) for is_first in (True, False)]

    assert [points(outcome) for outcome in outcomes] == [50, 0]
    assert reasons(outcomes[1], told) == {"R1": "not_first_visit"}
    assert assess(book(told), deed()).needs_history


def test_the_day_begins_and_ends_in_the_venues_time_zone():
    told = rule(rate="1", dates=(date(2026, 4, 1),))
    late = deed(occurred_at=NOON + timedelta(hours=14))  # 02:00 of the 1st in Shanghai, 18:00 UTC of the 31st

    assert points(judge(book(told), late)) == 100
    assert points(judge(book(told, zone="Europe/London"), late)) == 0


def test_base_rules_add_up_and_round_down_once():
    rates = [rule(number, rate="0.006") for number in (1, 2)]

    assert points(earn(*rates)) == 1
    assert points(earn(rates[0])) == 0


def test_the_highest_multiplier_wins_and_leaves_fixed_points_alone():
    fixed = rule(2, fixed=10)
    double, triple = (rule(n, "multiplier", factor=f, code=f"X{f}") for n, f in ((3, 2), (4, 3)))

    outcome = earn(BASE, fixed, double, triple)

    assert points(outcome) == 310
    assert reasons(outcome, BASE, fixed, double, triple) == {
        "R1": "base_rate",
        "R2": "fixed_points",
        "X2": "outranked",
        "X3": "multiplier",
    }


def test_a_multiplier_with_nothing_to_multiply_says_so():
    double = rule(2, "multiplier", factor=2)

    assert reasons(earn(double, rule(1, fixed=5)), double, rule(1)) == {
        "R1": "fixed_points",
        "R2": "nothing_to_multiply",
    }


def test_a_rule_that_stands_alone_silences_lower_priorities():
    better = rule(2, rate="3", priority=5, alone=True, code="BETTER")

    outcome = earn(BASE, better)

    assert (points(outcome), reasons(outcome, BASE, better)["R1"]) == (300, "outranked")


def test_what_is_excluded_earns_nothing_by_any_rule():
    lines = (Line(6_000, "tea"), Line(4_000, "gift-card"))
    barred = rule(9, "exclusion", categories=("gift-card",), code="NO-CARDS")

    outcome = earn(BASE, barred, lines=lines)

    assert (points(outcome), reasons(outcome, BASE, barred)["NO-CARDS"]) == (60, "excluded")


def test_tax_is_taken_off_before_rates_are_applied():
    vat = rule(9, "tax", percent="6")

    assert points(earn(BASE, vat, amount="106.00")) == 100
    assert points(earn(BASE, vat, amount="105.99")) == 99


def test_the_part_paid_with_points_lies_on_all_lines_alike():
    lines = (Line(6_000, "tea"), Line(4_000, "shoes"))
    tea = rule(rate="1", categories=("tea",))

    assert points(earn(tea, lines=lines, paid="50.00")) == 30


def test_money_counts_in_full_steps_where_the_rule_says_so():
    steps = rule(rate="0.1", full_steps_of=Decimal(20))

    assert [points(earn(steps, amount=amount)) for amount in ("19.99", "20", "59.99")] == [0, 2, 4]


def test_a_cap_of_an_activity_cuts_whole_points():
    capped = rule(rate="1", per_activity=60)

    outcome = earn(capped, amount="99.99")

    assert (points(outcome), reasons(outcome, capped)) == (60, {"R1": "capped"})


def test_a_multiplier_multiplies_what_its_base_was_cut_to_and_has_a_cap_of_its_own():
    base = rule(rate="1", per_activity=60)

    assert points(earn(base, rule(2, "multiplier", factor=2))) == 120
    assert points(earn(base, rule(2, "multiplier", factor=2, per_activity=50))) == 110


def test_a_rule_that_caps_cuts_the_sum_last():
    cap = rule(9, "cap", per_activity=150, code="MAX")

    outcome = earn(BASE, rule(2, "multiplier", factor=2), rule(3, fixed=10), cap)

    assert points(outcome) == 150
    assert reasons(outcome, BASE, rule(2), rule(3), cap)["MAX"] == "cut"


def test_points_that_wait_or_live_otherwise_are_parcels_of_their_own():
    campaign = rule(2, fixed=20, pending_days=7, expires_after_days=30)

    parcels = earn(BASE, campaign).parcels

    assert [(p.label, p.points, p.pending_days, p.expires_after_days) for p in parcels] == [
        ("MALL", 100, 0, None),
        ("MALL;p7e30", 20, 7, 30),
    ]


def test_a_refund_leaves_its_share_rounded_down():
    outcome = judge(book(BASE), deed("99.00"), left=Fraction(2, 3))

    assert points(outcome) == 66
    assert points(judge(book(BASE), deed("99.00"), left=Fraction(0))) == 0


CATEGORIES = ("food/tea", "food/cake", "shoes", "gift", "")


@st.composite
def rule_sets(draw):
    """Rules of every kind without shared caps, some of them with conditions."""
    conditions = st.fixed_dictionaries(
        {},
        optional={
            "categories": st.sampled_from([("food/*",), ("shoes",)]),
            "not_categories": st.just(("gift",)),
            "weekdays": st.sampled_from([(1, 2), (6, 7)]),
            "hours": st.just((time(11), time(14))),
            "tiers": st.just(("GOLD",)),
            "outlets": st.just(("S1",)),
            "minimum_spend": st.sampled_from([Decimal(50), Decimal(100)]),
        },
    )
    told = []
    for number in range(1, draw(st.integers(1, 7)) + 1):
        effect = draw(st.sampled_from(["base", "base", "base", "multiplier", "tax", "exclusion"]))
        said = draw(conditions)
        if effect == "base":
            said |= draw(st.sampled_from([{"rate": "1"}, {"rate": "0.333"}, {"fixed": 7}]))
            said |= draw(
                st.sampled_from([{}, {}, {"alone": True}, {"pending_days": 3}, {"per_activity": 40}])
            )
        elif effect == "multiplier":
            said |= {"factor": draw(st.sampled_from(["1.5", "2"]))}
        elif effect == "tax":
            said |= {"percent": "6"}
        if effect in {"tax", "exclusion"}:
            said.pop("minimum_spend", None)
        told.append(
            rule(number, effect, priority=draw(st.integers(0, 2)), program_id=draw(st.integers(1, 2)), **said)
        )
    return told


@given(
    rule_sets(),
    st.lists(st.integers(0, 30_000), min_size=1, max_size=6),
    st.sampled_from(["food/tea", "shoes", "gift"]),
    st.sampled_from([None, 1, 2]),
    st.sampled_from([ME, Person("active", "GOLD"), Person("frozen"), None]),
    st.integers(0, 40),
)
def test_the_quick_way_says_what_the_slow_way_says(rules, amounts, category, outlet, person, hours):
    ours = book(*rules)

    for cents in amounts:  # the second of a kind goes by the plan of the first
        what = deed(
            "0",
            cents=cents,
            category=category,
            outlet_id=outlet,
            person=person,
            occurred_at=NOON + timedelta(hours=hours),
        )

        assert assess(ours, what) == judge(ours, what)


@given(
    rule_sets(),
    st.lists(
        st.lists(
            st.tuples(st.sampled_from([0, 1, 50, 777, 9_000, 20_000]), st.sampled_from(CATEGORIES)),
            min_size=1,
            max_size=4,
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([0, 0, 1, 3]),
    st.sampled_from([ME, Person("active", "GOLD"), None]),
    st.integers(0, 20),
)
def test_the_quick_way_of_receipts_says_what_the_slow_way_says(rules, receipts, paid, person, hours):
    ours = book(*rules)

    for receipt in receipts:
        lines = tuple(Line(cents, category) for cents, category in receipt)
        whole = sum(line.cents for line in lines)
        what = deed(
            "0",
            lines=lines,
            cents=whole,
            paid_cents=whole * paid // 4,
            person=person,
            occurred_at=NOON + timedelta(hours=hours),
        )

        assert assess(ours, what) == judge(ours, what)
