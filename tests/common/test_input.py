"""Hostile and honest bodies through a real route: what fits gets in, what does not is a 4xx, never a 5xx."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from rest_framework import serializers

from common import Money
from common.input import (
    BATCH_BODY_BYTES_MAX,
    BODY_BYTES_MAX,
    InstantField,
    MalformedBody,
    MoneyField,
    PointsField,
    RefField,
    StrictSerializer,
    parse_strict_json,
)

ORDER = b'{"ref": "r-1", "points": %s}'


def nested(levels: int) -> bytes:
    """An object `levels` deep, itself included."""
    return b'{"a":' * (levels - 1) + b"{}" + b"}" * (levels - 1)


HOSTILE = {
    "full-width digits": ORDER % '"１２"'.encode(),
    "full-width number": ORDER % "１２".encode(),
    "an exponent beyond any float": ORDER % b"1e400",
    "an exponent that would fill the memory": ORDER % b"1e999999999",
    "true": ORDER % b"true",
    "null": ORDER % b"null",
    "a string": ORDER % b'"1"',
    "a decimal": ORDER % b"1.0",
    "an exponent": ORDER % b"1e2",
    "2**63": ORDER % str(2**63).encode(),
    "zero": ORDER % b"0",
    "minus one": ORDER % b"-1",
    "above the ceiling": ORDER % b"1000000001",
    "65 digits": ORDER % (b"1" * 65),
    "10,000 digits": ORDER % (b"1" * 10_000),
    "NaN": ORDER % b"NaN",
    "Infinity": ORDER % b"-Infinity",
    "a leading zero": ORDER % b"01",
    "a hex number": ORDER % b"0x10",
    "a list": ORDER % b"[1]",
    "an object": ORDER % b'{"$gt": 0}',
    "duplicate names": b'{"ref": "r", "points": 1, "points": 2}',
    "duplicate names, one escaped": b'{"ref": "r", "points": 1, "p\\u006fints": 2}',
    "duplicate names deep inside": b'{"ref": "r", "points": 1, "lines": [{"points": 1, "points": 2}]}',
    "an unknown field": b'{"ref": "r", "points": 1, "is_staff": true}',
    "a read-only field": b'{"ref": "r", "points": 1, "number": "7"}',
    "an unknown field in a line": b'{"ref": "r", "points": 1, "lines": [{"points": 1, "id": 4}]}',
    "lines that are no list": b'{"ref": "r", "points": 1, "lines": {"points": 1}}',
    "lines that are no objects": b'{"ref": "r", "points": 1, "lines": [1, null, "x"]}',
    "21 levels": nested(21),
    "100,000 levels": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "100,000 open brackets": b"[" * 100_000,
    "an escaped NUL": b'{"ref": "a\\u0000b", "points": 1}',
    "a raw NUL": b'{"ref": "a\x00b", "points": 1}',
    "a NUL in a name": b'{"ref": "a", "points": 1, "\\u0000": 1}',
    "a lone surrogate": b'{"ref": "\\ud800", "points": 1}',
    "a lone surrogate in a name": b'{"ref": "a", "points": 1, "\\udc00": 1}',
    "an encoded surrogate": b'{"ref": "\xed\xa0\x80", "points": 1}',
    "a byte-order mark": b'\xef\xbb\xbf{"ref": "r", "points": 1}',
    "Latin-1": '{"ref": "Café", "points": 1}'.encode("latin-1"),
    "UTF-16": '{"ref": "r", "points": 1}'.encode("utf-16"),
    "a cut UTF-8 sequence": b'{"ref": "\xe4\xb8", "points": 1}',
    "an array": b'[{"ref": "r", "points": 1}]',
    "a bare string": b'"x"',
    "a bare null": b"null",
    "nothing": b"",
    "blanks": b"  \n ",
    "half an object": b'{"ref": "r", "points": 1',
    "two objects": b'{"ref": "r", "points": 1} {}',
    "a comment": b'{"ref": "r", "points": 1 /* one */}',
    "a trailing comma": b'{"ref": "r", "points": 1,}',
    "single quotes": b"{'ref': 'r', 'points': 1}",
    "a control character in the reference": b'{"ref": "a\\nb", "points": 1}',
    "a right-to-left mark in the reference": '{"ref": "a\u200fb", "points": 1}'.encode(),
    "an empty reference": b'{"ref": "", "points": 1}',
    "a reference of 129": b'{"ref": "%s", "points": 1}' % (b"x" * 129),
    "a number as reference": b'{"ref": 7, "points": 1}',
    "a huge body": b'{"ref": "%s", "points": 1}' % (b"x" * BODY_BYTES_MAX),
    "money as a number": b'{"ref": "r", "points": 1, "price": 12.5}',
    "money with a float inside": b'{"ref": "r", "points": 1, "price": {"amount": 12.5, "currency": "CNY"}}',
    "an instant without offset": b'{"ref": "r", "points": 1, "at": "2026-01-01T00:00:00"}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_refused_as_the_clients_mistake(post, name):
    response = post("/api/v1/echo", HOSTILE[name])

    assert 400 <= response.status_code < 500, response.content
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == response.status_code


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/json; charset=latin-1",
        'application/json; charset="UTF-16"',
        "application/merge-patch+json",
        "nonsense",
        "\x00",
    ],
)
def test_another_content_type_is_415(post, content_type):
    response = post("/api/v1/echo", ORDER % b"1", content_type=content_type)

    assert response.status_code == 415
    assert response.json()["code"] == "unsupported_media_type"


def test_a_compressed_body_is_415(post):
    response = post("/api/v1/echo", ORDER % b"1", **{"Content-Encoding": "gzip"})

    assert response.status_code == 415


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "utf8"])
def test_utf_8_may_be_named(post, charset):
    response = post("/api/v1/echo", ORDER % b"1", content_type=f"application/json; charset={charset}")

    assert response.status_code == 200


def test_an_honest_body_comes_back_as_it_was_meant(post):
    body = {
        "ref": "收据 #1 😀",
        "points": 10**9,
        "price": {"amount": "12.50", "currency": "CNY"},
        "at": "2026-03-31T08:00:00.5+08:00",
        "lines": [{"points": 1}],
    }

    response = post("/api/v1/echo", body)

    assert response.status_code == 200, response.content
    assert response.json() == {
        "ref": "收据 #1 😀",
        "points": 10**9,
        "price": {"amount": "12.50", "currency": "CNY"},
        "at": "2026-03-31T00:00:00.500000+00:00",
    }


def test_a_surrogate_pair_is_one_character(post):
    response = post("/api/v1/echo", b'{"ref": "\\ud83d\\ude00", "points": 1}')

    assert response.json()["ref"] == "😀"


def test_a_large_body_names_the_limit(post):
    response = post("/api/v1/echo", HOSTILE["a huge body"])

    assert response.status_code == 413
    assert response.json()["bytes_max"] == BODY_BYTES_MAX


def test_a_batch_route_takes_more(post):
    body = {"ref": "r", "points": 1, "lines": [{"points": 1}] * 20_000}
    assert len(json.dumps(body)) > BODY_BYTES_MAX

    assert post("/api/v1/echo", body).status_code == 413
    assert post("/api/v1/echo-batch", body).status_code == 200
    assert post("/api/v1/echo-batch", b'{"a":"' + b"x" * BATCH_BODY_BYTES_MAX + b'"}').status_code == 413


def test_the_bytes_are_counted_even_if_the_header_lies():
    class Endless:
        read_bytes = 0

        def read(self, count):
            self.read_bytes += count
            return b" " * count

    stream = Endless()
    from common.input import BodyTooLarge, StrictJSONParser

    with pytest.raises(BodyTooLarge):
        StrictJSONParser().parse(stream, "application/json", {"request": None, "view": None})
    assert stream.read_bytes == BODY_BYTES_MAX + 1


def test_a_chunked_body_needs_a_length(client):
    response = client.generic(
        "POST",
        "/api/v1/echo",
        b"",
        content_type="application/json",
        headers={"Transfer-Encoding": "chunked"},
        CONTENT_LENGTH="",
    )

    assert response.status_code == 411


def test_twenty_levels_are_enough():
    assert parse_strict_json(nested(20))
    with pytest.raises(MalformedBody):
        parse_strict_json(nested(21))


def test_a_number_with_a_point_is_never_a_float():
    assert parse_strict_json(b'{"a": 0.1}') == {"a": Decimal("0.1")}
    assert isinstance(parse_strict_json(b'{"a": 0.1}')["a"], Decimal)


@pytest.mark.parametrize("number", ["1" * 65, "0." + "1" * 64, "1e65", "1e-65", "-1e999999999"])
def test_a_number_too_long_to_write_out_is_refused_whatever_field_it_is_for(number):
    with pytest.raises(MalformedBody):
        parse_strict_json(b'{"a": [%s]}' % number.encode())


@pytest.mark.parametrize("number", ["1" * 64, "1e64", "0.5e-10"])
def test_sixty_four_digits_are_enough(number):
    assert parse_strict_json(b'{"a": %s}' % number.encode())["a"] == Decimal(number)


def test_every_field_at_fault_is_named(post):
    body = {"ref": "", "points": True, "lines": [{"points": 1}, {"points": 0, "x": 1}], "is_staff": True}

    errors = {error["field"]: error["code"] for error in post("/api/v1/echo", body).json()["errors"]}

    assert errors == {
        "ref": "bad_length",
        "points": "not_an_integer",
        "lines.1.points": "out_of_range",
        "lines.1.x": "unknown_field",
        "is_staff": "unknown_field",
    }


def test_a_thousand_unknown_fields_are_not_all_echoed():
    class Empty(StrictSerializer):
        pass

    message = Empty(data={f"{'x' * 1000}{number}": 1 for number in range(1000)})

    assert not message.is_valid()
    assert len(str(message.errors)) < 10_000


def refused_with(field: serializers.Field, value: object) -> str:
    with pytest.raises(serializers.ValidationError) as refusal:
        field.run_validation(value)
    return refusal.value.detail[0].code


@pytest.mark.parametrize("value", [True, False, 1.0, "1", "１", None, Decimal(1), [1], {}, float("nan")])
def test_points_are_not_converted(value):
    assert refused_with(PointsField(), value) in {"not_an_integer", "null"}


@pytest.mark.parametrize("value", [0, -1, 10**9 + 1, 2**63, 10**64])
def test_points_have_bounds(value):
    assert refused_with(PointsField(), value) == "out_of_range"


def test_points_may_start_at_zero():
    assert PointsField(min_value=0).run_validation(0) == 0


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        ("12.505", "CNY", "too_precise"),
        ("1.0", "JPY", "too_precise"),
        ("1234567890123456", "CNY", "bad_amount"),
        ("12345678901234.56", "CNY", "bad_amount"),
        ("-1", "CNY", "bad_amount"),
        ("+1", "CNY", "bad_amount"),
        ("01", "CNY", "bad_amount"),
        (".5", "CNY", "bad_amount"),
        ("5.", "CNY", "bad_amount"),
        ("1e3", "CNY", "bad_amount"),
        ("1,000", "CNY", "bad_amount"),
        ("１２", "CNY", "bad_amount"),
        ("٣", "CNY", "bad_amount"),
        ("12\n", "CNY", "bad_amount"),
        (" 12", "CNY", "bad_amount"),
        ("NaN", "CNY", "bad_amount"),
        ("", "CNY", "bad_amount"),
        (12, "CNY", "bad_amount"),
        (None, "CNY", "bad_amount"),
        ("1", "cny", "unknown_currency"),
        ("1", "XXX", "unknown_currency"),
        ("1", 156, "unknown_currency"),
        ("1", ["CNY"], "unknown_currency"),
    ],
)
def test_money_is_exact_or_refused(amount, currency, code):
    assert refused_with(MoneyField(), {"amount": amount, "currency": currency}) == code


@pytest.mark.parametrize(
    "value", [{"amount": "1"}, {"amount": "1", "currency": "CNY", "x": 1}, "1 CNY", 1, []]
)
def test_money_has_exactly_two_members(value):
    assert refused_with(MoneyField(), value) == "not_money"


def test_money_comes_in_and_goes_out_the_same():
    field = MoneyField()

    assert field.run_validation({"amount": "12.5", "currency": "CNY"}) == Money(Decimal("12.5"), "CNY")
    assert field.to_representation(Money(Decimal("12.5"), "CNY")) == {"amount": "12.50", "currency": "CNY"}
    assert field.to_representation(Money(Decimal(500), "JPY")) == {"amount": "500", "currency": "JPY"}
    assert field.to_representation(Money(Decimal("1E+3"), "CNY"))["amount"] == "1000.00"
    assert field.to_representation(Money(Decimal("0.0125"), "CNY"))["amount"] == "0.0125"


def test_money_above_zero_can_be_asked_for():
    assert MoneyField().run_validation({"amount": "0.00", "currency": "CNY"}).amount == 0
    assert refused_with(MoneyField(allow_zero=False), {"amount": "0.00", "currency": "CNY"}) == "zero"


def test_money_is_never_a_float():
    with pytest.raises(AssertionError):
        Money(12.5, "CNY")


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01 00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T23:59:60Z",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+0800",
        "2026-01-01T00:00:00 08:00",
        "２０２６-01-01T00:00:00Z",
        "2026-01-01T00:00:00Z\n",
        "2026-W01-1T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "now",
        "",
        1767225600,
        None,
        True,
    ],
)
def test_an_instant_is_exact_or_refused(value):
    assert refused_with(InstantField(), value) in {"not_an_instant", "null"}


@pytest.mark.parametrize(
    "value", ["1999-12-31T23:59:59Z", "2101-01-01T00:00:00Z", "2000-01-01T00:00:00+08:00"]
)
def test_an_instant_lies_in_this_century(value):
    assert refused_with(InstantField(), value) == "out_of_range"


def test_an_instant_becomes_utc():
    instant = InstantField().run_validation("2026-03-31T08:00:00.123456789+08:00")

    assert instant == datetime(2026, 3, 31, 0, 0, 0, 123456, tzinfo=UTC)
    assert instant.tzinfo is UTC


@pytest.mark.parametrize(
    "value", [" a", "a ", "a\tb", "a\x7f", "\u200b", "a\u2028b", "\ud800", "", "x" * 129]
)
def test_a_reference_is_printable_and_bounded(value):
    assert refused_with(RefField(), value) in {"not_printable", "bad_length"}
