"""The partner surface's door to members: who stands at the till, and what they can spend here.

It stands in this app because it tells points; who somebody is, it asks of `members`.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from common.input import InstantField, PointsField, RefField
from members.models import Member, MemberStatus
from members.rules.masking import masked_name
from members.selectors.members import (
    enrolment_at,
    member_by_card,
    member_by_number,
    member_by_phone,
    member_by_plate,
)
from points.selectors.balances import wallet_summaries
from units.api.auth import PartnerRequest, PartnerView
from units.models import BusinessUnit

_WAYS = ("phone", "card", "member_number", "plate")


@extend_schema_serializer(component_name="Resolve")
class ResolveRequest(PartnerRequest):
    """Who is meant: exactly one of phone, card, member_number and plate."""

    phone = RefField(max_length=32, required=False, help_text=_("In any usual form."))
    card = RefField(max_length=40, required=False, help_text=_("The unit's own card."))
    member_number = RefField(max_length=16, required=False, help_text=_("12 digits."))
    plate = RefField(max_length=16, required=False, help_text=_("Of a car bound to the member."))

    default_error_messages = {
        "not_one": _("Name the member by exactly one of phone, card, member_number and plate.")
    }

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        """Two names could mean two people."""
        if sum(way in attrs for way in _WAYS) != 1:
            self.fail("not_one")
        return attrs


class EnrolmentHere(serializers.Serializer[Any]):
    """The member's relation to this unit."""

    legacy_card = serializers.CharField(allow_null=True)
    channel = serializers.CharField()
    joined_at = InstantField()


class UsablePoints(serializers.Serializer[Any]):
    """What the member could spend now of one program."""

    program = serializers.CharField(source="program.code")
    name = serializers.CharField(source="program.name")
    available = PointsField(min_value=0)
    expiring_soon = PointsField(min_value=0, source="soon_points", help_text=_("Within 30 days."))


class ResolvedMember(serializers.Serializer[Any]):
    """A member as a till may see them: the name is masked, and nothing else of the person is told."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    name = serializers.CharField()
    status = serializers.ChoiceField(MemberStatus.choices)
    enrolment = EnrolmentHere(allow_null=True, help_text=_("Null: this unit does not know them yet."))
    points = UsablePoints(many=True, help_text=_("By program. A frozen or closed member spends none."))


class MemberResolve(PartnerView):
    """Who stands at the till."""

    required_scope = "members:resolve"

    @extend_schema(
        operation_id="resolve_member", tags=["members"], request=ResolveRequest, responses=ResolvedMember
    )
    def post(self, request: Request) -> Response:  # noqa: ARG002 -- DRF's signature
        """Find a member by phone, card of this unit, number or plate. A POST keeps them out of addresses.

        404: nobody. A frozen or closed member is found, with that status.
        """
        asked = self.read(ResolveRequest)
        member = _meant(asked, self.unit)
        told = {
            "id": member.pk,
            "number": member.number,
            "name": masked_name(member.name),
            "status": member.status,
            "enrolment": enrolment_at(member_id=member.pk, unit=self.unit),
            "points": [
                summary
                for summary in wallet_summaries(member_id=member.pk, at=clock.now())
                if member.status == MemberStatus.ACTIVE and summary.program.is_active
            ],
        }
        return Response(ResolvedMember(told).data)


def _meant(asked: Mapping[str, str], unit: BusinessUnit) -> Member:
    if "phone" in asked:
        return member_by_phone(asked["phone"])
    if "card" in asked:
        return member_by_card(unit=unit, card=asked["card"])
    if "plate" in asked:
        return member_by_plate(asked["plate"])
    return member_by_number(asked["member_number"])
