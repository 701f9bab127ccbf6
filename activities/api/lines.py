"""Lines of a receipt or folio in the messages of the partner surface."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from activities.api.quantities import QuantityField
from activities.rules.lines import LINES_MAX, LineReport
from activities.rules.reading import check_currency
from common import Money
from common.input import MoneyField, PointsField, RefField, StrictSerializer

NUMBER_MAX = 32_767


@extend_schema_field(OpenApiTypes.INT)
class LineNumberField(PointsField):
    """The number of a line: a JSON integer, from 1."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_value=NUMBER_MAX, **kwargs)


class LineRequest(StrictSerializer):
    """One article or position; without a number it has its place in the list, from 1."""

    number = LineNumberField(required=False)
    item = RefField(max_length=80, required=False, help_text=_("The article's code."))
    category = RefField(max_length=80, required=False)
    quantity = QuantityField(required=False)
    amount = MoneyField(help_text=_("After discounts. All lines together are the activity's amount."))


class RefundedLineRequest(StrictSerializer):
    """A line of the sale, and how much of it is given back; without an amount: all that stands of it."""

    number = LineNumberField(help_text=_("The sale's line."))
    amount = MoneyField(required=False)


@extend_schema_serializer(component_name="ActivityLine")
class LineShape(serializers.Serializer[Any]):
    """A line as recorded, and what of it was refunded since."""

    number = LineNumberField()
    item = serializers.CharField(allow_blank=True)
    category = serializers.CharField(allow_blank=True)
    quantity = QuantityField(allow_null=True)
    amount = MoneyField()
    refunded = MoneyField()


def lines_field(shape: type[StrictSerializer]) -> Any:
    """A list of 1 to 1,000 lines, or none told."""
    bounds: dict[str, Any] = {"allow_empty": False, "max_length": LINES_MAX}
    return shape(many=True, required=False, **bounds)


def lines_told(lines: Sequence[Mapping[str, Any]], currency: str) -> tuple[LineReport, ...]:
    """The lines of a message, in the activity's currency.

    :raises ReportRefused: a line is in another currency
    """
    for line in lines:
        if line.get("amount") is not None:
            check_currency(line["amount"].currency, own=currency)
    return tuple(
        LineReport(
            number=line.get("number", place),
            amount=line["amount"].amount if line.get("amount") is not None else None,
            category=line.get("category", ""),
            item=line.get("item", ""),
            quantity=line.get("quantity"),
        )
        for place, line in enumerate(lines, 1)
    )


def lines_shown(lines: Iterable[Any], currency: str) -> list[dict[str, Any]]:
    """Recorded lines as LineShape takes them."""
    return [
        {
            "number": line.number,
            "item": line.item,
            "category": line.category,
            "quantity": line.quantity,
            "amount": Money(line.amount, currency),
            "refunded": Money(line.refunded, currency),
        }
        for line in lines
    ]
