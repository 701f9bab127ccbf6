"""Where a member stands by their credits: up at once, down at review, and whatever the order of news."""

import os
from datetime import date, timedelta
from itertools import permutations
from random import Random

import pytest

from activities.rules.standing import Credit, Level, Scheme, Standing, Sums, add_months, standing_on

LADDER = [0, 1, 2, 3]
LEVELS = (Level(1, 1000), Level(2, 3000), Level(3, 8000))
CASES = int(os.environ.get("LOYALTY_STANDING_CASES", "150"))


def scheme(**terms):
    return Scheme(
        **{
            "version": 1,
            "starts_on": date(2020, 1, 1),
            "is_calendar": False,
            "window_months": 12,
            "validity_months": 12,
            "grace_days": 90,
            "levels": LEVELS,
        }
        | terms
    )


def credit(day, milli, known_from=None):
    day = date.fromisoformat(day)
    return Credit(day, date.fromisoformat(known_from) if known_from else day, milli)


def stands(today, *earned, schemes=None, ladder=LADDER) -> Standing:
    return standing_on(date.fromisoformat(today), earned=earned, schemes=schemes or [scheme()], ladder=ladder)


def test_without_credits_one_stands_at_the_foot():
    assert stands("2026-06-15").level == 0


@pytest.mark.parametrize(("milli", "level"), [(999, 0), (1000, 1), (2999, 1), (3000, 2), (8000, 3)])
def test_a_level_is_reached_with_exactly_what_it_asks(milli, level):
    assert stands("2026-06-15", credit("2026-06-15", milli)).level == level


def test_it_is_valid_for_its_term_and_then_has_its_grace():
    now = stands("2026-06-15", credit("2026-03-01", 1000))

    assert (now.reached_on, now.valid_until) == (date(2026, 3, 1), date(2027, 3, 2))
    assert now.review_on == date(2027, 5, 31)


def test_who_has_too_few_holds_it_through_the_grace_and_then_goes_down():
    earned = [credit("2026-03-01", 1000)]

    assert stands("2027-05-30", *earned).level == 1
    assert stands("2027-05-31", *earned).level == 0


def test_a_review_takes_one_level_at_a_time_each_for_a_term():
    earned = [credit("2020-03-01", 8000)]

    assert stands("2021-05-30", *earned).level == 3
    assert stands("2021-05-31", *earned).level == 2
    assert stands("2022-08-28", *earned).level == 2
    assert stands("2022-08-29", *earned).level == 1
    assert stands("2030-01-01", *earned).level == 0


def test_enough_in_the_term_keeps_it_for_another_from_its_end():
    now = stands("2027-06-01", credit("2026-03-01", 1000), credit("2027-03-01", 1000))

    assert (now.level, now.valid_until, now.reviewed_on) == (1, date(2028, 3, 2), date(2027, 5, 31))


def test_enough_by_the_end_of_the_grace_keeps_it_too():
    now = stands("2027-06-01", credit("2026-03-01", 1000), credit("2027-05-01", 1000))

    assert (now.level, now.valid_until) == (1, date(2028, 5, 31))


def test_rising_begins_a_new_term():
    now = stands("2026-09-01", credit("2026-03-01", 1000), credit("2026-08-01", 2000))

    assert (now.level, now.valid_until) == (2, date(2027, 8, 2))


def test_what_left_the_period_counts_no_more():
    assert stands("2026-06-15", credit("2025-06-15", 600), credit("2026-06-15", 600)).level == 0
    assert stands("2026-06-15", credit("2025-06-16", 600), credit("2026-06-15", 600)).level == 1


def test_a_calendar_year_holds_until_the_end_of_the_next():
    by_year = [scheme(is_calendar=True)]
    two_halves = [credit("2025-12-31", 600), credit("2026-01-01", 600)]

    assert stands("2026-02-01", *two_halves, schemes=by_year).level == 0
    now = stands("2026-07-01", *two_halves, credit("2026-07-01", 400), schemes=by_year)
    assert (now.level, now.valid_until, now.review_on) == (1, date(2028, 1, 1), date(2028, 3, 31))


def test_a_calendar_year_kept_is_one_more_year_and_lost_one_level():
    by_year = [scheme(is_calendar=True)]
    kept = stands("2028-04-01", credit("2026-07-01", 3000), credit("2027-05-01", 3000), schemes=by_year)
    lost = stands("2028-04-01", credit("2026-07-01", 3000), credit("2027-05-01", 2999), schemes=by_year)

    assert (kept.level, kept.valid_until) == (2, date(2029, 1, 1))
    assert (lost.level, lost.valid_until) == (1, date(2029, 1, 1))


def test_a_refund_in_time_undoes_and_a_late_one_waits_for_the_review():
    bought = credit("2026-03-01", 1000)

    assert stands("2026-06-15", bought, credit("2026-03-01", -1)).level == 0
    late = [bought, credit("2026-03-01", -1000, known_from="2026-05-01")]
    assert stands("2026-06-15", *late).level == 1
    assert stands("2027-05-31", *late).level == 0


def test_life_by_credits_in_all_and_by_years():
    for_life = [scheme(levels=(Level(1, 1000, 5000, None), Level(2, 3000, None, 2)))]
    by_credits = [credit(f"{year}-06-01", 1000) for year in range(2020, 2025)]
    by_years = [credit(f"{year}-06-01", 3000) for year in (2020, 2021)]

    assert stands("2035-01-01", *by_credits, schemes=for_life).level == 1
    assert stands("2035-01-01", *by_credits[:4], schemes=for_life).level == 0
    now = stands("2035-01-01", *by_years, schemes=for_life)
    assert (now.level, now.lifetime_level, now.review_on) == (2, 2, None)


def test_a_new_scheme_raises_on_its_first_day_and_lowers_only_at_review():
    easier = [scheme(), scheme(version=2, starts_on=date(2026, 7, 1), levels=(Level(1, 500), Level(2, 3000)))]
    harder = [scheme(), scheme(version=2, starts_on=date(2026, 7, 1), levels=(Level(1, 2000),))]

    assert stands("2026-06-30", credit("2026-06-15", 600), schemes=easier).level == 0
    assert stands("2026-07-01", credit("2026-06-15", 600), schemes=easier).level == 1
    assert stands("2026-07-01", credit("2026-06-15", 1000), schemes=harder).level == 1
    assert stands("2027-09-14", credit("2026-06-15", 1000), schemes=harder).level == 0


def test_before_the_first_scheme_nothing_is_reached():
    late = [scheme(starts_on=date(2026, 7, 1))]

    assert stands("2026-06-15", credit("2026-06-15", 9000), schemes=late).level == 0


def test_each_step_says_what_it_was_decided_by():
    steps = stands("2027-06-01", credit("2026-03-01", 1234)).steps

    assert [
        (s.day.isoformat(), s.from_level, s.to_level, s.cause, s.milli, s.asked_milli) for s in steps
    ] == [
        ("2026-03-01", 0, 1, "credits", 1234, 1000),
        ("2027-05-31", 1, 0, "review", 0, 1000),
    ]


def test_the_last_day_of_a_month_stays_within_the_month():
    assert add_months(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert add_months(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert add_months(date(2026, 1, 31), -13) == date(2024, 12, 31)


def test_sums_know_what_was_known():
    sums = Sums([credit("2026-03-01", 10), credit("2026-03-01", -4, known_from="2026-05-01")])
    march = (date(2026, 3, 1), date(2026, 3, 31))

    assert sums.between(*march, known=date(2026, 4, 30)) == 10
    assert sums.between(*march, known=date(2026, 5, 1)) == 6


def _some_life(random):
    """Credits and refunds over four years."""
    earned = []
    for _ in range(random.randrange(1, 14)):
        day = date(2022, 1, 1) + timedelta(days=random.randrange(1400))
        milli = random.choice([100, 400, 900, 1500, 4000])
        earned.append(Credit(day, day, milli))
        if random.random() < 0.3:
            later = day + timedelta(days=random.choice([0, 40, 300]))
            earned.append(Credit(day, later, -random.randrange(1, milli + 1)))
    return earned


def test_any_order_of_the_same_news_ends_in_the_same_standing():
    random = Random(5)
    for _case in range(CASES):
        earned, today = _some_life(random), date(2026, 6, 15)
        terms = [scheme(is_calendar=random.random() < 0.5, grace_days=random.choice([0, 30, 90]))]
        expected = standing_on(today, earned=earned, schemes=terms, ladder=LADDER)
        random.shuffle(earned)

        assert standing_on(today, earned=earned, schemes=terms, ladder=LADDER) == expected


def test_looking_every_day_or_once_makes_no_difference():
    """The level on a day is the last of the steps until then: nothing depends on when one looked."""
    random = Random(7)
    for _case in range(max(1, CASES // 10)):
        earned = _some_life(random)
        end = standing_on(date(2026, 12, 31), earned=earned, schemes=[scheme()], ladder=LADDER)
        for _look in range(10):
            today = date(2022, 1, 1) + timedelta(days=random.randrange(1800))
            known = [one for one in earned if one.counts_on <= today]
            then = standing_on(today, earned=known, schemes=[scheme()], ladder=LADDER)
            steps = [step for step in end.steps if step.day <= today]
            assert then.level == (steps[-1].to_level if steps else 0)


def test_no_order_of_three_sales_and_a_refund_matters():
    earned = [
        credit("2025-07-01", 700),
        credit("2026-01-01", 400),
        credit("2026-01-01", -150, known_from="2026-04-01"),
        credit("2026-05-01", 2500),
    ]
    found = {stands("2026-06-15", *order).level for order in permutations(earned)}

    assert len(found) == 1
