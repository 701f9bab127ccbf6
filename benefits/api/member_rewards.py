"""The member surface's doors to rewards and vouchers: look, ask the price, order, give up, show a code."""

import hashlib
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from benefits.api import shop_examples as examples
from benefits.api.shop_shapes import (
    OrderQuoteShape,
    OrderShape,
    RewardShape,
    VoucherShape,
    VoucherWithCode,
)
from benefits.api.shop_told import order_told, reward_told, voucher_told, voucher_with_code_told
from benefits.models import Reward, RewardOrder, Voucher
from benefits.selectors.rewards import catalogue, offered_reward, orders_of, shelf_named, standing_of
from benefits.selectors.vouchers import voucher_of, vouchers_of
from benefits.services.reward_orders import cancel_order, place_order, quote_order
from common import clock
from common.input import RefField, StrictSerializer
from members.api.auth import MemberView
from members.selectors.aliases import ids_of
from points.api.partner_messages import QUOTE_CHARACTERS_MAX
from points.api.serializers import shares_told
from points.selectors.programs import programs_by_code


class OrderRequest(StrictSerializer):
    """Pieces of a reward, at an outlet."""

    reward = RefField(max_length=24, help_text=_("Its code."))
    unit = RefField(max_length=24, required=False, help_text=_("The unit of the outlet."))
    outlet = RefField(max_length=40, required=False, help_text=_("Where several have it: its code."))
    pieces = serializers.IntegerField(min_value=1, max_value=99, default=1)


class PlaceRequest(OrderRequest):
    """Order now, exactly as `quote` showed where there is one."""

    quote = RefField(max_length=QUOTE_CHARACTERS_MAX, required=False)


class CancelRequest(StrictSerializer):
    """Nothing needs to be said."""


class Rewards(MemberView, ListAPIView[Reward]):
    """The catalogue."""

    ordering = ("code",)
    serializer_class = RewardShape
    filter_backends = ()
    queryset = Reward.objects.none()

    @extend_schema(operation_id="rewards", tags=["rewards"], examples=[examples.REWARD])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 -- DRF's signature
        """What is offered now, and what is left where. `is_for_me`: whether I may order; `why_not`: why not.

        Names and terms come in the language that `Accept-Language` asks for.
        """
        at = clock.now()
        standing = standing_of(member_ids=ids_of(self.member.pk), at=at)
        page = self.paginate_queryset(catalogue(at=at))
        assert page is not None, "lists come in pages"
        return self.get_paginated_response([reward_told(reward, standing, at) for reward in page])


class RewardOrderQuotes(MemberView):
    """What an order would take."""

    @extend_schema(
        operation_id="reward_order_quote",
        tags=["rewards"],
        request=OrderRequest,
        responses={201: OrderQuoteShape},
        examples=[examples.QUOTE_ASKED, examples.QUOTE],
    )
    def post(self, request: Request) -> Response:  # noqa: ARG002 -- DRF's signature
        """Show every wallet's share before anything is held. Stores nothing; lives five minutes.

        Refusals: those of an order.
        """
        asked = _asked(self.read(OrderRequest))
        quote = quote_order(member=self.member, at=clock.now(), **asked)
        codes = {program.pk: code for code, program in programs_by_code().items()}
        told = {
            "quote": quote.token,
            "expires_at": quote.expires_at,
            "program": quote.program.code,
            "points": quote.price,
            "shares": shares_told(quote.shares, codes),
        }
        return Response(OrderQuoteShape(told).data, status=201)


class MyRewardOrders(MemberView, ListAPIView[RewardOrder]):
    """What I ordered."""

    idempotent = True
    ordering = ("-id",)
    serializer_class = OrderShape
    filter_backends = ()
    queryset = RewardOrder.objects.none()

    @extend_schema(operation_id="my_reward_orders", tags=["rewards"], examples=[examples.ORDER])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 -- DRF's signature
        """My orders, newest first."""
        page = self.paginate_queryset(self.get_queryset())
        assert page is not None, "lists come in pages"
        return self.get_paginated_response([order_told(order) for order in page])

    @extend_schema(
        operation_id="reward_order",
        tags=["rewards"],
        request=PlaceRequest,
        responses={201: OrderShape, 200: OrderShape},
        examples=[examples.ORDER_ASKED, examples.ORDER],
    )
    def post(self, request: Request) -> Response:
        """Order a reward: its points are held and its pieces reserved. Needs an Idempotency-Key header.

        A voucher is there at once (`me/vouchers`). The key names the order for ever: 200 instead of 201 says
        that it was placed before. Refusals: `out_of_stock` with what is `left`; `member_limit_reached`;
        `reward_limit_reached`; `reward_not_available` with `why`; `outlet_needed` with the `outlets`;
        `insufficient_points` with what is `short`; `quote_changed` with the new `quote`; `quote_expired`;
        `member_not_active`; 404 `reward_not_found`.
        """
        told = self.read(PlaceRequest)
        quote = told.pop("quote", None)
        done = place_order(
            member=self.member,
            order_ref=_reference(self.caller(), request.headers["Idempotency-Key"]),
            quote_token=quote,
            by=self.actor,
            at=clock.now(),
            **_asked(told),
        )
        return Response(order_told(done.order), status=200 if done.is_replay else 201)

    def get_queryset(self) -> QuerySet[RewardOrder]:
        return orders_of(member=self.member)


class CancelRewardOrder(MemberView):
    """Giving an order up."""

    idempotent = True

    @extend_schema(
        operation_id="reward_order_cancel",
        tags=["rewards"],
        request=CancelRequest,
        responses=OrderShape,
        examples=[examples.CANCEL_ASKED, examples.CANCELLED],
    )
    def post(self, request: Request, id: UUID) -> Response:  # noqa: ARG002, A002 -- DRF's signature
        """Give up an order that waits: its points can be used again. Needs an Idempotency-Key header.

        Twice is as once. Refusals: `order_ended` with its `state`; 404 `order_not_found`.
        """
        self.read(CancelRequest)
        done = cancel_order(order_id=id, member=self.member, by=self.actor, at=clock.now())
        return Response(order_told(done.order))


class MyVouchers(MemberView, ListAPIView[Voucher]):
    """What I may use."""

    ordering = ("-id",)
    serializer_class = VoucherShape
    filter_backends = ()
    queryset = Voucher.objects.none()

    @extend_schema(operation_id="my_vouchers", tags=["vouchers"], examples=[examples.VOUCHER])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 -- DRF's signature
        """My vouchers, newest first, whatever their state; their codes show one by one only."""
        at = clock.now()
        page = self.paginate_queryset(self.get_queryset())
        assert page is not None, "lists come in pages"
        return self.get_paginated_response([voucher_told(voucher, at) for voucher in page])

    def get_queryset(self) -> QuerySet[Voucher]:
        return vouchers_of(member_ids=ids_of(self.member.pk))


class MyVoucher(MemberView):
    """One voucher, with its code."""

    @extend_schema(
        operation_id="my_voucher",
        tags=["vouchers"],
        responses=VoucherWithCode,
        examples=[examples.VOUCHER_WITH_CODE],
    )
    def get(self, request: Request, id: UUID) -> Response:  # noqa: ARG002, A002 -- DRF's signature
        """My voucher with its code, to be shown at a counter. 404 `voucher_not_found`."""
        voucher = voucher_of(member_ids=ids_of(self.member.pk), voucher_id=id)
        return Response(voucher_with_code_told(voucher, clock.now()))


def _asked(told: dict[str, Any]) -> dict[str, Any]:
    reward = offered_reward(code=told["reward"])
    outlet = shelf_named(reward, unit=told.get("unit"), outlet=told.get("outlet"))
    return {"reward": reward, "outlet": outlet, "quantity": told["pieces"]}


def _reference(caller: str, key: str) -> str:
    """One a caller and key, for ever."""
    return f"order:{hashlib.sha256(f'{caller}:{key}'.encode()).hexdigest()[:32]}"
