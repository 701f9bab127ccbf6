"""The messages of the partner surface about activities and daily totals."""

from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from activities.api.lines import LineRequest, LineShape, lines_field
from activities.api.quantities import QuantityField
from activities.models import ActivityKind
from activities.rules.reading import CHANNEL_CHARACTERS_MAX, KINDS
from activities.rules.totals import ORDERS_MAX
from common.input import InstantField, MoneyField, PointsField, RefField
from points.api.explaining_shapes import TraceShape
from points.api.till import MemberRef
from units.api.auth import PartnerRequest

TOTAL_OUTCOMES = (
    ("recorded", _("Recorded")),
    ("already_there", _("Already there")),
    ("replaced", _("Replaced")),
)
DayField = partial(serializers.DateField, input_formats=["%Y-%m-%d"])
REPORTABLE = [(kind.value, kind.label) for kind in ActivityKind if kind.value in KINDS]


@extend_schema_serializer(component_name="Activity")
class ActivityRequest(PartnerRequest):
    """Something a member (or somebody unknown) did at this unit: what, when, for how much."""

    source_ref = RefField(max_length=120, help_text=_("The receipt or folio, unique in the unit."))
    kind = serializers.ChoiceField(REPORTABLE)
    member = MemberRef(required=False, allow_null=True, help_text=_("Left out or null: an anonymous sale."))
    occurred_at = InstantField()
    amount = MoneyField(help_text=_("What was paid in all, after discounts."))
    paid_with_points = MoneyField(
        required=False, help_text=_("The part of it paid with points: earns nothing.")
    )
    category = RefField(max_length=80, required=False)
    channel = RefField(
        max_length=CHANNEL_CHARACTERS_MAX,
        required=False,
        help_text=_("Through which it came, such as app or shop: rules may ask."),
    )
    quantity = QuantityField(required=False, help_text=_("Articles; of a stay, nights."))
    period_starts_on = DayField(required=False, help_text=_("Arrival, or the first day paid for."))
    period_ends_on = DayField(required=False, help_text=_("Departure, or the day after the last paid for."))
    lines = lines_field(LineRequest)


class EarnedShape(serializers.Serializer[Any]):
    """Points given in one program. `posting` is their place in the ledger."""

    program = serializers.CharField()
    points = PointsField()
    posting = serializers.UUIDField(source="posting_id")


class ActivityMember(serializers.Serializer[Any]):
    """Whose activity it is."""

    id = serializers.UUIDField()
    number = serializers.CharField()


class ActivityShape(serializers.Serializer[Any]):
    """The recorded activity, what it earned, and the rules that were looked at."""

    id = serializers.UUIDField()
    unit = serializers.CharField()
    outlet = serializers.CharField(allow_null=True)
    source_ref = serializers.CharField()
    kind = serializers.ChoiceField(REPORTABLE)
    member = ActivityMember(allow_null=True)
    occurred_at = InstantField()
    amount = MoneyField()
    paid_with_points = MoneyField()
    category = serializers.CharField(allow_blank=True)
    channel = serializers.CharField(allow_blank=True)
    quantity = QuantityField(allow_null=True)
    period_starts_on = serializers.DateField(allow_null=True)
    period_ends_on = serializers.DateField(allow_null=True)
    refunded = MoneyField(help_text=_("What of it was given back."))
    lines = LineShape(many=True)
    earned = EarnedShape(many=True)
    trace = TraceShape(many=True)


@extend_schema_field(OpenApiTypes.INT)
class OrdersField(PointsField):
    """A number of orders: a JSON integer, from 0."""


@extend_schema_serializer(component_name="DailyTotal")
class DailyTotalRequest(PartnerRequest):
    """All sales of this unit on one day, members' and anonymous together."""

    outlet = None  # type: ignore[assignment]  # a total is the whole unit's: DRF drops the field
    date = serializers.DateField(input_formats=["%Y-%m-%d"])
    amount = MoneyField()
    orders = OrdersField(
        min_value=0,
        max_value=ORDERS_MAX,
        required=False,
        allow_null=True,
        help_text=_("Left out or null: unknown."),
    )


class DailyTotalShape(serializers.Serializer[Any]):
    """The total as it now stands, and what became of the report."""

    unit = serializers.CharField()
    date = serializers.DateField()
    amount = MoneyField()
    orders = OrdersField(min_value=0, max_value=ORDERS_MAX, allow_null=True)
    outcome = serializers.ChoiceField(TOTAL_OUTCOMES)
