"""Residencies: a member sees their own; a fee system or front desk tells them."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as text
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from common.errors import NotFound
from common.input import RefField, StrictSerializer
from members.api.auth import MemberView
from members.models import Residency, ResidencyRole
from members.selectors.members import member_named
from members.selectors.residencies import effective_end, residencies_of
from members.services.residencies import Told, record_residency, withdraw_residency
from units.api.auth import PartnerRequest, PartnerView
from units.models import Venue

_ID = "0197714e-6c00-7a3d-8f2e-3b1c5d7e9f31"
_DATES = {"starts_on": "2026-07-01", "ends_on": None}
_VENUE = {"code": "GARDEN-1", "name": "Garden Estate 1", "unit": "ESTATE"}


class VenueLine(serializers.Serializer[Venue]):
    """A venue by name."""

    code = serializers.CharField()
    name = serializers.CharField()
    unit = serializers.CharField(source="unit.code")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "An owner", value={"id": _ID, "venue": _VENUE, "role": "owner", **_DATES}, response_only=True
        )
    ]
)
class MyResidency(serializers.Serializer[Residency]):
    """What I am at a venue, from `starts_on` on and before `ends_on` (null: open), in its own time zone."""

    id = serializers.UUIDField()
    venue = VenueLine()
    role = serializers.ChoiceField(ResidencyRole.choices)
    starts_on = serializers.DateField()
    ends_on = serializers.SerializerMethodField(
        help_text=text(
            "Family ends with the owner's or tenant's, an occupant with the company's at the latest."
        )
    )

    def get_ends_on(self, residency: Residency) -> str | None:
        end = effective_end(residency)
        return None if end is None else end.isoformat()


class MyResidencies(MemberView, ListAPIView[Residency]):
    """Where I am somebody."""

    ordering = ("-starts_on", "-id")
    serializer_class = MyResidency
    filter_backends = ()
    queryset = Residency.objects.none()

    @extend_schema(operation_id="my_residencies", tags=["members"])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What I am and was at which venue, newest first."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Residency]:
        return residencies_of(member_id=self.member.pk)


class ResidentRef(StrictSerializer):
    """Who: exactly one of these."""

    id = RefField(max_length=36, required=False)
    number = RefField(max_length=16, required=False)
    phone = RefField(max_length=32, required=False)
    card = RefField(max_length=40, required=False)

    default_error_messages = {
        "not_one": text("Name the member by exactly one of id, number, phone and card.")
    }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Two names could mean two people."""
        if len(attrs) != 1:
            self.fail("not_one")
        return attrs


@extend_schema_serializer(component_name="ResidencyReport")
class ResidencyRequest(PartnerRequest):
    """A role of a member at a venue of the unit, by the source's own reference."""

    source_ref = RefField(max_length=128)
    venue = RefField(max_length=24)
    member = ResidentRef()
    role = serializers.ChoiceField(ResidencyRole.choices)
    starts_on = serializers.DateField(input_formats=["iso-8601"])
    ends_on = serializers.DateField(
        input_formats=["iso-8601"],
        required=False,
        allow_null=True,
        help_text=text("The first day without the role; null: open."),
    )
    family_of = RefField(
        required=False, help_text=text("For `family` only: `source_ref` of the owner's or tenant's.")
    )
    company = RefField(
        max_length=40, required=False, help_text=text("For `office_occupant` only: code of the company.")
    )


class ResidencyLine(serializers.Serializer[Residency]):
    """A residency as recorded."""

    id = serializers.UUIDField()
    source_ref = serializers.CharField()
    venue = serializers.CharField(source="venue.code")
    member = serializers.UUIDField(source="member_id")
    role = serializers.ChoiceField(ResidencyRole.choices)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(allow_null=True)


_ASKED = {
    "unit": "ESTATE",
    "source_ref": "lease/2026-118",
    "venue": "GARDEN-1",
    "member": {"phone": "+8613812345678"},
    "role": "tenant",
    "starts_on": "2026-07-01",
    "ends_on": "2027-07-01",
}
_RECORDED = {
    "id": _ID,
    "source_ref": "lease/2026-118",
    "venue": "GARDEN-1",
    "member": "01950000-0000-7000-8000-000000000001",
    "role": "tenant",
    "starts_on": "2026-07-01",
    "ends_on": "2027-07-01",
}


class Residencies(PartnerView):
    """What members are at the unit's venues."""

    required_scope = "residencies:report"
    idempotent = True

    @extend_schema(
        operation_id="report_residency",
        tags=["residencies"],
        request=ResidencyRequest,
        responses={201: ResidencyLine, 200: ResidencyLine},
        examples=[
            OpenApiExample("A tenant for a year", value=_ASKED, request_only=True),
            OpenApiExample("Recorded", value=_RECORDED, response_only=True, status_codes=["200", "201"]),
        ],
    )
    def post(self, _request: Request) -> Response:
        """Record a role, or move the dates of one: a reference stands for one. 201: new; 200: known.

        An end is told by sending the same reference with `ends_on`. Refusals: `reference_reused`;
        `residency_overlaps`; `seats_taken`; `period_malformed`; `role_needs_more`. 404 names its `field`.
        """
        asked = self.read(ResidencyRequest)
        unit = self.unit
        venue = Venue.objects.filter(unit=unit, code=asked.pop("venue")).first()
        if venue is None:
            raise NotFound(field="venue")
        try:
            member = member_named(asked.pop("member"), unit=unit)
        except NotFound as nobody:
            raise NotFound(field="member") from nobody
        told = Told(**{**asked, "role": ResidencyRole(asked["role"])})
        residency, is_new = record_residency(
            venue=venue, member=member, told=told, by=self.actor, at=clock.now()
        )
        return Response(ResidencyLine(residency).data, status=201 if is_new else 200)


class ResidencyDetail(PartnerView):
    """One of them."""

    required_scope = "residencies:report"

    @extend_schema(operation_id="withdraw_residency", tags=["residencies"], responses={204: None})
    def delete(self, _request: Request, id: UUID) -> Response:  # noqa: A002 -- the route's word
        """Take back what was recorded by mistake: it never was. Twice is once. 404: not this key's."""
        mine = Residency.objects.filter(venue__unit__in=self.partner.units, pk=id).first()
        if mine is None:
            raise NotFound
        withdraw_residency(residency_id=mine.pk, by=self.actor, at=clock.now())
        return Response(status=204)
