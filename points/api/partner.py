"""The partner surface's doors to points: what a price would take, paying it, looking it up."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from common.errors import DomainError, NotFound
from members.models import Member
from members.selectors.members import member_by_card, member_by_number, member_by_phone
from points.api import examples
from points.api.partner_messages import QuoteRequest, QuoteShape, Receipt, RedemptionRequest
from points.api.serializers import shares_told
from points.models import Posting
from points.rules.shares import Share
from points.selectors.programs import program_among, programs_by_code
from points.selectors.redemptions import program_codes, redemption_at_units
from points.services.redemption import quote_redemption, redeem_points
from units.api.auth import PartnerView
from units.models import BusinessUnit


class HoldsNotOffered(DomainError):
    """`capture: false` asks to reserve the points and take them later; points are taken at once so far."""

    code = "holds_not_offered"
    status = 422
    title = _("Points cannot be held yet: send capture: true to spend them at once.")


class _TillView(PartnerView):
    """A door that a till comes in by."""

    def till(self) -> str:
        """Who acts, and at which outlet where it says so: `partner:<prefix>@<outlet>`.

        :raises NotFound: the unit has no such outlet
        """
        return self.actor if self.outlet is None else f"{self.actor}@{self.outlet.code}"


class RedemptionQuotes(_TillView):
    """What a price would take from each wallet."""

    required_scope = "points:quote"

    @extend_schema(
        operation_id="redemption_quote",
        tags=["points"],
        request=QuoteRequest,
        responses={201: QuoteShape},
        examples=[examples.QUOTE_ASKED, examples.QUOTE],
    )
    def post(self, request: Request) -> Response:  # noqa: ARG002 -- DRF's signature
        """Show every wallet's share of a price before anything is posted. Stores nothing; lives five minutes.

        Refusals: `insufficient_points`, `member_not_active`, `unit_not_active`, `program_not_active`; 404 for
        an unknown member, program, unit or outlet.
        """
        asked = self.read(QuoteRequest)
        self.till()  # an unknown outlet is refused here, not only when the customer pays
        programs = programs_by_code()
        quote = quote_redemption(
            member=_member(asked["member"], self.unit),
            program=program_among(programs, asked["program"]),
            unit=self.unit,
            price=asked["points"],
            at=clock.now(),
        )
        told = {
            "quote": quote.token,
            "expires_at": quote.expires_at,
            "unit": self.unit.code,
            "program": quote.program.code,
            "points": quote.price,
            "shares": shares_told(quote.shares, {program.pk: code for code, program in programs.items()}),
        }
        return Response(QuoteShape(told).data, status=201)


class Redemptions(_TillView):
    """Paying with points."""

    required_scope = "points:redeem"
    idempotent = True

    @extend_schema(
        operation_id="redemption",
        tags=["points"],
        request=RedemptionRequest,
        responses={201: Receipt, 200: Receipt},
        examples=[examples.REDEMPTION_ASKED, examples.RECEIPT],
    )
    def post(self, request: Request) -> Response:  # noqa: ARG002 -- DRF's signature
        """Pay a price with a member's points at this unit, at once. Needs an Idempotency-Key header.

        200 instead of 201: this `source_ref` was paid before, and here is that receipt. Refusals:
        `insufficient_points`; `quote_changed` with the new `quote`, its `expires_at` and `shares`;
        `quote_expired`; `reference_reused`; `member_not_active`; `unit_not_active`; `program_not_active`;
        `holds_not_offered` for `capture: false`; 404 for an unknown member, program, unit or outlet.
        """
        order = self.read(RedemptionRequest)
        if not order["capture"]:
            raise HoldsNotOffered
        programs = programs_by_code()
        member = _member(order["member"], self.unit)
        redemption = redeem_points(
            member=member,
            program=program_among(programs, order["program"]),
            unit=self.unit,
            price=order["points"],
            source_ref=order["source_ref"],
            by=self.till(),
            at=clock.now(),
            quote_token=order.get("quote"),
        )
        codes = {program.pk: code for code, program in programs.items()}
        receipt = _receipt(redemption.posting, redemption.shares, member, self.unit, codes)
        return Response(receipt, status=200 if redemption.is_replay else 201)


class RedemptionDetail(PartnerView):
    """One redemption."""

    required_scope = "points:redeem"

    @extend_schema(
        operation_id="redemption_by_id", tags=["points"], responses=Receipt, examples=[examples.RECEIPT]
    )
    def get(self, request: Request, id: UUID) -> Response:  # noqa: ARG002, A002 -- DRF's signature
        """A redemption at one of this key's units; any other is 404."""
        record = redemption_at_units(posting_id=id, unit_ids=[unit.pk for unit in self.partner.units])
        posting = record.posting
        codes = program_codes([share.program_id for share in record.shares])
        codes[posting.program_id] = posting.program.code
        return Response(_receipt(posting, record.shares, posting.member, posting.unit, codes))


def _member(ref: Mapping[str, str], unit: BusinessUnit) -> Member:
    """Whom `ref` names; a card is one of `unit`.

    :raises NotFound: nobody
    """
    ((kind, value),) = ref.items()
    try:
        match kind:
            case "id":
                return Member.objects.get(pk=_uuid(value))
            case "number":
                return member_by_number(value)
            case "phone":
                return member_by_phone(value)
            case _:
                return member_by_card(unit=unit, card=value)
    except (NotFound, Member.DoesNotExist) as nobody:
        raise NotFound(str(_("There is no such member.")), field="member") from nobody


def _uuid(text: str) -> UUID:
    try:
        found = UUID(text)
    except ValueError as error:
        raise NotFound from error
    if str(found) != text.lower():
        raise NotFound
    return found


def _receipt(
    posting: Posting, shares: tuple[Share, ...], member: Member, unit: BusinessUnit, codes: dict[int, str]
) -> Any:
    return Receipt(
        {
            "id": posting.pk,
            "status": "captured",
            "unit": unit.code,
            "source_ref": posting.source_ref,
            "member": member,
            "program": codes[posting.program_id],
            "points": posting.points,
            "shares": shares_told(shares, codes),
            "occurred_at": posting.occurred_at,
            "posting": posting.pk,
        }
    ).data
