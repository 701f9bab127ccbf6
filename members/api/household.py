"""A member's household: who is in it, who is asked to join, who leaves. Others show by masked names only."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as text
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from common.input import FlagField, InstantField, RefField, StrictSerializer
from members.api.auth import MemberView
from members.models import HouseholdMember, Member
from members.rules.masking import masked_name
from members.selectors.households import household_of, invitations_of, places_in
from members.services.households import (
    accept_invitation,
    decline_invitation,
    found_household,
    invite_to_household,
    leave_household,
    remove_from_household,
    share_points,
)

_PLACE_ID = "0196f0aa-5d00-7b21-8a44-2c3d4e5f6a07"


class Sharing(StrictSerializer):
    """Whether my household may pay with my points, where theirs do not suffice. I can change it any time."""

    shares_points = FlagField(default=False)


class SharingChange(StrictSerializer):
    """From now on."""

    shares_points = FlagField()


class InvitationRequest(StrictSerializer):
    """Whom to invite: exactly one of the two."""

    number = RefField(max_length=16, required=False, help_text=text("A member number."))
    phone = RefField(max_length=32, required=False, help_text=text("A phone, in any usual form."))

    default_error_messages = {"not_one": text("Name the member by a number or by a phone, not both.")}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One name."""
        if len(attrs) != 1:
            self.fail("not_one")
        return attrs


class PlaceShape(serializers.Serializer[Any]):
    """Somebody in my household. `id` names them for a transfer, or to remove them."""

    id = serializers.UUIDField()
    name = serializers.CharField(help_text=text("Masked."))
    is_me = serializers.BooleanField()
    is_head = serializers.BooleanField()
    shares_points = serializers.BooleanField()
    joined_at = InstantField()


class HouseholdShape(serializers.Serializer[Any]):
    """A household, longest in it first."""

    id = serializers.UUIDField()
    founded_at = InstantField()
    members = PlaceShape(many=True)


class InvitationShape(serializers.Serializer[Any]):
    """I am asked to join the household of `from_name`."""

    id = serializers.UUIDField()
    from_name = serializers.CharField(help_text=text("Masked."))
    invited_at = InstantField()


class MyHouseholdShape(serializers.Serializer[Any]):
    """The household I am in, if any, and the invitations I have not answered."""

    household = HouseholdShape(allow_null=True)
    invitations = InvitationShape(many=True)


class Heard(serializers.Serializer[Any]):
    """The same words whoever was named."""

    words = serializers.CharField()


_MINE = OpenApiExample(
    "A household of two",
    value={
        "household": {
            "id": "0196f0aa-5c00-7a10-9b33-1c2d3e4f5a06",
            "founded_at": "2026-05-21T04:00:00+00:00",
            "members": [
                {
                    "id": "0196f0aa-5c00-7c32-8b55-3d4e5f6a7b08",
                    "name": "李**",
                    "is_me": True,
                    "is_head": True,
                    "shares_points": False,
                    "joined_at": "2026-05-21T04:00:00+00:00",
                },
                {
                    "id": _PLACE_ID,
                    "name": "王**",
                    "is_me": False,
                    "is_head": False,
                    "shares_points": True,
                    "joined_at": "2026-05-21T05:00:00+00:00",
                },
            ],
        },
        "invitations": [],
    },
    response_only=True,
)


class MyHousehold(MemberView):
    """My household."""

    @extend_schema(
        operation_id="my_household", tags=["household"], responses=MyHouseholdShape, examples=[_MINE]
    )
    def get(self, _request: Request) -> Response:
        """The household I am in, and the invitations I have not answered."""
        return _told(self.member)

    @extend_schema(
        operation_id="found_household",
        tags=["household"],
        request=Sharing,
        responses={201: MyHouseholdShape},
        examples=[_MINE],
    )
    def post(self, _request: Request) -> Response:
        """Found a household: I am its head.

        Refusals: `already_in_household`; `not_an_adult`; `member_suspended`.
        """
        found_household(member=self.member, at=clock.now(), **self.read(Sharing))
        return _told(self.member, status=201)

    @extend_schema(
        operation_id="share_points",
        tags=["household"],
        request=SharingChange,
        responses=MyHouseholdShape,
        examples=[_MINE],
    )
    def patch(self, _request: Request) -> Response:
        """Let my household pay with my points, or no longer. Refusal: `not_in_household`."""
        share_points(member=self.member, shares=self.read(SharingChange)["shares_points"])
        return _told(self.member)


class HouseholdInvitations(MemberView):
    """Asking somebody to join."""

    # Each may try a phone or a number: fewer than the other routes take.
    calls_per_minute = 10
    limit_name = "household-invitations"

    @extend_schema(
        operation_id="invite_to_household",
        tags=["household"],
        request=InvitationRequest,
        responses={202: Heard},
    )
    def post(self, _request: Request) -> Response:
        """Invite somebody into my household, by member number or phone. Only its head may.

        The answer is the same whether they are a member or not. Refusals: `not_in_household`;
        `not_household_head`; `household_full`.
        """
        invite_to_household(by=self.member, invited=self.read(InvitationRequest), at=clock.now())
        words = _("If this is a member who can join, they find an invitation now.")
        return Response(Heard({"words": words}).data, status=202)


class AcceptInvitation(MemberView):
    """Joining."""

    @extend_schema(
        operation_id="accept_household_invitation",
        tags=["household"],
        request=Sharing,
        responses=MyHouseholdShape,
        examples=[_MINE],
    )
    def post(self, _request: Request, invitation: UUID) -> Response:
        """Join the household that invited me. 404: no invitation of mine.

        Refusals: `invitation_not_open`; `already_in_household`; `household_full`; `not_an_adult`;
        `member_suspended`.
        """
        accept_invitation(member=self.member, place_id=invitation, at=clock.now(), **self.read(Sharing))
        return _told(self.member)


class DeclineInvitation(MemberView):
    """Not joining."""

    @extend_schema(
        operation_id="decline_household_invitation",
        tags=["household"],
        request=None,
        responses=MyHouseholdShape,
        examples=[_MINE],
    )
    def post(self, _request: Request, invitation: UUID) -> Response:
        """Say no. 404: no invitation of mine. Refusal: `invitation_not_open`."""
        decline_invitation(member=self.member, place_id=invitation, at=clock.now())
        return _told(self.member)


class LeaveHousehold(MemberView):
    """Leaving."""

    @extend_schema(
        operation_id="leave_household",
        tags=["household"],
        request=None,
        responses=MyHouseholdShape,
        examples=[_MINE],
    )
    def post(self, _request: Request) -> Response:
        """Leave my household. If I am its head, whoever has been in it longest takes over.

        Refusal: `not_in_household`.
        """
        leave_household(member=self.member, at=clock.now())
        return _told(self.member)


class HouseholdPlace(MemberView):
    """Somebody's place in the household that I head."""

    @extend_schema(operation_id="remove_from_household", tags=["household"], responses={204: None})
    def delete(self, _request: Request, place: UUID) -> Response:
        """Take somebody out of it. 404: nobody there, or myself.

        Refusals: `not_in_household`; `not_household_head`.
        """
        remove_from_household(by=self.member, place_id=place, at=clock.now())
        return Response(status=204)


def _told(member: Member, *, status: int = 200) -> Response:
    household = household_of(member_id=member.pk)
    told = {
        "household": household
        and {
            "id": household.pk,
            "founded_at": household.founded_at,
            "members": [_place(p, member, household.head_id) for p in places_in(household=household)],
        },
        "invitations": [
            {
                "id": invitation.pk,
                "from_name": masked_name(invitation.household.head.name),
                "invited_at": invitation.invited_at,
            }
            for invitation in invitations_of(member_id=member.pk)
        ],
    }
    return Response(MyHouseholdShape(told).data, status=status)


def _place(place: HouseholdMember, me: Member, head_id: UUID) -> dict[str, Any]:
    return {
        "id": place.pk,
        "name": masked_name(place.member.name),
        "is_me": place.member_id == me.pk,
        "is_head": place.member_id == head_id,
        "shares_points": place.shares_points,
        "joined_at": place.accepted_at,
    }
