"""Copies of everything that a member asked for."""

from datetime import datetime
from uuid import UUID

from common.errors import NotFound
from members.models import DataExport


def export_of(*, member_id: UUID, export_id: UUID, at: datetime) -> DataExport:
    """The member's own wish for a copy, while it is good.

    :raises NotFound: there is none, it is another's, or its time is over
    """
    export = DataExport.objects.filter(pk=export_id, member_id=member_id, expires_at__gt=at).first()
    if export is None:
        raise NotFound
    return export
