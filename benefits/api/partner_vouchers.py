"""The partner surface's doors to vouchers: verify a code, lock, use, let go, give back.

A code is told in one body, that of `verify`; from there on the voucher's id names it, so that no code stands
in an address that somebody logs (ADR 0016).
"""

from datetime import timedelta
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from benefits.api import shop_examples as examples
from benefits.api.shop_shapes import VerifiedVoucher, VoucherUseShape
from benefits.api.shop_told import use_told, verified_told
from benefits.refusals import VoucherNotHonouredHere
from benefits.rules.voucher_worth import worth
from benefits.selectors.vouchers import is_honoured_by, terms_of, voucher_for_till
from benefits.services.voucher_guessing import Guesser, find_voucher
from benefits.services.vouchers import lock_voucher, release_voucher, restore_voucher, use_voucher
from common import clock
from common.input import MoneyField, RefField
from points.api.till import TillView
from units.api.auth import PartnerRequest


@extend_schema_serializer(component_name="VoucherToVerify")
class VerifyRequest(PartnerRequest):
    """A code as it was scanned or typed, and the sale where it is known."""

    code = RefField(max_length=40)
    sale = MoneyField(required=False, help_text=_("To be paid before this voucher."))


@extend_schema_serializer(component_name="VoucherToUse")
class UseRequest(PartnerRequest):
    """The sale that uses the voucher."""

    source_ref = RefField(help_text=_("The receipt, unique in the unit: it uses a voucher once."))
    sale = MoneyField(required=False, help_text=_("To be paid before this voucher."))


class LockRequest(PartnerRequest):
    """The sale that is in progress."""

    source_ref = RefField()
    seconds = serializers.IntegerField(min_value=10, max_value=3_600, default=900)


class SaleRequest(PartnerRequest):
    """The sale that had the voucher."""

    source_ref = RefField()


class VoucherVerify(TillView):
    """What a code is worth here."""

    required_scope = "vouchers:use"

    @extend_schema(
        operation_id="voucher_verify",
        tags=["vouchers"],
        request=VerifyRequest,
        responses=VerifiedVoucher,
        examples=[examples.VERIFY_ASKED, examples.VERIFIED],
    )
    def post(self, request: Request) -> Response:  # noqa: ARG002 -- DRF's signature
        """Look a voucher up by its code; nothing is used. `status` says whether it can be, `id` names it.

        Refusals: `voucher_code_malformed` (a mistyped letter); `too_many_guesses` (429; unknown codes are
        counted by key and outlet); `voucher_not_honoured_here`; 404 `voucher_not_found`.
        """
        asked = self.read(VerifyRequest)
        unit, at = self.unit, clock.now()
        place = "" if self.outlet is None else f"{unit.code}/{self.outlet.code}"
        voucher = find_voucher(typed=asked["code"], guesser=Guesser(self.actor, place), at=at)
        if not is_honoured_by(voucher, unit):
            raise VoucherNotHonouredHere
        sale = asked.get("sale")
        found = (
            worth(terms_of(voucher.batch), sale=sale.amount, currency=sale.currency)
            if sale is not None
            else None
        )
        return Response(verified_told(voucher, found, at))


class VoucherUsing(TillView):
    """Using a voucher."""

    required_scope = "vouchers:use"
    idempotent = True

    @extend_schema(
        operation_id="voucher_use",
        tags=["vouchers"],
        request=UseRequest,
        responses={201: VoucherUseShape, 200: VoucherUseShape},
        examples=[examples.USE_ASKED, examples.USED],
    )
    def post(self, request: Request, id: UUID) -> Response:  # noqa: ARG002, A002 -- DRF's signature
        """Use a voucher for a sale, once. Needs an Idempotency-Key header.

        200 instead of 201: this sale used it before. Refusals: `voucher_used`; `voucher_locked`;
        `voucher_expired`; `voucher_not_yet_valid`; `voucher_void`; `voucher_worth_nothing` with `why`;
        `receipt_vouchers_reached`; `reference_reused`; `voucher_not_honoured_here`; 404 `voucher_not_found`.
        """
        asked = self.read(UseRequest)
        done = use_voucher(
            voucher_id=id,
            unit=self.unit,
            source_ref=asked["source_ref"],
            sale=asked.get("sale"),
            outlet=self.outlet,
            by=self.till(),
            at=clock.now(),
        )
        return Response(use_told(done), status=200 if done.is_replay else 201)


class VoucherLock(TillView):
    """Keeping a voucher for a sale in progress."""

    required_scope = "vouchers:use"
    idempotent = True

    @extend_schema(
        operation_id="voucher_lock",
        tags=["vouchers"],
        request=LockRequest,
        responses=VerifiedVoucher,
        examples=[examples.LOCK_ASKED, examples.LOCKED],
    )
    def post(self, request: Request, id: UUID) -> Response:  # noqa: ARG002, A002 -- DRF's signature
        """Keep a voucher for a sale for `seconds`; nobody else uses it. Needs an Idempotency-Key header.

        Refusals: as for `use`.
        """
        asked, at = self.read(LockRequest), clock.now()
        lock_voucher(
            voucher_id=id,
            unit=self.unit,
            source_ref=asked["source_ref"],
            life=timedelta(seconds=asked["seconds"]),
            outlet=self.outlet,
            by=self.till(),
            at=at,
        )
        return Response(verified_told(voucher_for_till(id), None, at))


class VoucherRelease(TillView):
    """Letting go of a voucher."""

    required_scope = "vouchers:use"
    idempotent = True

    @extend_schema(
        operation_id="voucher_release",
        tags=["vouchers"],
        request=SaleRequest,
        responses=VerifiedVoucher,
        examples=[examples.SALE_ASKED, examples.VERIFIED],
    )
    def post(self, request: Request, id: UUID) -> Response:  # noqa: ARG002, A002 -- DRF's signature
        """Let go of what the sale kept. Twice is as once. Needs an Idempotency-Key header.

        Refusals: `voucher_not_locked` (another sale has it); `voucher_used`; 404 `voucher_not_found`.
        """
        asked, at = self.read(SaleRequest), clock.now()
        release_voucher(voucher_id=id, unit=self.unit, source_ref=asked["source_ref"], by=self.till(), at=at)
        return Response(verified_told(voucher_for_till(id), None, at))


class VoucherReverse(TillView):
    """Giving a voucher back when its sale is refunded."""

    required_scope = "vouchers:use"
    idempotent = True

    @extend_schema(
        operation_id="voucher_reverse",
        tags=["vouchers"],
        request=SaleRequest,
        responses={201: VoucherUseShape, 200: VoucherUseShape},
        examples=[examples.SALE_ASKED, examples.GIVEN_BACK],
    )
    def post(self, request: Request, id: UUID) -> Response:  # noqa: ARG002, A002 -- DRF's signature
        """Give back what a refunded sale used. Needs an Idempotency-Key header.

        A voucher that has expired meanwhile lives on for its days of grace, once. 200 instead of 201: it was
        given back before. Refusals: `voucher_not_used` (this sale did not use it); 404 `voucher_not_found`.
        """
        asked = self.read(SaleRequest)
        done = restore_voucher(
            voucher_id=id,
            unit=self.unit,
            source_ref=asked["source_ref"],
            by=self.till(),
            at=clock.now(),
        )
        return Response(use_told(done), status=200 if done.is_replay else 201)
