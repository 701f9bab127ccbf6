"""The partner surface's door to members: who stands at the till, and what they can spend here.

It stands in this app because it tells points; who somebody is, it asks of `members`.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from common.input import InstantField, PointsField, RefField
from members.api.codes import CodeDoor, shown_member
from members.models import MemberStatus
from members.rules.masking import masked_name
from members.selectors.members import enrolment_at, member_named
from members.selectors.tiers import tier_of
from members.services.looking import look_as_unit
from points.api import examples
from points.api.till import WAYS, MemberRef
from points.selectors.balances import wallet_summaries
from units.api.auth import PartnerRequest


@extend_schema_serializer(component_name="Resolve")
class ResolveRequest(MemberRef, PartnerRequest):
    """Who is meant: exactly one of id, number, phone, card, plate and the code that the member shows."""

    code = RefField(max_length=120, required=False, help_text=_("As scanned, or the digits as typed."))
    ways = (*WAYS, "code")
    default_error_messages = {
        "not_one": _("Name the member by exactly one of id, number, phone, card, plate and code.")
    }


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


class TierHere(serializers.Serializer[Any]):
    """The level of the group's ladder that the member holds."""

    code = serializers.CharField()
    level = serializers.IntegerField(help_text=_("0 is the lowest."))
    name = serializers.CharField(source="*", help_text=_("In the language that was asked for."))


class ResolvedMember(serializers.Serializer[Any]):
    """A member as a till may see them: the name is masked, and nothing else of the person is told."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    name = serializers.CharField(
        allow_null=True,
        help_text=_("Masked. Null: they are no customer of this unit and did not agree, or said no."),
    )
    status = serializers.ChoiceField(MemberStatus.choices)
    enrolment = EnrolmentHere(allow_null=True, help_text=_("Null: this unit does not know them yet."))
    tier = TierHere(allow_null=True, help_text=_("Null: the group has no ladder."))
    points = UsablePoints(many=True, help_text=_("By program. A frozen or closed member spends none."))


class MemberResolve(CodeDoor):
    """Who stands at the till."""

    required_scope = "members:resolve"

    @extend_schema(
        operation_id="resolve_member",
        tags=["members"],
        request=ResolveRequest,
        responses=ResolvedMember,
        examples=[examples.RESOLVE_ASKED, examples.RESOLVE_BY_CODE, examples.RESOLVED],
    )
    def post(self, request: Request) -> Response:  # noqa: ARG002 -- DRF's signature
        """Find a member by id, number, phone, card of this unit, plate, or the code that they show.

        A POST keeps them out of addresses. 404: nobody. A frozen or closed member is found, with that status.
        A code is not used up by this. A unit that does not know them sees their name only under their
        consent, and they see that it looked; points work without it. Refusals: `member_code_wrong`;
        `member_code_expired`; `too_many_wrong_codes`.
        """
        asked = self.read(ResolveRequest)
        unit, at = self.unit, clock.now()
        member = (
            shown_member(code=asked["code"], caller=self.caller(), at=at)
            if "code" in asked
            else member_named(asked, unit=unit)
        )
        seen = look_as_unit(member_id=member.pk, unit=unit, fields=["name"], by=self.actor, at=at)
        told = {
            "id": member.pk,
            "number": member.number,
            "name": None if seen is None else masked_name(seen.values.get("name", "")),
            "status": member.status,
            "enrolment": enrolment_at(member_id=member.pk, unit=self.unit),
            "tier": tier_of(member.pk),
            "points": [
                summary
                for summary in wallet_summaries(member_id=member.pk, at=at)
                if member.status == MemberStatus.ACTIVE and summary.program.is_active
            ],
        }
        return Response(ResolvedMember(told).data)
