"""The doors to what an activity would earn: a till asks for its customer, a member for themselves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from activities.api import examples_simulation as examples
from activities.api.serializers import REPORTABLE, ActivityRequest
from activities.api.told import report_of
from activities.models import Assessment
from activities.rules.reading import CHANNEL_CHARACTERS_MAX
from activities.selectors.traces import assessment_of, points_by_program, trace_told
from activities.services.simulating import Simulated, simulate_activity
from common import clock
from common.input import InstantField, MoneyField, PointsField, RefField, StrictSerializer
from members.api.auth import MemberView
from members.selectors.members import member_named
from points.api.explaining_shapes import TraceShape
from units.api.auth import PartnerView
from units.selectors.units import outlet_by_code, unit_by_code


@extend_schema_serializer(component_name="ActivitySimulation")
class SimulationRequest(ActivityRequest):
    """An activity that nobody did: what would it earn?"""

    source_ref = RefField(
        max_length=120,
        required=False,
        help_text=_("Decides between activities of one instant that share a cap. Mostly left out."),
    )


@extend_schema_serializer(component_name="MyActivitySimulation")
class MySimulationRequest(StrictSerializer):
    """An activity of mine that I think about."""

    unit = RefField(max_length=24)
    outlet = RefField(max_length=40, required=False)
    kind = serializers.ChoiceField(REPORTABLE)
    occurred_at = InstantField()
    amount = MoneyField(help_text=_("What would be paid in all, after discounts."))
    paid_with_points = MoneyField(
        required=False, help_text=_("The part of it paid with points: earns nothing.")
    )
    category = RefField(max_length=80, required=False)
    channel = RefField(max_length=CHANNEL_CHARACTERS_MAX, required=False)


class WouldEarnShape(serializers.Serializer[Any]):
    """Points of one lot: spendable after so many days, living as long as the rule or the program says."""

    program = serializers.CharField()
    points = PointsField()
    pending_days = serializers.IntegerField()
    expires_after_days = serializers.IntegerField(allow_null=True, help_text=_("Null: as the program says."))
    rule = serializers.CharField()


class ProgramPoints(serializers.Serializer[Any]):
    """Points in one program."""

    program = serializers.CharField()
    points = PointsField()


class SimulationShape(serializers.Serializer[Any]):
    """What would be posted if it were reported now and nothing else happened."""

    would_earn = WouldEarnShape(many=True)
    trace = TraceShape(many=True)


class ActivitySimulation(PartnerView):
    """What an activity would earn at this unit."""

    required_scope = "activities:report"

    @extend_schema(
        operation_id="activity_simulated",
        tags=["activities"],
        request=SimulationRequest,
        responses=SimulationShape,
        examples=[examples.SIMULATION_ASKED, examples.SIMULATION],
    )
    def post(self, request: Request) -> Response:  # noqa: ARG002 -- DRF's signature
        """Any basket, member and date. Nothing is stored, and no Idempotency-Key is needed.

        Refusals are those of reporting it: `date_too_old`, `date_in_future`, `other_currency`, `too_large`,
        `bad_paid_with_points`, `points_out_of_range`; 404 for an unknown member, unit or outlet.
        """
        told = self.read(SimulationRequest)
        named = told.get("member")
        simulated = simulate_activity(
            unit=self.unit,
            report=report_of({"source_ref": "", **told}, self.outlet.pk if self.outlet else None),
            member=member_named(named, unit=self.unit) if named else None,
            at=clock.now(),
        )
        return Response(SimulationShape(simulated_told(simulated)).data)


class MyActivitySimulation(MemberView):
    """What I would earn."""

    @extend_schema(
        operation_id="my_activity_simulated",
        tags=["activities"],
        request=MySimulationRequest,
        responses=SimulationShape,
        examples=[examples.MY_SIMULATION_ASKED, examples.SIMULATION],
    )
    def post(self, request: Request) -> Response:  # noqa: ARG002 -- DRF's signature
        """What a purchase, stay or payment of mine would earn, with every rule that was looked at.

        Nothing is stored. Refusals as at a till; 404 for an unknown unit or outlet.
        """
        told = self.read(MySimulationRequest)
        unit = unit_by_code(told.pop("unit"))
        code = told.pop("outlet", None)
        outlet = outlet_by_code(code, unit=unit) if code else None
        simulated = simulate_activity(
            unit=unit,
            report=report_of({"source_ref": "", **told}, outlet.pk if outlet else None),
            member=self.member,
            at=clock.now(),
        )
        return Response(SimulationShape(simulated_told(simulated)).data)


class EarlierShape(serializers.Serializer[Any]):
    """What stood before, and until when."""

    until = InstantField()
    earned = ProgramPoints(many=True)
    trace = TraceShape(many=True)


class RulesShape(serializers.Serializer[Any]):
    """Why an activity earned what it did; `earlier` is what stood before others changed it."""

    activity = serializers.UUIDField()
    revision = serializers.IntegerField()
    earned = ProgramPoints(many=True)
    trace = TraceShape(many=True)
    earlier = EarlierShape(many=True)


class MyActivityRules(MemberView):
    """Why an activity of mine earned what it did."""

    @extend_schema(
        operation_id="my_activity_rules",
        tags=["activities"],
        responses=RulesShape,
        examples=[examples.RULES],
    )
    def get(self, request: Request, id: UUID) -> Response:  # noqa: ARG002, A002 -- DRF's signature
        """Every rule that was looked at: taken or not, why, and its version. 404 for one that is not mine."""
        return Response(RulesShape(rules_told(assessment_of(activity_id=id, member_id=self.member.pk))).data)


def simulated_told(simulated: Simulated) -> dict[str, Any]:
    """A simulation as SimulationShape takes it."""
    return {
        "would_earn": [
            {
                "program": parcel.label.partition(";")[0],
                "points": parcel.points,
                "pending_days": parcel.pending_days,
                "expires_after_days": parcel.expires_after_days,
                "rule": parcel.rule,
            }
            for parcel in simulated.outcome.parcels
        ],
        "trace": simulated.trace,
    }


def rules_told(assessment: Assessment) -> dict[str, Any]:
    """An assessment as RulesShape takes it."""
    return {
        "activity": assessment.pk,
        "revision": assessment.revision,
        "earned": _by_program(assessment.parcels),
        "trace": trace_told(assessment.trace),
        "earlier": [
            {
                "until": datetime.fromisoformat(one["until"]),
                "earned": _by_program(one["parcels"]),
                "trace": trace_told(one["trace"]),
            }
            for one in assessment.earlier
        ],
    }


def _by_program(parcels: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    totals = points_by_program(parcels)
    return [{"program": program, "points": points} for program, points in totals.items()]
