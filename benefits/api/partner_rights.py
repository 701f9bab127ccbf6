"""The partner surface's doors to entitlements: what may be used here, use it, give it back."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from benefits.api import rights_examples as examples
from benefits.api.rights_shapes import (
    EntitlementEntryShape,
    ReverseRequest,
    UseRequest,
    VerifiedShape,
    VerifyRequest,
)
from benefits.selectors.entitlements import entitlements_of, usable_rights
from benefits.selectors.places import Spot
from benefits.selectors.usages import usage_at_units
from benefits.services.usages import restore_usage, use_right
from common import clock
from common.errors import NotFound
from members.api.codes import CodeDoor
from members.models import Member, MemberStatus
from members.rules.masking import masked_name
from members.selectors.aliases import survivor_of
from members.services.looking import look_as_unit
from members.services.member_codes import ShownCode, proven_code
from points.api.till import TillView
from units.api.auth import ScopeMissing
from units.models import Venue

TRUSTED = "entitlements:trusted"


class _RightsDoor(CodeDoor, TillView):
    required_scope = "entitlements:use"

    def who(self, asked: dict[str, Any]) -> tuple[Member, ShownCode | None]:
        """Whoever shows the code, or whom a trusted partner names.

        :raises MemberCodeWrong, MemberCodeExpired, TooManyWrongCodes: by the code
        :raises NotFound: there is no such member
        """
        if "code" not in asked:
            named = self.payer(asked["member"])
            return Member.objects.get(pk=survivor_of(named.pk)), None
        at = clock.now()
        shown = proven_code(
            code=asked["code"],
            caller=self.caller(),
            at=at,
            rights=lambda member_id: [one.id for one in entitlements_of(member_id=member_id, at=at)],
        )
        return Member.objects.get(pk=shown.member_id), shown

    def spot(self, asked: dict[str, Any]) -> Spot:
        """Where it is used.

        :raises NotFound: the unit has no such venue or outlet
        """
        venue = None
        if "venue" in asked:
            venue = Venue.objects.filter(unit=self.unit, code=asked["venue"]).first()
            if venue is None:
                raise NotFound(field="venue")
        return Spot(self.unit, venue, self.outlet)


class EntitlementsVerify(_RightsDoor):
    """What may be used here."""

    @extend_schema(
        operation_id="verify_entitlements",
        tags=["entitlements"],
        request=VerifyRequest,
        responses=VerifiedShape,
        examples=[examples.VERIFY, examples.VERIFIED],
    )
    def post(self, _request: Request) -> Response:
        """What the member may use at this unit and outlet now, what ends soonest first. Uses nothing up.

        A suspended member has nothing. A unit that does not know them sees their name only under their
        consent. Refusals: `member_code_wrong`; `member_code_expired`;
        `too_many_wrong_codes`; 404 names its `field`.
        """
        asked = self.read(VerifyRequest)
        spot = self.spot(asked)
        member, _code = self.who(asked)
        usable = (
            usable_rights(
                member_ids=[member.pk],
                kind=asked.get("kind"),
                unit=spot.unit,
                venue=spot.venue,
                outlet=spot.outlet,
                at=clock.now(),
            )
            if member.status == MemberStatus.ACTIVE
            else []
        )
        seen = look_as_unit(
            member_id=member.pk, unit=spot.unit, fields=["name"], by=self.actor, at=clock.now()
        )
        told = {
            "id": member.pk,
            "number": member.number,
            "name": None if seen is None else masked_name(seen.values.get("name", "")),
            "entitlements": usable,
        }
        return Response(VerifiedShape(told, context={"member_id": member.pk}).data)


class EntitlementUse(_RightsDoor):
    """Using one."""

    idempotent = True

    @extend_schema(
        operation_id="use_entitlement",
        tags=["entitlements"],
        request=UseRequest,
        responses={201: EntitlementEntryShape, 200: EntitlementEntryShape},
        examples=[examples.USE, examples.USED],
    )
    def post(self, _request: Request, id: UUID) -> Response:  # noqa: A002 -- the route's word
        """Use `amount` of an entitlement. Needs an Idempotency-Key header, and the member's code.

        Without a code only a key that may (`entitlements:trusted`). One code, one usage, in the whole group.
        200 instead of 201: this `source_ref` used the same before. Refusals: `entitlement_exhausted` with
        what is `left`; `benefit_not_honoured_here`; `benefit_not_honoured_now`; `member_code_used`;
        `member_code_mismatch`; `member_code_wrong`; `member_code_expired`; `too_many_wrong_codes`;
        `amount_out_of_range`; `reference_reused`; `member_not_active`; 404 `entitlement_not_found`.
        """
        asked = self.read(UseRequest)
        if "code" not in asked and TRUSTED not in self.partner.key.scopes:
            raise ScopeMissing(scope=TRUSTED)
        spot = self.spot(asked)
        member, code = self.who(asked)
        taken = use_right(
            right_id=id,
            member_id=member.pk,
            amount=asked["amount"],
            spot=spot,
            source_ref=asked["source_ref"],
            by=self.till(),
            at=clock.now(),
            code=code,
        )
        return Response(EntitlementEntryShape(taken.entry).data, status=200 if taken.is_replay else 201)


class EntitlementReverse(TillView):
    """Giving back what was used."""

    required_scope = "entitlements:use"
    idempotent = True

    @extend_schema(
        operation_id="reverse_entitlement",
        tags=["entitlements"],
        request=ReverseRequest,
        responses={201: EntitlementEntryShape, 200: EntitlementEntryShape},
        examples=[examples.REVERSE, examples.REVERSED],
    )
    def post(self, _request: Request, id: UUID) -> Response:  # noqa: A002 -- the route's word
        """Give back a usage at one of this key's units, or `amount` of it. Needs an Idempotency-Key header.

        It goes back to the period it was taken from. 200 instead of 201: this `source_ref` gave back the
        same before. Refusals: `reversal_exceeds_original`; `reference_reused`; 404 `not_reversible`.
        """
        asked = self.read(ReverseRequest)
        usage = usage_at_units(
            usage_id=asked["usage"], right_id=id, unit_ids=[unit.pk for unit in self.places()]
        )
        back = restore_usage(
            usage_id=usage.pk,
            amount=asked.get("amount"),
            source_ref=asked["source_ref"],
            by=self.till(),
            at=clock.now(),
        )
        return Response(EntitlementEntryShape(back.entry).data, status=200 if back.is_replay else 201)
