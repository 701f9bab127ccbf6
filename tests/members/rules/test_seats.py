"""Seats taken at the fullest moment."""

from datetime import date

from members.rules.seats import most_at_once, within


def day(number):
    return date(2026, 6, number)


def test_nobody_takes_no_seat():
    assert most_at_once([]) == 0


def test_who_leaves_makes_room_on_that_day():
    assert most_at_once([(day(1), day(5)), (day(5), day(9))]) == 1


def test_the_fullest_day_counts():
    assert most_at_once([(day(1), day(5)), (day(2), None), (day(4), day(6)), (day(20), day(21))]) == 3


def test_only_days_of_the_period_count():
    stays = [(day(1), day(5)), (day(4), None), (day(9), day(10))]

    assert within(stays, day(5), day(9)) == [(day(5), day(9))]
    assert within(stays, day(9), None) == [(day(9), None), (day(9), day(10))]
