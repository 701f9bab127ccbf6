"""What may come in by a REST door: strict JSON, strict fields, and nothing the schema does not list."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser

from common import CURRENCY_EXPONENTS, Money
from common.errors import DomainError

BODY_BYTES_MAX: Final = 256 * 1024
BATCH_BODY_BYTES_MAX: Final = 2 * 1024 * 1024
DEPTH_MAX: Final = 20
DIGITS_MAX: Final = 64
POINTS_MAX: Final = 10**9
MONEY_DIGITS_MAX: Final = 15

_UNPAIRED_OR_NUL = re.compile("[\x00\ud800-\udfff]")
_AMOUNT = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


class MalformedBody(DomainError):
    """The body is not the JSON that this API takes."""

    code = "malformed_body"
    status = 400
    title = _("The body is not the JSON this API takes.")


class BodyTooLarge(DomainError):
    """More bytes than the route takes; carries the limit."""

    code = "body_too_large"
    status = 413
    title = _("The request is too large.")


class LengthRequired(DomainError):
    """A chunked body: its length must be known before it is read."""

    code = "length_required"
    status = 411
    title = _("The request must name its length (Content-Length).")


class StrictJSONParser(BaseParser):
    """JSON of RFC 8259 in UTF-8, without what parsers disagree about.

    Refused: duplicate names, NaN and Infinity, a byte-order mark, NUL and lone surrogates, numbers of more
    than 64 digits, more than 20 levels, a top level that is no object, and bodies above 256 KB (2 MB where
    the view says `batch = True`). Numbers with a point or an exponent come out as Decimal, never as float.
    """

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The object in `stream`.

        :raises MalformedBody: see the class
        :raises BodyTooLarge: more bytes than the route takes, by the header or by what was read
        """
        context = parser_context or {}
        _check_charset(media_type or "")
        raw = _bounded_read(
            stream, bytes_max=body_bytes_max(context.get("view")), request=context.get("request")
        )
        return parse_strict_json(raw)


def body_bytes_max(view: object) -> int:
    """How many bytes the routes of `view` take; for whoever must read the body before it is parsed."""
    return BATCH_BODY_BYTES_MAX if getattr(view, "batch", False) else BODY_BYTES_MAX


def parse_strict_json(raw: bytes) -> dict[str, Any]:
    """The JSON object in `raw`, under the rules of StrictJSONParser.

    :raises MalformedBody: `raw` is anything else
    """
    try:
        text = raw.decode("utf-8")
        body = json.loads(
            text,
            object_pairs_hook=_object_without_duplicates,
            parse_int=_bounded_int,
            parse_float=_bounded_decimal,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise MalformedBody(_reason(error)) from error
    if not isinstance(body, dict):
        raise MalformedBody(str(_("The top level must be an object.")))
    _check_tree(body, may_hold_escapes="\\u" in text)
    return body


class StrictSerializer(serializers.Serializer[Any]):
    """A message in which every field is listed: an unknown or read-only name is refused, never ignored."""

    default_error_messages = {"unknown_field": _("There is no such field.")}

    def to_internal_value(self, data: Any) -> Any:
        """The validated message.

        :raises serializers.ValidationError: names every field at fault, unknown ones too
        """
        if not isinstance(data, Mapping):
            return super().to_internal_value(data)
        listed = {name for name, field in self.fields.items() if not field.read_only}
        unknown = [name for name in data if name not in listed][:20]
        errors: dict[str, Any] = {
            str(name)[:64]: [
                serializers.ErrorDetail(str(self.error_messages["unknown_field"]), code="unknown_field")
            ]
            for name in unknown
        }
        value = None
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as refusal:
            if not isinstance(refusal.detail, dict):
                raise
            errors = {**refusal.detail, **errors}
        if errors:
            raise serializers.ValidationError(errors)
        return value


class PointsField(serializers.Field[int, Any, int, Any]):
    """A number of points: a JSON integer, 1…10⁹ (from 0 with `min_value=0`). Nothing is converted."""

    default_error_messages = {
        "not_an_integer": _("Points are a whole number, written as a JSON integer."),
        "out_of_range": _("Points must lie between {min_value} and {max_value}."),
    }

    def __init__(self, *, min_value: int = 1, max_value: int = POINTS_MAX, **kwargs: Any) -> None:
        self.min_value = min_value
        self.max_value = max_value
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:  # bool is an int to isinstance
            self.fail("not_an_integer")
        if not self.min_value <= data <= self.max_value:
            self.fail("out_of_range", min_value=self.min_value, max_value=self.max_value)
        return int(data)

    def to_representation(self, value: int) -> int:
        return int(value)


class FlagField(serializers.BooleanField):
    """A JSON boolean. DRF would take "yes", "on" and 1; a consent is not guessed."""

    default_error_messages = {"invalid": _("This is true or false.")}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class MoneyField(serializers.Field[Money, Any, dict[str, str], Any]):
    """`{"amount": "12.50", "currency": "CNY"}` ↔ Money. Not negative; above zero with `allow_zero=False`."""

    default_error_messages = {
        "not_money": _('Money is an object such as {{"amount": "12.50", "currency": "CNY"}}.'),
        "bad_amount": _("The amount is a string of ASCII digits such as 12.50, at most 15 digits."),
        "too_precise": _("{currency} has {decimals} decimals."),
        "unknown_currency": _("The currency is not one of those accepted."),
        "zero": _("The amount must be above zero."),
    }

    def __init__(self, *, allow_zero: bool = True, **kwargs: Any) -> None:
        self.allow_zero = allow_zero
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Money:
        if not isinstance(data, Mapping) or data.keys() != {"amount", "currency"}:
            self.fail("not_money")
        amount, currency = data["amount"], data["currency"]
        if not isinstance(currency, str) or currency not in CURRENCY_EXPONENTS:
            self.fail("unknown_currency")
        if not isinstance(amount, str) or not _AMOUNT.fullmatch(amount):
            self.fail("bad_amount")
        whole, _point, decimals = amount.partition(".")
        if len(whole) + len(decimals) > MONEY_DIGITS_MAX:
            self.fail("bad_amount")
        if len(decimals) > CURRENCY_EXPONENTS[currency]:
            self.fail("too_precise", currency=currency, decimals=CURRENCY_EXPONENTS[currency])
        money = Money(Decimal(amount), currency)
        if not money.amount and not self.allow_zero:
            self.fail("zero")
        return money

    def to_representation(self, value: Money) -> dict[str, str]:
        # At least the currency's decimals; more stay (an exact cost is not rounded behind one's back).
        decimals = max(CURRENCY_EXPONENTS.get(value.currency, 2), _decimals_of(value.amount))
        return {"amount": f"{value.amount:.{decimals}f}", "currency": value.currency}


class RefField(serializers.Field[str, Any, str, Any]):
    """A caller's own reference (receipt, folio, order): 1…128 printable characters, kept as they are."""

    default_error_messages = {
        "not_a_string": _("This is a string."),
        "bad_length": _("This takes 1 to {max_length} characters."),
        "not_printable": _("Only printable characters, without a space at either end."),
    }

    def __init__(self, *, max_length: int = 128, **kwargs: Any) -> None:
        self.max_length = max_length
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("not_a_string")
        if not 1 <= len(data) <= self.max_length:
            self.fail("bad_length", max_length=self.max_length)
        if not data.isprintable() or data != data.strip():
            self.fail("not_printable")
        return str(data)

    def to_representation(self, value: str) -> str:
        return str(value)


class InstantField(serializers.Field[datetime, Any, str, Any]):
    """An instant of RFC 3339 with its offset, 2000…2100 ↔ an aware datetime in UTC. Cut to microseconds."""

    default_error_messages = {
        "not_an_instant": _("An instant looks like 2026-03-31T08:00:00+08:00, with its offset."),
        "out_of_range": _("The year must lie between 2000 and 2100."),
    }

    def to_internal_value(self, data: Any) -> datetime:
        match = _INSTANT.fullmatch(data) if isinstance(data, str) else None
        if match is None:
            self.fail("not_an_instant")
        date, time, fraction, offset = match.groups()
        offset = "+00:00" if offset in "Zz" else offset
        try:
            instant = datetime.fromisoformat(f"{date}T{time}{(fraction or '')[:7]}{offset}").astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("not_an_instant")
        if not 2000 <= instant.year <= 2100:
            self.fail("out_of_range")
        return instant

    def to_representation(self, value: datetime) -> str:
        assert value.tzinfo is not None, "an instant is aware"
        return value.isoformat()


def _check_charset(media_type: str) -> None:
    match = re.search(r"charset\s*=\s*\"?([^\s;\"]+)", media_type, re.IGNORECASE)
    if match and match[1].lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType(media_type)


def _bounded_read(stream: Any, *, bytes_max: int, request: Any) -> bytes:
    headers = request.META if request is not None else {}
    if headers.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise UnsupportedMediaType(headers["HTTP_CONTENT_ENCODING"])
    declared = str(headers.get("CONTENT_LENGTH") or "")
    if declared.isdigit() and int(declared[:20]) > bytes_max:
        raise BodyTooLarge(bytes_max=bytes_max)
    raw: bytes = stream.read(bytes_max + 1)
    if len(raw) > bytes_max:
        raise BodyTooLarge(bytes_max=bytes_max)
    return raw


def _object_without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(_("A name occurs twice in one object."))
    return found


def _bounded_int(digits: str) -> int:
    if len(digits) > DIGITS_MAX:
        raise ValueError(_("A number has too many digits."))
    return int(digits)


def _bounded_decimal(digits: str) -> Decimal:
    number = Decimal(digits) if len(digits) <= DIGITS_MAX else None
    # 1e999999999 is short to write and a gigabyte to print.
    if number is None or abs(number.adjusted()) > DIGITS_MAX:
        raise ValueError(_("A number has too many digits."))
    return number


def _refuse_constant(name: str) -> Any:
    raise ValueError(_("%(name)s is not JSON.") % {"name": name})


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return str(_("The body is nested too deeply."))
    if isinstance(error, UnicodeDecodeError):
        return str(_("The body is not UTF-8."))
    if isinstance(error, json.JSONDecodeError):
        return str(_("The body is not JSON (line %(line)s, column %(column)s).")) % {
            "line": error.lineno,
            "column": error.colno,
        }
    return str(error)


def _check_tree(body: dict[str, Any], *, may_hold_escapes: bool) -> None:
    """Depth, and what only an escape can bring in: raw NULs and surrogates fail to decode before this."""
    level: list[Any] = [body]
    for _depth in range(DEPTH_MAX):
        inner: list[Any] = []
        for node in level:
            children = (*node, *node.values()) if isinstance(node, dict) else node
            for child in children:
                if isinstance(child, dict | list):
                    inner.append(child)
                elif may_hold_escapes and isinstance(child, str) and _UNPAIRED_OR_NUL.search(child):
                    raise MalformedBody(str(_("A string holds a NUL or half a character.")))
        if not inner:
            return
        level = inner
    raise MalformedBody(str(_("The body is nested too deeply.")))


def _decimals_of(amount: Decimal) -> int:
    exponent = amount.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
