"""Plates by GA 36: one spelling each, and the impossible refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.rules.normalise import BadPlate
from members.rules.plate import PROVINCES, is_new_energy, normal_plate


@pytest.mark.parametrize(
    "told", ["沪A12345", "沪a·12345", " 沪A 12345", "沪Ａ-１２３４５", "沪A•12345", "沪A.12345", "沪A　12345"]
)
def test_a_plate_has_one_spelling(told):
    assert normal_plate(told) == "沪A12345"


@pytest.mark.parametrize(
    "plate",
    [
        *("京A12345", "粤B1234F", "沪ADU835", "川A9X99Z", "琼E00001"),
        *("沪AD12345", "粤BDF1234", "京AF01234", "沪AK12345", "京A12345D", "粤B00001F"),
        *("沪A1234警", "京A1234学", "冀B1234挂", "沪A1234领", "京A1234试", "京A1234超"),
        *("粤Z1234港", "粤ZAB12澳", "沪12345领", "使014578", "224578使"),
    ],
)
def test_every_kind_of_plate_is_taken_as_it_is(plate):
    assert normal_plate(plate) == plate


@pytest.mark.parametrize(
    ("plate", "why"),
    [
        ("", "nothing"),
        ("沪A", "no serial"),
        ("沪ABCDEF", "no digit"),
        ("沪I12345", "no authority has the letter I"),
        ("沪O12345", "nor O"),
        ("沪A1234I", "no serial has an I"),
        ("沪A123O5", "nor an O"),
        ("火A12345", "no such province"),
        ("A12345", "no province"),
        ("沪A1234", "too short"),
        ("沪A123456", "a new-energy serial has its letter first or last"),
        ("沪AI12345", "not that letter"),
        ("沪AL12345", "nor one after K"),
        ("沪ADA123A", "a small car's ends in four digits"),
        ("沪Z1234港", "only Guangdong gives those"),
        ("粤B1234澳", "under Z"),
        ("沪A1234临", "paper for some weeks"),
        ("使12345", "six digits"),
        ("A' OR 1", "no plate at all"),
        ("沪A1234\x00", "a control character"),
        ("沪A12345" + " " * 40, "a page of spaces"),
    ],
)
def test_what_nobody_gives_out_is_refused(plate, why):
    with pytest.raises(BadPlate):
        normal_plate(plate)


def test_a_new_energy_plate_is_known_by_its_length():
    assert is_new_energy("沪AD12345")
    assert not is_new_energy("沪A12345")


@given(st.text(alphabet=PROVINCES + "使领警学挂港澳ABDFIOZ 01234567·ａ１", max_size=10))
def test_a_normal_form_stays_what_it_is(text):
    try:
        plate = normal_plate(text)
    except BadPlate:
        return

    assert normal_plate(plate) == plate
