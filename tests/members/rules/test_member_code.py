"""Member codes: two forms of one code, good for a minute, and for nobody else's key."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as some

from members.rules.member_code import (
    CodeFacts,
    digits_of,
    facts_by_digits,
    facts_in,
    is_alive,
    number_in,
    text_of,
)

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
NUMBER = "100000000017"
FACTS = some.builds(
    CodeFacts, member_id=some.uuids(), right_id=some.none() | some.uuids(), second=some.integers(0, 2**33)
)
ONE = CodeFacts(uuid.UUID(int=1), None, 1_800_000_000)


@given(FACTS)
def test_a_text_says_what_was_signed_and_only_with_its_key(facts):
    text = text_of(facts, KEY)

    assert facts_in(text, KEY) == facts
    assert facts_in(text, OTHER_KEY) is None


@given(FACTS, some.integers(4, 58), some.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_a_text_with_one_letter_changed_is_no_code(facts, place, letter):
    text = text_of(facts, KEY)
    changed = text[:place] + letter + text[place + 1 :]

    assert facts_in(changed, KEY) == (facts if changed == text else None)


@given(FACTS, some.integers(-10, 69))
def test_digits_are_the_same_code_while_it_lives(facts, age):
    digits, second = digits_of(facts, NUMBER, KEY), facts.second + age
    how = {"member_id": facts.member_id, "rights": (None, facts.right_id), "second": second}

    assert (number_in(digits), len(digits)) == (NUMBER, 20)
    if second > 80:
        assert facts_by_digits(digits, **how, key=KEY) == facts
        assert facts_by_digits(digits, **how, key=OTHER_KEY) != facts


def test_digits_for_one_entitlement_open_no_other():
    bound = CodeFacts(ONE.member_id, uuid.UUID(int=2), ONE.second)
    digits = digits_of(bound, NUMBER, KEY)

    found = facts_by_digits(
        digits, member_id=ONE.member_id, rights=(None, uuid.UUID(int=3)), second=ONE.second, key=KEY
    )

    assert found is None


@pytest.mark.parametrize(("age", "alive"), [(-11, False), (-10, True), (0, True), (69, True), (70, False)])
def test_a_code_lives_a_minute_and_ten_seconds_of_grace_either_way(age, alive):
    assert is_alive(ONE, ONE.second + age) is alive


@pytest.mark.parametrize("typed", ["", "1" * 19, "1" * 21, "１" * 20, "x" * 20])
def test_what_is_no_code_has_no_number(typed):
    assert number_in(typed) is None
