"""A member's own entitlements: what they may use, where, until when and why; and a code to show for one."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from benefits.api import rights_examples as examples
from benefits.api.rights_shapes import EntitlementCodeShape, EntitlementsShape
from benefits.refusals import EntitlementNotFound
from benefits.selectors.entitlements import entitlements_of
from common import clock
from members.api.auth import MemberView
from members.selectors.aliases import survivor_of
from members.services.member_codes import make_member_code


class MyEntitlements(MemberView):
    """What I may use."""

    @extend_schema(
        operation_id="my_entitlements",
        tags=["entitlements"],
        responses=EntitlementsShape,
        examples=[examples.MINE],
    )
    def get(self, _request: Request) -> Response:
        """All my entitlements as they stand at this moment, those that others share with me after mine.

        A change of tier, a lease that begins or ends: they follow at once.
        """
        member_id = survivor_of(self.member.pk)
        found = {"results": entitlements_of(member_id=member_id, at=clock.now())}
        return Response(EntitlementsShape(found, context={"member_id": member_id}).data)


class EntitlementCode(MemberView):
    """A code for one of them."""

    @extend_schema(
        operation_id="entitlement_code",
        tags=["entitlements"],
        request=None,
        responses=EntitlementCodeShape,
        examples=[examples.CODE],
    )
    def post(self, _request: Request, id: UUID) -> Response:  # noqa: A002 -- the route's word
        """A code that is good for 60 seconds, for one usage of this entitlement and nothing else.

        Nothing is stored. Refusals: 404 `entitlement_not_found`; `member_suspended`.
        """
        member_id, at = survivor_of(self.member.pk), clock.now()
        if all(one.id != id for one in entitlements_of(member_id=member_id, at=at)):
            raise EntitlementNotFound
        made = make_member_code(member=self.member, right_id=id, at=at)
        return Response(EntitlementCodeShape(made, context={"right_id": id}).data)
