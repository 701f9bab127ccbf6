"""The member surface's doors to points: wallets, lots, statement, rates. A member sees their own."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from members.api.auth import MemberView
from points.api import examples
from points.api.filters import StatementFilter
from points.api.serializers import LotShape, PostingShape, RateShape, WalletShape
from points.api.statement_csv import CsvRenderer, statement_csv
from points.models import ExchangeRate, Lot, Posting, Wallet
from points.selectors.balances import wallets_with_sums
from points.selectors.lots import SPENDING_ORDER, lots_of_wallet
from points.selectors.rates import BY_PROGRAMS, rates_in_force
from points.selectors.statements import NEWEST_FIRST, statement


class MyWallets(MemberView, ListAPIView[Wallet]):
    """What I have."""

    ordering = ("program__code", "id")
    serializer_class = WalletShape
    filter_backends = ()
    queryset = Wallet.objects.none()

    @extend_schema(operation_id="my_wallets", tags=["points"], examples=[examples.WALLET])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """My wallets by program: on the books, available, pending, debt, expiring within 30 days."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Wallet]:
        return wallets_with_sums(member_id=self.member.pk, at=clock.now())


class MyLots(MemberView, ListAPIView[Lot]):
    """What one of my wallets is made of."""

    ordering = SPENDING_ORDER
    serializer_class = LotShape
    filter_backends = ()
    queryset = Lot.objects.none()

    @extend_schema(operation_id="my_lots", tags=["points"], examples=[examples.LOT])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The open lots of my wallet in `program`, first to be spent first. No wallet: an empty list.

        404 if there is no such program.
        """
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Lot]:
        return lots_of_wallet(
            member_id=self.member.pk, program_code=str(self.kwargs["program"]), at=clock.now()
        )


class MyPostings(MemberView, ListAPIView[Posting]):
    """What happened to my points."""

    ordering = NEWEST_FIRST
    serializer_class = PostingShape
    filterset_class = StatementFilter
    renderer_classes = (JSONRenderer, CsvRenderer)
    queryset = Posting.objects.none()

    @extend_schema(
        operation_id="my_postings",
        tags=["points"],
        examples=[examples.POSTING],
        responses={
            (200, "application/json"): PostingShape(many=True),
            (200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, description="At most 50,000 postings."),
        },
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """My statement, newest first. With `Accept: text/csv`, all of the period in one file.

        The file has a line for each wallet that a posting moved, points signed; more than 50,000 postings
        are refused (422 `statement_too_long`): ask for a shorter period.
        """
        if getattr(request.accepted_renderer, "format", "") == "csv":
            return statement_csv(self.filter_queryset(self.get_queryset()))
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Posting]:
        return statement(member_id=self.member.pk)


class ExchangeRates(MemberView, ListAPIView[ExchangeRate]):
    """What points of one program are worth in another."""

    ordering = BY_PROGRAMS
    serializer_class = RateShape
    filter_backends = ()
    queryset = ExchangeRate.objects.none()

    @extend_schema(operation_id="exchange_rates", tags=["points"], examples=[examples.RATE])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The rates in force now: `denominator` points of one program = `numerator` of the other."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[ExchangeRate]:
        return rates_in_force(at=clock.now())
