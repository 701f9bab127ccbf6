"""The lots of a wallet in the order in which they will be spent, each with where it came from and went."""

from datetime import datetime
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Count,
    F,
    Func,
    OuterRef,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, JSONObject

from common.errors import NotFound
from points.models import Draw, Lot, Program

SPENDING_ORDER = ("expiry_order", "earned_at", "id")


def lots_of_wallet(*, member_id: UUID, program_code: str, at: datetime) -> QuerySet[Lot]:
    """The open lots of the member in one program, first to be spent first (`SPENDING_ORDER`).

    Each row carries its issuer, program and posting, `state` at `at` (available, pending, expired: past its
    instant, the sweep has yet to book it) and `drawn`: points and postings that took from it, by their kind.
    A member without a wallet in the program has no lots.

    :raises NotFound: there is no such program
    """
    program = Program.objects.filter(code=program_code).values_list("pk", flat=True).first()
    if program is None:
        raise NotFound
    return with_draws(
        Lot.objects.filter(wallet__member_id=member_id, wallet__program_id=program, is_open=True)
        .select_related("issuer", "program", "posting__unit")
        .annotate(
            # `infinity` cannot stand in a page's cursor: never is the last microsecond of a bigint.
            expiry_order=Func(
                F("expires_at"),
                template=(
                    "CASE WHEN isfinite(%(expressions)s)"
                    " THEN (extract(epoch FROM %(expressions)s) * 1000000)::bigint"
                    " ELSE 9223372036854775807 END"
                ),
                output_field=BigIntegerField(),
            ),
            state=Case(
                When(expires_at__lte=at, then=Value("expired")),
                When(available_at__gt=at, then=Value("pending")),
                default=Value("available"),
                output_field=CharField(),
            ),
        )
    ).order_by(*SPENDING_ORDER)


def with_draws(lots: QuerySet[Lot]) -> QuerySet[Lot]:
    """Each lot with `drawn`: `[{"kind": "redemption", "points": 300, "postings": 2}]`; negative: put back."""
    by_kind = (
        Draw.objects.filter(lot=OuterRef("pk"))
        .order_by("posting__kind")
        .values("posting__kind")
        .annotate(
            drawn=JSONObject(
                kind="posting__kind",
                points=Cast(Sum("points"), BigIntegerField()),
                postings=Count("posting", distinct=True),
            )
        )
        .values("drawn")
    )
    return lots.annotate(drawn=ArraySubquery(by_kind))
