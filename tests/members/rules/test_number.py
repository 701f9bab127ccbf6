"""A member number finds its own typing mistakes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.rules.number import is_member_number, new_member_number, with_check_digit

bodies = st.from_regex(r"[1-9][0-9]{10}", fullmatch=True)


@pytest.mark.parametrize(
    ("body", "digit"), [("7992739871", "3"), ("37828224631000", "5"), ("0", "0"), ("1", "8")]
)
def test_published_examples_get_their_luhn_digit(body, digit):
    assert with_check_digit(body) == body + digit


@given(bodies)
def test_a_body_with_its_digit_is_a_member_number(body):
    assert is_member_number(with_check_digit(body))


@given(bodies, st.integers(0, 11), st.integers(1, 9))
def test_any_single_wrong_digit_is_found(body, place, shift):
    number = with_check_digit(body)
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]

    assert not is_member_number(wrong)


@given(bodies, st.integers(0, 10))
def test_swapped_neighbours_are_found_but_for_09_and_90(body, place):
    number = with_check_digit(body)
    pair = number[place : place + 2]
    swapped = number[:place] + pair[::-1] + number[place + 2 :]

    assert is_member_number(swapped) == (
        pair[0] == pair[1] or (set(pair) == {"0", "9"} and swapped[0] != "0")
    )


@pytest.mark.parametrize(
    "text", ["", "1", "000000000000", "٠" * 12, "１" * 12, "12345678901a", "1234567890123", " 799273987130"]
)
def test_other_texts_are_no_numbers(text):
    assert not is_member_number(text)


def test_new_numbers_are_valid_and_differ():
    numbers = [new_member_number() for _ in range(500)]

    assert all(map(is_member_number, numbers))
    assert len(set(numbers)) == 500
