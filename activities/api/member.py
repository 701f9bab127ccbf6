"""The member surface's doors to activities: what I did and what it gave, and claiming a receipt."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from activities.api import examples_member as examples
from activities.models import Activity, ActivityKind
from activities.rules.earn_facts import TraceLine
from activities.selectors.activity_points import PointsMoved, points_moved_by
from activities.selectors.timeline import NEWEST_FIRST, timeline_of
from activities.selectors.traces import whys_of
from activities.services.claim_tries import count_wrong_receipt, refuse_guessing
from activities.services.claiming import ReceiptNotFound, ReceiptShown, claim_receipt
from common import Money, clock
from common.input import InstantField, MoneyField, RefField, StrictSerializer
from members.api.auth import MemberView
from points.api.explaining_shapes import TraceShape
from units.selectors.units import unit_by_code


class ActivityPointsShape(serializers.Serializer[Any]):
    """Points by one posting: given, or, negative, taken back by a refund. `rule` gave them."""

    program = serializers.CharField()
    points = serializers.IntegerField()
    posting = serializers.UUIDField(source="posting_id")
    rule = serializers.CharField(allow_blank=True)


class MyActivityShape(serializers.Serializer[Any]):
    """Something I did, or had given back, and what it meant for my points."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(ActivityKind.choices)
    words = serializers.CharField(help_text=_("What it was, in the language asked for."))
    unit = serializers.CharField()
    unit_name = serializers.CharField()
    outlet = serializers.CharField(allow_null=True, help_text=_("The shop's name."))
    source_ref = serializers.CharField(help_text=_("As on the receipt."))
    refund_of = serializers.CharField(allow_null=True)
    occurred_at = InstantField()
    amount = MoneyField()
    refunded = MoneyField()
    category = serializers.CharField(allow_blank=True)
    claimed_at = InstantField(allow_null=True, help_text=_("When I claimed it with the receipt."))
    points = ActivityPointsShape(many=True)
    why = TraceShape(
        many=True,
        help_text=_(
            "The rules that gave the points; where none did, why each did not. Of a refund empty: it takes "
            "back in proportion. See `rules` of the activity for every rule."
        ),
    )


@extend_schema_serializer(component_name="Claim")
class ClaimRequest(StrictSerializer):
    """What my receipt says. All of it must be right."""

    unit = RefField(max_length=24)
    outlet = RefField(
        max_length=40, required=False, help_text=_("The shop's code, where the receipt has one.")
    )
    source_ref = RefField(max_length=120, help_text=_("The receipt's number."))
    amount = MoneyField()


class MyActivities(MemberView, ListAPIView[Activity]):
    """What I did."""

    ordering = NEWEST_FIRST
    serializer_class = MyActivityShape
    filter_backends = ()
    queryset = Activity.objects.none()

    @extend_schema(operation_id="my_activities", tags=["activities"], examples=[examples.MY_ACTIVITY])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 -- DRF's signature
        """What I did in all businesses of the group, newest first, with the points that each gave or took."""
        rows: Sequence[Activity] = self.paginate_queryset(self.get_queryset()) or ()
        moved = points_moved_by(rows)
        whys = whys_of(rows)
        told = [_told(row, moved.get(row.pk, ()), whys.get(row.pk, ())) for row in rows]
        return self.get_paginated_response(MyActivityShape(told, many=True).data)

    def get_queryset(self) -> QuerySet[Activity]:
        return timeline_of(self.member.pk)


class ActivityClaims(MemberView):
    """Claiming what I bought without showing my code."""

    idempotent = True
    # Each is a guess until it is right.
    calls_per_minute = 10
    limit_name = "claims"

    @extend_schema(
        operation_id="claim_activity",
        tags=["activities"],
        request=ClaimRequest,
        responses={201: MyActivityShape, 200: MyActivityShape},
        examples=[examples.CLAIM, examples.MY_CLAIM],
    )
    def post(self, _request: Request) -> Response:
        """Get the points of a purchase made without my code. Needs an Idempotency-Key header.

        The receipt's number, the shop and the amount are the proof; it earns by the rules of that day. 200: I
        had claimed it before. Refusals: `receipt_not_found` (404), `receipt_claimed` (it is somebody's
        already), `claim_too_late` with the unit's `days`, `receipt_refunded`, `member_not_active`,
        `unit_not_active`; after ten receipts that do not exist `too_many_wrong_receipts` (429).
        """
        told = self.read(ClaimRequest)
        receipt = ReceiptShown(
            told["source_ref"], told.get("outlet"), told["amount"].amount, told["amount"].currency
        )
        claimed = claim_receipt(
            unit=unit_by_code(told["unit"]),
            receipt=receipt,
            member=self.member,
            by=self.actor,
            at=clock.now(),
        )
        shape = MyActivityShape(
            _told(claimed.activity, claimed.points, whys_of([claimed.activity])[claimed.activity.pk])
        )
        return Response(shape.data, status=201 if claimed.is_new else 200)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Whoever has guessed too often is not listened to."""
        super().initial(request, *args, **kwargs)
        refuse_guessing(member=self.member, at=clock.now())

    def handle_exception(self, exc: Exception) -> Response:
        """Count a receipt that is not there: outside the request's own transaction, which is undone."""
        if isinstance(exc, ReceiptNotFound):
            count_wrong_receipt(member=self.member, at=clock.now())
        return super().handle_exception(exc)


def _told(activity: Activity, points: Sequence[PointsMoved], why: Sequence[TraceLine]) -> dict[str, Any]:
    return {
        **{name: getattr(activity, name) for name in ("id", "kind", "source_ref", "occurred_at", "category")},
        "words": activity.get_kind_display(),
        "unit": activity.unit.code,
        "unit_name": activity.unit.name,
        "outlet": activity.outlet.name if activity.outlet else None,
        "refund_of": activity.refund_of or None,
        "amount": Money(activity.amount, activity.currency),
        "refunded": Money(activity.refunded, activity.currency),
        "claimed_at": activity.claimed_at,
        "points": points,
        "why": why,
    }
