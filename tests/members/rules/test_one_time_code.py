"""Six digits, and so many sends."""

from datetime import timedelta

from members.rules.one_time_code import SENDS_TO_A_VALUE, new_code, wait_before_next
from tests.factories import NOW


def ago(**time):
    return NOW - timedelta(**time)


def test_a_code_has_six_digits_and_differs_from_the_last():
    codes = {new_code() for _ in range(50)}

    assert len(codes) > 40
    assert all(len(code) == 6 and code.isdigit() for code in codes)


def test_the_first_is_sent_at_once():
    assert wait_before_next([], SENDS_TO_A_VALUE, at=NOW) is None


def test_a_second_one_waits_a_minute():
    assert wait_before_next([ago(seconds=20)], SENDS_TO_A_VALUE, at=NOW) == timedelta(seconds=40)
    assert wait_before_next([ago(seconds=60)], SENDS_TO_A_VALUE, at=NOW) is None


def test_a_sixth_one_waits_until_the_first_of_five_is_an_hour_old():
    sent = [ago(minutes=minutes) for minutes in (50, 40, 30, 20, 10)]

    assert wait_before_next(sent, SENDS_TO_A_VALUE, at=NOW) == timedelta(minutes=10)


def test_an_eleventh_one_waits_for_the_next_day():
    sent = [ago(hours=hours) for hours in range(23, 3, -2)]

    assert wait_before_next(sent, SENDS_TO_A_VALUE, at=NOW) == timedelta(hours=1)
