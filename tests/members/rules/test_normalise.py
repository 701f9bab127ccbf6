"""However a value is written, it has one normal form or a reason why not."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.rules.normalise import (
    BadDate,
    BadEmail,
    BadGender,
    BadPhone,
    BadText,
    FutureDate,
    ImpossibleDate,
    SeveralPhones,
    normal_birth_date,
    normal_card,
    normal_date,
    normal_email,
    normal_gender,
    normal_instant,
    normal_name,
    normal_phone,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
NAMED = (BadPhone, SeveralPhones, BadEmail, BadText, BadGender, BadDate)
TODAY = date(2026, 6, 15)


@pytest.mark.parametrize(
    "told",
    [
        "13812345678",
        "138 1234 5678",
        "138-1234-5678",
        "+86 138 1234 5678",
        "+86-13812345678",
        "008613812345678",
        "(86) 13812345678",
        "8613812345678",
        "１３８１２３４５６７８",
        " 13812345678\u3000",
        "13812345678.0",
        "+86 138\u20111234\u20115678",
    ],
)
def test_a_mobile_of_the_mainland_has_one_form(told):
    assert normal_phone(told) == "+8613812345678"


@pytest.mark.parametrize(
    ("told", "normal"),
    [
        ("021-6123 4567", "+862161234567"),
        ("+852 9123 4567", "+85291234567"),
        ("00852 91234567", "+85291234567"),
        ("+1 (650) 253-0000", "+16502530000"),
        ("+44 20 7946 0958", "+442079460958"),
    ],
)
def test_fixed_lines_and_other_countries_are_phones(told, normal):
    assert normal_phone(told) == normal


@pytest.mark.parametrize(
    "told",
    [
        "",
        "x",
        "12345",
        "10086",
        "1381234567",
        "138123456789",
        "1.38E+10",
        "13812345678 home",
        "+8613812345678;ext=5",
        "021-61234567-801",
        "+999 1234567",
        "13812345678\u200b",
        "\x00",
        "1" * 10_000,
        "-" * 10_000,
        "一三八",
    ],
)
def test_what_is_no_phone_is_refused(told):
    with pytest.raises(BadPhone):
        normal_phone(told)


@pytest.mark.parametrize(
    "told",
    [
        "13812345678/13912345678",
        "13812345678, 13912345678",
        "13812345678、13912345678",
        "13812345678；021-61234567",
        "13812345678 13912345678",
        "13812345678 or 13912345678",
        "13812345678或13912345678",
    ],
)
def test_two_phones_in_a_cell_are_refused_by_that_name(told):
    with pytest.raises(SeveralPhones):
        normal_phone(told)


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_a_normal_phone_is_its_own_normal_form(told):
    phone = normal_phone(told)

    assert phone == f"+86{told}"
    assert normal_phone(phone) == phone


@given(st.text(max_size=60))
def test_any_text_has_a_normal_form_or_a_named_refusal(text):
    for normalise in (
        normal_phone,
        normal_email,
        normal_card,
        normal_gender,
        normal_name,
        normal_date,
    ):
        try:
            told = normalise(text)
        except NAMED:
            continue
        assert normalise(str(told)) == told


@pytest.mark.parametrize(
    ("told", "normal"),
    [
        ("Ann@Example.COM", "ann@example.com"),
        (" o'neil+shop@mail.example.cn ", "o'neil+shop@mail.example.cn"),
        ("ａｎｎ@example.com", "ann@example.com"),
    ],
)
def test_an_address_is_in_lower_case(told, normal):
    assert normal_email(told) == normal


@pytest.mark.parametrize("told", [
    "", "ann", "ann@", "@example.com", "a@b", "a b@example.com", "a@example.com,b@example.com", "a@-x.com",
    "a..b@x.cn", "a@exa\x00mple.com", "a" * 65 + "@example.com", "a@" + "b" * 250 + ".com",
])  # fmt: skip
def test_what_is_no_address_is_refused(told):
    with pytest.raises(BadEmail):
        normal_email(told)


@pytest.mark.parametrize(
    ("told", "normal"),
    [
        ("  张 三\u3000", "张 三"),
        ("Ａｎｎ  Lee", "Ann Lee"),
        ("O'Neil-van Dyk", "O'Neil-van Dyk"),
        ("𠮷田", "𠮷田"),
        ("ﾀﾛｳ", "タロウ"),
        ("Jose\u0301", "José"),
        ("می‌خواهم", "می‌خواهم"),
        ("\t\n", ""),
    ],
)
def test_a_name_is_written_one_way(told, normal):
    assert normal_name(told) == normal


@pytest.mark.parametrize(
    "told", ["a\x00b", "a\x07", "a\u202eb", "\ufeffa", "a\u200bb", "\ud800", "x" * 101, "ﷺ" * 20]
)
def test_controls_and_invisible_characters_are_refused(told):
    with pytest.raises(BadText):
        normal_name(told)


def test_a_card_keeps_its_case_and_zeros():
    assert normal_card(" 00a-B1 ") == "00a-B1"


@pytest.mark.parametrize("told", ["", "  ", "x" * 41, "c\x00"])
def test_what_is_no_card_is_refused(told):
    with pytest.raises(BadText):
        normal_card(told)


@pytest.mark.parametrize("told", [
    "1990-03-31", "1990/3/31", "1990.03.31", "19900331", "1990年3月31日", "1990年03月31",
    "1990-03-31 00:00:00", "1990-03-31T00:00:00.000", "１９９０-03-31", " 1990-03-31 ",
])  # fmt: skip
def test_a_day_is_read_in_the_usual_forms(told):
    assert normal_date(told) == date(1990, 3, 31)


@pytest.mark.parametrize(
    "told", ["2024-02-30", "2023-02-29", "1990-13-01", "1990-00-10", "00000101", "1900年2月29日"]
)
def test_a_day_that_no_calendar_has_is_refused_by_that_name(told):
    with pytest.raises(ImpossibleDate):
        normal_date(told)


@pytest.mark.parametrize("told", [
    "", "31.03.1990", "03/04/1990", "90-03-31", "1990-3/31", "1990-03-31 12:00", "33328", "31-MAR-90",
    "1990-03-31\x00",
])  # fmt: skip
def test_a_day_that_can_be_read_in_two_ways_or_none_is_refused(told):
    with pytest.raises(BadDate) as refusal:
        normal_date(told)

    assert refusal.value.code == "bad_date"


def test_nobody_is_born_tomorrow_or_before_1900():
    assert normal_birth_date("2026-06-15", today=TODAY) == TODAY
    with pytest.raises(FutureDate):
        normal_birth_date("2026-06-16", today=TODAY)
    with pytest.raises(BadDate):
        normal_birth_date("1899-12-30", today=TODAY)


@pytest.mark.parametrize(
    ("told", "normal"),
    [
        ("2024-02-29", datetime(2024, 2, 28, 16, tzinfo=UTC)),
        ("2024/2/29 10:00", datetime(2024, 2, 29, 2, tzinfo=UTC)),
        ("2024-02-29T10:00:05+08:00", datetime(2024, 2, 29, 2, 0, 5, tzinfo=UTC)),
        ("2024-02-29T10:00:05.123456Z", datetime(2024, 2, 29, 10, 0, 5, 123456, tzinfo=UTC)),
        ("20240229", datetime(2024, 2, 28, 16, tzinfo=UTC)),
    ],
)
def test_an_instant_without_an_offset_is_local(told, normal):
    assert normal_instant(told, zone=SHANGHAI) == normal


@pytest.mark.parametrize(
    "told", ["", "soon", "2024-02-30 10:00", "2024-02-29 25:00", "0001-01-01", "9999-12-31T23:59:59-12:00"]
)
def test_what_is_no_instant_is_refused(told):
    with pytest.raises(BadDate):
        normal_instant(told, zone=SHANGHAI)


@pytest.mark.parametrize(
    ("told", "normal"), [("女", "female"), (" M ", "male"), ("先生", "male"), ("保密", ""), ("", "")]
)
def test_a_gender_is_one_of_three_or_unknown(told, normal):
    assert normal_gender(told) == normal


def test_another_word_is_no_gender():
    with pytest.raises(BadGender):
        normal_gender("attack helicopter")
