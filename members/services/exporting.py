"""A member asks for a copy of everything that is known about them."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError
from members.models import DataExport, Member
from members.services.looking import record_export

LIFETIME: Final = timedelta(days=3)
A_DAY_MAX: Final = 5


class TooManyExports(DomainError):
    """Five a day are enough. Facts: `most`."""

    code = "too_many_exports"
    status = 429
    title = _("You have asked for a copy often enough today.")


@transaction.atomic
def ask_export(*, member_id: UUID, by: str, at: datetime) -> DataExport:
    """Let the member fetch a copy for three days. It shows in their access log, whoever asked.

    :raises TooManyExports: five within 24 hours
    """
    Member.objects.select_for_update(no_key=True).get(pk=member_id)
    recent = DataExport.objects.filter(member_id=member_id, asked_at__gt=at - timedelta(days=1))
    if recent.count() >= A_DAY_MAX:
        raise TooManyExports(most=A_DAY_MAX)
    record_export(member_id=member_id, by=by, at=at)
    return DataExport.objects.create(member_id=member_id, asked_by=by, asked_at=at, expires_at=at + LIFETIME)


def forget_exports(*, at: datetime) -> int:
    """Throw away the wishes whose time is over. How many."""
    gone, _by_model = DataExport.objects.filter(expires_at__lte=at).delete()
    return gone
