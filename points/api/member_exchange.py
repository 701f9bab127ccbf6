"""The member surface's doors to the exchange: what points would give in another program, and turning them."""

from fractions import Fraction
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as text
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from common.input import InstantField, PointsField, RefField, StrictSerializer
from members.api.auth import MemberView
from points.api import examples
from points.models import PostingKind
from points.selectors.persons import reference_of
from points.selectors.programs import program_among, programs_by_code
from points.services.exchange import exchange_points, quote_exchange

QUOTE_CHARACTERS_MAX = 1_024


@extend_schema_serializer(component_name="ExchangeQuote")
class ExchangeQuoteRequest(StrictSerializer):
    """Points of `source` to turn into points of `target`."""

    source = RefField(  # type: ignore[assignment]  # the message's field, not the base's attribute
        max_length=24, help_text=text("The program of the points to give.")
    )
    target = RefField(max_length=24, help_text=text("The program of the points to get."))
    points = PointsField(help_text=text("Of the source."))


@extend_schema_serializer(component_name="Exchange")
class ExchangeRequest(ExchangeQuoteRequest):
    """Turn them now: at the rate in force, or exactly as `quote` showed."""

    quote = RefField(max_length=QUOTE_CHARACTERS_MAX, required=False)


class RateTerms(serializers.Serializer[Any]):
    """`denominator` points of the source are worth `numerator` points of the target."""

    numerator = serializers.IntegerField()
    denominator = serializers.IntegerField()


class DustShape(serializers.Serializer[Any]):
    """The part of a target point that rounding down leaves behind, in lowest terms, and in words."""

    numerator = serializers.IntegerField(help_text=text("Zero: nothing is left behind."))
    denominator = serializers.IntegerField()
    words = serializers.CharField()


class ExchangeQuoteShape(serializers.Serializer[Any]):
    """What the points would give. `quote` goes into the exchange, which then gives exactly this."""

    quote = serializers.CharField()
    expires_at = InstantField()
    source = serializers.CharField()  # type: ignore[assignment]  # as in the request
    target = serializers.CharField()
    points = PointsField()
    given = PointsField(help_text=text("Points of the target."))
    rate = RateTerms()
    dust = DustShape()


class ExchangeReceipt(serializers.Serializer[Any]):
    """Points that were turned into another program's."""

    id = serializers.UUIDField()
    posting = serializers.UUIDField(help_text=text("Its line of the statement."))
    unit = serializers.CharField(help_text=text("The business unit whose books show it."))
    source_ref = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # as in the request
    target = serializers.CharField()
    points = PointsField()
    given = PointsField(help_text=text("Points of the target."))
    rate = RateTerms()
    dust = DustShape()
    occurred_at = InstantField()


class ExchangeQuotes(MemberView):
    """What my points would give in another program."""

    @extend_schema(
        operation_id="exchange_quote",
        tags=["points"],
        request=ExchangeQuoteRequest,
        responses={201: ExchangeQuoteShape},
        examples=[examples.EXCHANGE_QUOTE_ASKED, examples.EXCHANGE_QUOTE],
    )
    def post(self, request: Request) -> Response:  # noqa: ARG002 -- DRF's signature
        """Show what an exchange of my points would give. Stores nothing; lives 60 seconds.

        Refusals: `no_exchange_rate`; `exchange_too_small`; `insufficient_points` with what is `short`;
        `points_out_of_range`; `member_not_active`; `unit_not_active`; `program_not_active`; 404 for an
        unknown program. The day's limit is looked at when the points are exchanged.
        """
        asked = self.read(ExchangeQuoteRequest)
        quote = quote_exchange(member=self.member, at=clock.now(), **_with_programs(asked))
        told = {
            "quote": quote.token,
            "expires_at": quote.expires_at,
            "source": quote.source.code,
            "target": quote.target.code,
            "points": quote.points,
            "given": quote.given,
            "rate": {"numerator": quote.numerator, "denominator": quote.denominator},
            "dust": dust_told(quote.dust, quote.denominator),
        }
        return Response(ExchangeQuoteShape(told).data, status=201)


class Exchanges(MemberView):
    """Turning my points into another program's."""

    idempotent = True

    @extend_schema(
        operation_id="exchange",
        tags=["points"],
        request=ExchangeRequest,
        responses={201: ExchangeReceipt, 200: ExchangeReceipt},
        examples=[examples.EXCHANGE_ASKED, examples.EXCHANGED],
    )
    def post(self, request: Request) -> Response:
        """Turn my points into another program's, at the rate in force. Needs an Idempotency-Key header.

        The key names the exchange for ever: 200 instead of 201 says that it was posted before, however long
        ago. Refusals: `quote_changed` with what is `given` now; `quote_expired`; `exchange_cap_reached` with
        what is `left` today; `no_exchange_rate`; `exchange_too_small`; `insufficient_points` with what is
        `short`; `points_out_of_range`; `reference_reused` (the key named another exchange);
        `member_not_active`; `unit_not_active`; `program_not_active`; 404 for an unknown program.
        """
        asked = self.read(ExchangeRequest)
        quote = asked.pop("quote", None)
        swap = _with_programs(asked)
        done = exchange_points(
            member=self.member,
            source_ref=_reference(self.member.pk, request.headers["Idempotency-Key"]),
            by=self.actor,
            at=clock.now(),
            quote_token=quote,
            **swap,
        )
        posting = done.posting
        assert posting.detail is not None, "an exchange keeps its rate"
        rate = {name: posting.detail[name] for name in ("numerator", "denominator")}
        told = {
            "id": posting.pk,
            "posting": posting.pk,
            "unit": posting.unit.code,
            "source_ref": posting.source_ref,
            "source": swap["source"].code,
            "target": swap["target"].code,
            "points": posting.points,
            "given": done.given,
            "rate": rate,
            "dust": dust_told(posting.detail["dust"], rate["denominator"]),
            "occurred_at": posting.occurred_at,
        }
        return Response(ExchangeReceipt(told).data, status=200 if done.is_replay else 201)


def dust_told(dust: int, denominator: int) -> dict[str, Any]:
    """`dust`/`denominator` of a target point as a person reads it: in lowest terms, with a sentence."""
    lost = Fraction(dust, denominator)
    words = (
        _("Points are whole: rounding down leaves %(lost)s of a point behind.") % {"lost": lost}
        if lost
        else _("Nothing is lost to rounding.")
    )
    return {"numerator": lost.numerator, "denominator": lost.denominator, "words": words}


def _with_programs(asked: dict[str, Any]) -> dict[str, Any]:
    programs = programs_by_code()
    return asked | {name: program_among(programs, asked[name], field=name) for name in ("source", "target")}


def _reference(member_id: UUID, key: str) -> str:
    """Unique in the unit, whoever else chose the same key; at most 174 of its 200 characters."""
    return reference_of(
        kind=PostingKind.EXCHANGE, member_id=member_id, named=lambda one: f"exchange:{one}:{key}"
    )
