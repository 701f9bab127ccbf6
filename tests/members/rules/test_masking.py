"""What is masked can be recognised and not used."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.rules.masking import masked_identity, masked_name, masked_phone


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("+8613812341234", "138****1234"),
        ("+85291234567", "+852****4567"),
        ("+862161234567", "+862****4567"),
        ("+6812345", "+68****"),
    ],
)
def test_a_phone_shows_its_ends(phone, masked):
    assert masked_phone(phone) == masked


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张*"),
        ("张三丰", "张**"),
        ("欧阳娜娜", "欧**"),
        ("Ann Lee", "A** L**"),
        ("李", "李*"),
        ("", ""),
    ],
)
def test_a_name_shows_its_first_character(name, masked):
    assert masked_name(name) == masked


@pytest.mark.parametrize(
    ("kind", "value", "masked"),
    [
        ("email", "zhang.san@example.com", "z***@example.com"),
        ("plate", "沪A12345", "沪A***45"),
        ("plate", "A123", "A***"),
        ("wechat", "openid-123", "op***"),
    ],
)
def test_each_kind_is_masked_in_its_own_way(kind, value, masked):
    assert masked_identity(kind, value) == masked


@given(st.from_regex(r"\+86(1[3-9][0-9]{9})", fullmatch=True))
def test_a_masked_phone_hides_four_digits_at_least(phone):
    assert sum(character.isdigit() for character in masked_phone(phone)) <= len(phone) - 3 - 4
