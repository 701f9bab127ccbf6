"""The partner surface's doors to activities: what members did, and what units sold in a day."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from activities.api import examples
from activities.api.serializers import (
    ActivityRequest,
    ActivityShape,
    DailyTotalRequest,
    DailyTotalShape,
)
from activities.api.told import activity_told, report_of
from activities.rules.totals import DailyReport
from activities.services.daily_totals import report_daily_total
from activities.services.reporting import report_activity
from common import clock
from units.api.auth import PartnerView


class Activities(PartnerView):
    """Reporting what somebody did."""

    required_scope = "activities:report"
    idempotent = True

    @extend_schema(
        operation_id="activity",
        tags=["activities"],
        request=ActivityRequest,
        responses={201: ActivityShape, 200: ActivityShape},
        examples=[examples.ACTIVITY_REPORTED, examples.STAY_REPORTED, examples.ACTIVITY],
    )
    def post(self, request: Request) -> Response:  # noqa: ARG002 -- DRF's signature
        """Record an activity and post what it earns. Needs an Idempotency-Key header.

        200 instead of 201: this `source_ref` was reported before with the same content, and here it is.
        Refusals: `duplicate_reference` (409: other content), `date_too_old`, `date_in_future`,
        `other_currency`, `too_large`, `bad_paid_with_points`, `bad_lines`, `lines_do_not_add_up`,
        `bad_period`, `points_out_of_range`, `unit_not_active`; 404 for an unknown member, unit or outlet.
        """
        told = self.read(ActivityRequest)
        reported = report_activity(
            unit=self.unit,
            report=report_of(told, self.outlet.pk if self.outlet else None),
            member=told.get("member"),
            by=self.actor,
            at=clock.now(),
        )
        return Response(ActivityShape(activity_told(reported)).data, status=201 if reported.is_new else 200)


class DailyTotals(PartnerView):
    """Reporting a day's sales."""

    required_scope = "activities:report"
    idempotent = True

    @extend_schema(
        operation_id="daily_total",
        tags=["activities"],
        request=DailyTotalRequest,
        responses={201: DailyTotalShape, 200: DailyTotalShape},
        examples=[examples.DAILY_TOTAL_REPORTED, examples.DAILY_TOTAL],
    )
    def post(self, request: Request) -> Response:  # noqa: ARG002 -- DRF's signature
        """Store all sales of the unit on one day. Needs an Idempotency-Key header.

        The latest report of a day stands. 201: the day is new; 200: the same numbers were there
        (`already_there`), or other numbers, which these replaced (`replaced`). Refusals: `date_too_old`,
        `date_in_future`, `other_currency`, `too_large`; 404 for an unknown unit.
        """
        told = self.read(DailyTotalRequest)
        report = DailyReport(
            self.unit.pk, told["date"], told["amount"].amount, told["amount"].currency, told.get("orders")
        )
        outcome = report_daily_total(unit=self.unit, report=report, at=clock.now())
        told |= {"unit": self.unit.code, "orders": report.orders, "outcome": outcome}
        return Response(DailyTotalShape(told).data, status=201 if outcome == "recorded" else 200)
