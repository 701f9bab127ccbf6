"""Rows become reports exactly as written, or are refused by name."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.rules.reading import Place, ReportRefused, read_report, years_before

NOW = datetime(2026, 6, 15, 4, tzinfo=UTC)
SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
PLACE = Place(
    "CNY",
    {"TILL": 7, "NY": 8},
    {"TILL": SHANGHAI, "NY": NEW_YORK},
    SHANGHAI,
    years_before(NOW, 10),
    NOW + timedelta(days=1),
)
ROW = {
    "source_ref": "R1",
    "kind": "purchase",
    "member_ref": "C1",
    "occurred_at": "2026-03-31T08:00:00+08:00",
    "amount": "12.50",
}


def read(place=PLACE, **cells):
    return read_report(ROW | cells, place=place)


def reason(place=PLACE, **cells):
    with pytest.raises(ReportRefused) as refusal:
        read(place, **cells)
    assert refusal.value.field in cells
    return refusal.value.code


def test_a_row_is_read_as_written():
    report = read(
        outlet="TILL", category="茶", quantity="1.250", paid_with_points="2.00", cashier="Li", note=None
    )

    assert report.occurred_at == datetime(2026, 3, 31, tzinfo=UTC)
    assert (report.amount, report.paid_with_points, report.quantity) == (Decimal("12.50"), 2, Decimal("1.25"))
    assert (report.currency, report.outlet_id, report.category) == ("CNY", 7, "茶")
    assert report.attributes == {"cashier": "Li"}


def test_a_channel_is_kept_as_written_or_refused_by_name():
    assert read(channel="app").channel == "app"
    assert read().channel == ""
    assert {reason(channel=odd) for odd in ("x" * 41, "a\tb", " app")} == {"bad_channel"}


def test_an_event_may_name_no_amount_and_nothing_else_may():
    assert read(kind="event", amount=None).amount == 0
    assert reason(kind="purchase", amount=None) == "bad_amount"


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-03-31T08:00:00Z", "2026-03-31T08:00:00"),
        ("2026-03-31 08:00:00.123456789+0800", "2026-03-31T00:00:00.123456"),
        ("2026-03-31T08:00:00", "2026-03-31T00:00:00"),
        ("2026-03-31 08:00", "2026-03-31T00:00:00"),
        ("2026-03-31", "2026-03-30T16:00:00"),
    ],
)
def test_a_time_without_an_offset_is_that_of_the_place(text, utc):
    assert read(occurred_at=text).occurred_at == datetime.fromisoformat(f"{utc}+00:00")


def test_an_outlet_has_the_time_of_its_venue():
    assert read(occurred_at="2026-01-05 08:00", outlet="NY").occurred_at == datetime(
        2026, 1, 5, 13, tzinfo=UTC
    )


def test_a_time_that_comes_twice_is_the_first_and_one_that_is_skipped_is_none():
    assert read(occurred_at="2025-11-02 01:30", outlet="NY").occurred_at == datetime(
        2025, 11, 2, 5, 30, tzinfo=UTC
    )
    assert reason(occurred_at="2026-03-08 02:30", outlet="NY") == "bad_date"


def test_a_unit_of_several_zones_needs_an_offset_or_an_outlet():
    several = Place("CNY", PLACE.outlets, PLACE.zones, None, PLACE.earliest, PLACE.latest)

    assert reason(several, occurred_at="2026-03-31 08:00") == "missing_offset"
    assert read(several, occurred_at="2026-03-31 08:00", outlet="TILL").occurred_at.hour == 0


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "31/03/2026", "2026-3-31", "2026-02-30", "2026-03-31T24:00:00", "2026-03-31T08:00:60Z",
     "2026-03-31T08:00:00+99:00", "２０２６-03-31", "20260331", "2026-W14-2", "0000-00-00", "45000",
     "2026-03-31T08Z"],
)  # fmt: skip
def test_what_is_no_date_is_refused(text):
    assert reason(occurred_at=text) == "bad_date"


def test_ten_years_back_and_a_day_ahead_are_the_limits():
    assert read(occurred_at="2016-06-15T04:00:00Z")
    assert reason(occurred_at="2016-06-15T03:59:59Z") == "date_too_old"
    assert read(occurred_at="2026-06-16T04:00:00Z")
    assert reason(occurred_at="2026-06-16T04:00:01Z") == "date_in_future"
    assert reason(occurred_at="9999-12-31T23:59:59-12:00") == "bad_date"
    assert years_before(datetime(2024, 2, 29, tzinfo=UTC), 10) == datetime(2014, 2, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad_amount"), (" 1", "bad_amount"), ("1 ", "bad_amount"), ("1,234.50", "bad_amount"),
        ("1e5", "bad_amount"), ("NaN", "bad_amount"), ("inf", "bad_amount"), ("１２", "bad_amount"),
        ("٣", "bad_amount"), ("0x10", "bad_amount"), ("1_000", "bad_amount"), ("+1", "bad_amount"),
        ("¥1", "bad_amount"), (".5", "bad_amount"), ("5.", "bad_amount"), ("007", "bad_amount"),
        ("1.001", "bad_amount"), ("9" * 50, "bad_amount"), ("-1", "negative_amount"),
        ("-0.00", "negative_amount"),
        ("1000000000.01", "too_large"), ("9" * 30, "too_large"),
    ],
)  # fmt: skip
def test_an_amount_is_plain_digits_or_refused(text, code):
    assert reason(amount=text) == code


@given(st.decimals(0, 10**9, places=2))
def test_every_plain_amount_keeps_its_value(amount):
    assert read(amount=f"{amount:f}").amount == amount
    assert read(amount=f"{amount:f}000").amount == amount


@given(st.text(max_size=30))
def test_no_text_is_silently_made_an_amount(text):
    try:
        amount = read(amount=text).amount
    except ReportRefused:
        return
    assert text.isascii()
    assert amount == Decimal(text) >= 0


@given(st.text(max_size=40) | st.datetimes().map(str))
def test_no_text_crashes_the_reading_of_dates(text):
    try:
        code = None if read(occurred_at=text).occurred_at.tzinfo is UTC else "not UTC"
    except ReportRefused as refusal:
        code = refusal.code
    assert code in {None, "bad_date", "date_too_old", "date_in_future"}


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"kind": "Purchase"}, "unknown_kind"),
        ({"kind": None}, "unknown_kind"),
        ({"kind": "refund", "refund_of": None}, "missing_refund_of"),
        ({"refund_of": "R0"}, "unexpected_refund_of"),
        ({"source_ref": None}, "bad_reference"),
        ({"source_ref": " R1"}, "bad_reference"),
        ({"source_ref": "R\t1"}, "bad_reference"),
        ({"source_ref": "R" * 121}, "bad_reference"),
        ({"outlet": "NONE"}, "unknown_outlet"),
        ({"currency": "USD"}, "other_currency"),
        ({"currency": "cny"}, "bad_currency"),
        ({"paid_with_points": "12.51"}, "bad_paid_with_points"),
        ({"paid_with_points": "-1"}, "negative_amount"),
        ({"quantity": "-1"}, "bad_quantity"),
        ({"quantity": "1.0001"}, "bad_quantity"),
        ({"quantity": "1000000000"}, "bad_quantity"),
        ({"category": "c" * 81}, "bad_category"),
    ],
)
def test_each_column_has_its_own_reason(cells, code):
    assert reason(**cells) == code


def test_too_many_other_columns_are_refused():
    with pytest.raises(ReportRefused) as refusal:
        read(**{f"x{n}": "1" for n in range(51)})

    assert refusal.value.code == "too_many_attributes"


def test_yen_have_no_decimals():
    tokyo = Place("JPY", {}, {}, SHANGHAI, PLACE.earliest, PLACE.latest)

    assert read(tokyo, amount="100.00", currency="JPY").amount == 100
    assert reason(tokyo, amount="100.50", currency="JPY") == "bad_amount"
