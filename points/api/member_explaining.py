"""The member surface's doors to why: what a balance, a lot and a posting of mine are made of."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as text
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from common.api import CursorPages
from common.errors import InvalidRequest
from common.input import InstantField
from members.api.auth import MemberView
from points.api import examples_explaining as examples
from points.api.explaining_shapes import (
    BalanceExplanationShape,
    LotExplanationShape,
    PostingExplanationShape,
)
from points.api.explaining_told import balance_told, lot_told, posting_told, standing_lot_told
from points.selectors.explaining import explain_lot, explain_posting, explain_wallet
from points.selectors.lots import SPENDING_ORDER


class MyWalletExplained(MemberView):
    """Why one of my wallets holds what it holds."""

    ordering = SPENDING_ORDER

    @extend_schema(
        operation_id="my_wallet_explained",
        tags=["points"],
        parameters=[
            OpenApiParameter(
                "as_of", OpenApiTypes.DATETIME, description=text("As the books stood then. Left out: now.")
            ),
            OpenApiParameter("cursor", str, description=text("Of the page of lots.")),
            OpenApiParameter("page_size", int, description=text("Lots a page: 1 to 200, 50 if left out.")),
        ],
        responses=BalanceExplanationShape,
        examples=[examples.BALANCE],
    )
    def get(self, request: Request, program: str) -> Response:
        """My balance in `program`, in sums that end in it, and a page of the lots that it is made of.

        With `as_of`, as the books stood at that past instant. 404 without a wallet in the program; 400
        `invalid_request` for an instant that is none, or is yet to come.
        """
        at = clock.now()
        as_of = _past_instant(request.query_params.get("as_of"), at=at)
        explained = explain_wallet(member_id=self.member.pk, program_code=program, at=at, as_of=as_of)
        pages = CursorPages()
        lots = explained.lots.select_related("issuer", "program", "posting")
        rows = pages.paginate_queryset(lots, request, view=self)
        page = pages.get_paginated_response([standing_lot_told(lot) for lot in rows]).data
        return Response(BalanceExplanationShape(balance_told(explained, page)).data)


class MyLotExplained(MemberView):
    """The life of one of my lots."""

    @extend_schema(
        operation_id="my_lot_explained",
        tags=["points"],
        responses=LotExplanationShape,
        examples=[examples.LOT],
    )
    def get(self, request: Request, program: str, id: UUID) -> Response:  # noqa: ARG002, A002 -- DRF's signature
        """How a lot of mine was earned, what was drawn and put back, why it dies when it does.

        Of points that came from another member it says no more than who issued them, and when they were
        earned. 404 for any lot that is not mine, or not of `program`.
        """
        member_id = self.member.pk
        explained = explain_lot(lot_id=id, at=clock.now(), viewer=member_id, program_code=program)
        return Response(LotExplanationShape(lot_told(explained, viewer=member_id)).data)


class MyPostingExplained(MemberView):
    """One line of my statement, taken apart."""

    @extend_schema(
        operation_id="my_posting_explained",
        tags=["points"],
        responses=PostingExplanationShape,
        examples=[examples.POSTING],
    )
    def get(self, request: Request, id: UUID) -> Response:  # noqa: ARG002, A002 -- DRF's signature
        """What a posting did to my wallets: lots it drew on and made, rates, what was reversed of it.

        404 for a posting that moved nothing of mine; of one that another member made, only my side.
        """
        explained = explain_posting(posting_id=id, viewer=self.member.pk)
        return Response(posting_told(explained, viewer=self.member.pk))


class _AsOf(serializers.Serializer[Any]):
    as_of = InstantField()


def _past_instant(told: str | None, *, at: datetime) -> datetime | None:
    """The instant that the address names.

    :raises ValidationError: it is none
    :raises InvalidRequest: it is yet to come
    """
    if told is None:
        return None
    asked = _AsOf(data={"as_of": told})
    asked.is_valid(raise_exception=True)
    instant: datetime = asked.validated_data["as_of"]
    if instant > at:
        raise InvalidRequest(_("This instant is yet to come."), field="as_of")
    return instant
