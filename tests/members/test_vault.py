"""What the vault closes, only its keys open; what it indexes, only its key finds."""

import base64
import os
from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from members.vault import UnknownFieldKey, blind_index, data_key, new_data_keys, seal, seal_many, unseal

OLD, NEW = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
def test_what_is_sealed_opens_to_the_same_text(text):
    assert unseal(seal(text)) == text


def test_two_seals_of_one_text_differ():
    assert len({seal("13812345678") for _ in range(100)}) == 100


def test_many_are_sealed_as_one_is():
    boxes = seal_many(["a", "b", "a"])

    assert [unseal(box) for box in boxes] == ["a", "b", "a"]
    assert len({box[5:17] for box in boxes}) == 3, "each has its own nonce"


def test_nothing_is_sealed_to_nothing():
    assert seal_many([]) == []


@pytest.mark.parametrize("byte", [0, 5, 17, -1])
def test_a_box_with_one_bit_changed_does_not_open(byte):
    box = bytearray(seal("张三"))
    box[byte] ^= 1

    with pytest.raises(InvalidTag):
        unseal(bytes(box))


def test_a_box_cut_short_does_not_open():
    with pytest.raises(InvalidTag):
        unseal(seal("张三")[:-1])


def test_a_new_key_closes_and_the_old_one_still_opens(settings):
    settings.FIELD_KEYS = [OLD]
    box = seal("张三")

    settings.FIELD_KEYS = [NEW, OLD]

    assert unseal(box) == "张三"
    assert seal("张三")[1:5] != box[1:5], "the newest key closes"


def test_a_box_of_a_key_that_left_the_ring_names_it(settings):
    settings.FIELD_KEYS = [OLD]
    box = seal("张三")

    settings.FIELD_KEYS = [NEW]

    with pytest.raises(UnknownFieldKey, match=box[1:5].hex()):
        unseal(box)


def test_a_key_of_the_ring_does_not_open_anothers_box(settings):
    settings.FIELD_KEYS = [OLD, NEW]
    box = seal("张三")
    other = seal("x")[:1] + _id_of(NEW, settings) + box[5:]

    settings.FIELD_KEYS = [OLD, NEW]

    with pytest.raises(InvalidTag):
        unseal(other)


def test_a_wrapped_key_opens_for_its_own_member_only():
    mine, theirs = uuid4(), uuid4()
    (key,) = new_data_keys([mine])

    assert data_key(mine, key.wrapped).wrapped == key.wrapped
    with pytest.raises(InvalidTag):
        data_key(theirs, key.wrapped)


def test_equal_values_of_one_kind_meet_in_the_index():
    assert blind_index("phone", "+8613812345678") == blind_index("phone", "+8613812345678")
    assert len(blind_index("phone", "")) == 32


def test_kinds_and_values_do_not_run_into_each_other():
    indexes = {
        blind_index("phone", "1"),
        blind_index("email", "1"),
        blind_index("phone1", ""),
        blind_index("phone", "2"),
    }

    assert len(indexes) == 4


def test_without_the_key_the_index_says_nothing(settings):
    before = blind_index("phone", "+8613812345678")

    settings.BLIND_INDEX_KEY = "another key of at least thirty-two characters"

    assert blind_index("phone", "+8613812345678") != before


def _id_of(key, settings):
    settings.FIELD_KEYS = [key]
    return seal("x")[1:5]
