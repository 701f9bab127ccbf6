"""Who calls on the member surface: the member whom a bearer token proves."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from common import clock
from common.api import ApiView
from common.errors import NotFound
from members.models import Member
from members.rules.normalise import latest_today
from members.selectors.aliases import survivor_of
from members.selectors.guardians import ward_of
from members.services.tokens import proven_member

# A guardian names the child in whose place they act, on any route of this surface.
ACT_FOR: Final = "X-Act-For"


@dataclass(frozen=True, slots=True)
class SignedInMember:
    """A member who has proven who they are. A member is never one of Django's users."""

    member: Member

    is_authenticated = True

    @property
    def pk(self) -> UUID:
        """The member's id."""
        return self.member.pk


class MemberTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer lm_<secret>`. Another proof of the same member replaces this class alone."""

    def authenticate(self, request: Request) -> tuple[SignedInMember, None] | None:
        """The caller; None where no such header is there.

        :raises AuthenticationFailed: the token is malformed, unknown or expired, or its member has left
        """
        scheme, _space, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        member = proven_member(token=token.strip().decode("latin-1"), at=clock.now())
        if member is None:
            raise AuthenticationFailed(_("This token is not valid or has expired."))
        return SignedInMember(member), None

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 -- DRF's signature
        """What a 401 asks for."""
        return 'Bearer realm="member"'


class _IsMember(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 -- DRF's signature
        caller: object = request.user
        return isinstance(caller, SignedInMember)


class MemberView(ApiView):
    """A door of the member surface: `self.member` is the caller, and nobody else's rows are looked at."""

    authentication_classes: Sequence[type[BaseAuthentication]] = (MemberTokenAuthentication,)
    permission_classes = (_IsMember,)
    calls_per_minute = 300
    limit_name = "member"

    @cached_property
    def member(self) -> Member:
        """Whose request this is: the caller's own, or the child's that `X-Act-For` names.

        :raises NotFound: the caller is not that child's guardian, or not any more
        """
        named = self.request.headers.get(ACT_FOR)
        if named is None:
            return self._caller
        try:
            child_id = survivor_of(UUID(named))
        except ValueError as malformed:
            raise NotFound from malformed
        return ward_of(guardian_id=self._caller.pk, child_id=child_id, on=latest_today(clock.now()))

    @property
    def actor(self) -> str:
        """Who causes what this request does: `member:<id>`, a guardian in the child's place too."""
        return f"member:{self._caller.pk}"

    @property
    def signed_in(self) -> Member:
        """Who signed in: a guardian themself, also where they act for a child."""
        return self._caller

    def caller(self) -> str:
        """Retry keys and limits belong to the member, whichever token they show; for each child apart."""
        named = self.request.headers.get(ACT_FOR)
        return self.actor if named is None else f"{self.actor}:for:{self.member.pk}"

    @property
    def _caller(self) -> Member:
        """Who signed in; permissions have let nobody else by."""
        caller: object = self.request.user
        assert isinstance(caller, SignedInMember), "only members pass the permissions"
        return caller.member


class _MemberTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # untyped base
    target_class = "members.api.auth.MemberTokenAuthentication"
    name = "memberToken"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:  # noqa: ARG002 -- its signature
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "lm_<secret>",
            "description": "A token of one member. It shows and spends what is theirs, and nothing else.",
        }
