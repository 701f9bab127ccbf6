"""The partner surface's door to refunds: a sale given back, wholly, by line or by amount."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from activities.api import examples
from activities.api.lines import LineNumberField, RefundedLineRequest, lines_field, lines_told
from activities.models import ActivityLine
from activities.rules.reading import ActivityReport
from activities.services.giving_back import GivenBack, refund_activity
from common import Money, clock
from common.input import InstantField, MoneyField, RefField
from units.api.auth import PartnerRequest, PartnerView

STATES = (("recorded", _("Recorded")), ("waiting", _("Waiting for its sale")))


@extend_schema_serializer(component_name="Refund")
class RefundRequest(PartnerRequest):
    """What is given back now: an amount, lines, or, with neither, all that still stands of the sale."""

    source_ref = RefField(max_length=120, help_text=_("The refund's own receipt, unique in the unit."))
    occurred_at = InstantField()
    amount = MoneyField(required=False, allow_zero=False, help_text=_("With lines: their sum."))
    lines = lines_field(RefundedLineRequest)
    reason = RefField(max_length=200, required=False, help_text=_("No names, phones or card numbers."))


class TakenBackShape(serializers.Serializer[Any]):
    """Points of one program taken back. `posting` is their place in the ledger."""

    program = serializers.CharField()
    points = serializers.SerializerMethodField(help_text=_("A whole number, 1 or more."))
    posting = serializers.UUIDField(source="posting_id")

    def get_points(self, moved: Any) -> int:
        """Without the sign that the ledger gives them."""
        return -int(moved.points)


class RefundedLineShape(serializers.Serializer[Any]):
    """What was given back of a line; null: all of it, when its sale comes."""

    number = LineNumberField()
    amount = MoneyField(allow_null=True)


class RefundShape(serializers.Serializer[Any]):
    """The refund as recorded, or as it waits for its sale: then amounts left open and the sale are null."""

    id = serializers.UUIDField(allow_null=True)
    unit = serializers.CharField()
    outlet = serializers.CharField(allow_null=True)
    source_ref = serializers.CharField()
    refund_of = serializers.CharField()
    state = serializers.ChoiceField(STATES)
    occurred_at = InstantField()
    amount = MoneyField(allow_null=True)
    lines = RefundedLineShape(many=True)
    reason = serializers.CharField(allow_blank=True)
    taken_back = TakenBackShape(many=True)
    sale_amount = MoneyField(allow_null=True)
    sale_refunded = MoneyField(allow_null=True, help_text=_("Of the sale, with this refund."))


class ActivityRefund(PartnerView):
    """Giving a sale back."""

    required_scope = "activities:report"
    idempotent = True

    @extend_schema(
        operation_id="activity_refund",
        tags=["activities"],
        request=RefundRequest,
        responses={201: RefundShape, 200: RefundShape, 202: RefundShape},
        examples=[
            examples.REFUND_BY_LINE,
            examples.REFUND_OF_THE_WHOLE,
            examples.REFUNDED,
            examples.REFUND_WAITS,
        ],
    )
    def post(self, _request: Request, ref: str) -> Response:
        """Refund the activity with this `source_ref` and take back its share of the points. Needs a key.

        201: recorded. 200: this refund was reported before. 202: the sale is not there yet; the refund waits
        and settles when it comes. All parts together take back exactly what the sale earned, however cut.
        Refusals: `duplicate_reference` (409), `refund_exceeds_sale`, `refund_exceeds_line`, `unknown_line`,
        `already_refunded`, `lines_do_not_add_up`, `refund_before_sale`, `unknown_refund_of` (it names a
        refund), `insufficient_points` (the points are spent, and the program refuses), `refund_dismissed`,
        `date_too_old`, `date_in_future`, `other_currency`, `unit_not_active`; 404 for an unknown
        unit or outlet.
        """
        told = self.read(RefundRequest)
        back = refund_activity(
            unit=self.unit,
            report=_report(told, ref, self.unit.currency, self.outlet.pk if self.outlet else None),
            by=self.actor,
            at=clock.now(),
        )
        status = 202 if back.waiting else 201 if back.is_new else 200
        return Response(RefundShape(_waiting(back) if back.waiting else _recorded(back)).data, status=status)


def _report(told: dict[str, Any], ref: str, currency: str, outlet_id: int | None) -> ActivityReport:
    amount: Money | None = told.get("amount")
    lines = lines_told(told.get("lines", ()), currency if amount is None else amount.currency)
    is_open = any(line.amount is None for line in lines)
    is_whole = is_open if lines else amount is None
    total = sum((line.amount or Decimal(0) for line in lines), Decimal(0))
    return ActivityReport(
        source_ref=told["source_ref"],
        kind="refund",
        member_ref=None,
        outlet_id=outlet_id,
        occurred_at=told["occurred_at"],
        amount=total if amount is None else amount.amount,
        currency=currency if amount is None else amount.currency,
        refund_of=ref,
        is_whole=is_whole,
        lines=lines,
        reason=told.get("reason", ""),
    )


def _recorded(back: GivenBack) -> dict[str, Any]:
    refund, sale = back.refund, back.sale
    assert refund is not None, "what does not wait is recorded"
    assert sale is not None, "a recorded refund has its sale"
    lines = ActivityLine.objects.filter(activity=refund).order_by("number") if refund.lines_sha256 else ()
    return {
        **{
            name: getattr(refund, name) for name in ("id", "source_ref", "refund_of", "occurred_at", "reason")
        },
        "unit": refund.unit.code,
        "outlet": refund.outlet.code if refund.outlet else None,
        "state": "recorded",
        "amount": Money(refund.amount, refund.currency),
        "lines": [{"number": one.number, "amount": Money(one.amount, refund.currency)} for one in lines],
        "taken_back": back.points,
        "sale_amount": Money(sale.amount, sale.currency),
        "sale_refunded": Money(sale.refunded, sale.currency),
    }


def _waiting(back: GivenBack) -> dict[str, Any]:
    row = back.waiting
    assert row is not None, "asked of what waits only"
    currency = row.unit.currency
    return {
        **{name: getattr(row, name) for name in ("source_ref", "refund_of", "occurred_at")},
        "id": None,
        "unit": row.unit.code,
        "outlet": row.outlet.code if row.outlet else None,
        "state": "waiting",
        "amount": None if row.told["is_whole"] or row.amount is None else Money(row.amount, currency),
        "lines": [
            {"number": number, "amount": None if amount is None else Money(Decimal(amount), currency)}
            for number, amount, *_rest in row.told["lines"]
        ],
        "reason": row.told["reason"],
        "taken_back": [],
        "sale_amount": None,
        "sale_refunded": None,
    }
