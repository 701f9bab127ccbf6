"""All open lots of a member, program by program, in the order in which they will be spent."""

from uuid import UUID

from django.db.models import QuerySet

from points.models import Lot


def open_lots(*, member_id: UUID) -> QuerySet[Lot]:
    """First to be spent first within each program: soonest expiry (never last), then age."""
    return (
        Lot.objects.filter(wallet__member_id=member_id, is_open=True)
        .select_related("program", "issuer")
        .order_by("program__code", "expires_at", "earned_at", "id")
    )
