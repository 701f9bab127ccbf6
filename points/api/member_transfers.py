"""The member surface's door to giving points to somebody of one's household."""

import hashlib
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from common.input import InstantField, PointsField, RefField, StrictSerializer
from members.api.auth import MemberView
from members.rules.masking import masked_name
from members.selectors.households import place_beside
from points.api import examples
from points.models import PostingKind
from points.selectors.persons import reference_of
from points.selectors.programs import program_among, programs_by_code
from points.services.transfer import transfer_points


class TransferRequest(StrictSerializer):
    """Points to give to somebody of my household."""

    to = serializers.UUIDField(
        help_text=_("The `id` of a member of my household, as `me/household` says it.")
    )
    program = RefField(max_length=24, help_text=_("The program of the points."))
    points = PointsField()


class TransferReceipt(serializers.Serializer[Any]):
    """Points that I gave."""

    id = serializers.UUIDField()
    posting = serializers.UUIDField(help_text=_("Its line of the statement."))
    unit = serializers.CharField(help_text=_("The business unit whose books show it."))
    source_ref = serializers.CharField()
    to = serializers.UUIDField()
    to_name = serializers.CharField(help_text=_("Masked."))
    program = serializers.CharField()
    points = PointsField()
    occurred_at = InstantField()


class Transfers(MemberView):
    """Giving my points to somebody of my household."""

    idempotent = True

    @extend_schema(
        operation_id="transfer",
        tags=["points"],
        request=TransferRequest,
        responses={201: TransferReceipt, 200: TransferReceipt},
        examples=[examples.TRANSFER_ASKED, examples.TRANSFERRED],
    )
    def post(self, request: Request) -> Response:
        """Give points to somebody of my household. Needs an Idempotency-Key header.

        The points that would be spent first go, and keep their expiry. The key names the transfer for ever:
        200 instead of 201 says that it was posted before, however long ago.

        Refusals: `transfer_cap_reached` with what is `left` today or this month; `insufficient_points` with
        what is `short`; `same_member`; `not_one_household`; `points_out_of_range`; `reference_reused` (the
        key named another transfer); `member_not_active`; `unit_not_active`; `program_not_active`; 404 for an
        unknown program and for whoever is not of my household.
        """
        asked = self.read(TransferRequest)
        program = program_among(programs_by_code(), asked["program"], field="program")
        place = place_beside(member_id=self.member.pk, place_id=asked["to"])
        done = transfer_points(
            giver=self.member,
            recipient=place.member,
            program=program,
            points=asked["points"],
            source_ref=_reference(self.member.pk, self.actor, request.headers["Idempotency-Key"]),
            by=self.actor,
            at=clock.now(),
        )
        posting = done.posting
        told = {
            "id": posting.pk,
            "posting": posting.pk,
            "unit": posting.unit.code,
            "source_ref": posting.source_ref,
            "to": place.pk,
            "to_name": masked_name(place.member.name),
            "program": program.code,
            "points": posting.points,
            "occurred_at": posting.occurred_at,
        }
        return Response(TransferReceipt(told).data, status=200 if done.is_replay else 201)


def _reference(giver_id: UUID, actor: str, key: str) -> str:
    """One a giver and key. It stands in the recipient's statement too, so it says nothing of either."""

    def named(one: UUID) -> str:
        asked = f"{actor.replace(str(giver_id), str(one))}:{key}"
        return f"transfer:{hashlib.sha256(asked.encode()).hexdigest()[:32]}"

    return reference_of(kind=PostingKind.TRANSFER, member_id=giver_id, named=named)
