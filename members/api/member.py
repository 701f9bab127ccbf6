"""A member's own profile and the units that know them."""

from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from common.api import etag_of
from members.api.auth import MemberView
from members.api.serializers import EnrolmentLine, Profile, ProfileEdit
from members.models import Enrolment, Member
from members.selectors.members import active_identities, enrolments_of
from members.selectors.residencies import roles_of
from members.services.profile import ProfileChanges, edit_profile

IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The ETag that was read: 412 if it changed since."
)


class Me(MemberView):
    """Who I am."""

    @extend_schema(operation_id="me", tags=["members"], responses=Profile)
    def get(self, _request: Request) -> Response:
        """My profile. Its ETag guards an edit."""
        return _told(self.member)

    @extend_schema(
        operation_id="edit_me",
        tags=["members"],
        request=ProfileEdit,
        responses=Profile,
        parameters=[IF_MATCH],
    )
    def patch(self, _request: Request) -> Response:
        """Change my name, gender, address, or give my birth date (once)."""
        changes = cast("ProfileChanges", self.read(ProfileEdit))
        member = edit_profile(
            member_id=self.member.pk,
            changes=changes,
            expect=lambda stored: self.check_etag(_etag(stored)),
            at=clock.now(),
        )
        return _told(member)


class MyEnrolments(MemberView, ListAPIView[Enrolment]):
    """Where I am a member."""

    ordering = ("-joined_at", "-id")
    serializer_class = EnrolmentLine
    filter_backends = ()
    queryset = Enrolment.objects.none()

    @extend_schema(operation_id="my_enrolments", tags=["members"])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The units that know me, newest first."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Enrolment]:
        return enrolments_of(member_id=self.member.pk)


def _told(member: Member) -> Response:
    identities = active_identities(member_id=member.pk)
    roles = roles_of(member_id=member.pk, at=clock.now())
    profile = Profile(member, context={"identities": identities, "roles": roles}).data
    return Response(profile, headers={"ETag": _etag(member)})


def _etag(member: Member) -> str:
    return etag_of(member.pk, member.status, member.name, member.gender, member.birth_date, member.address)
