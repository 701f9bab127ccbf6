"""Who was erased: their key is destroyed, and nothing personal about them can be read or written."""

from collections.abc import Collection
from uuid import UUID

from members.models import MemberKey


def is_any_erased(member_ids: Collection[UUID]) -> bool:
    """Whether one of these was erased at their own wish."""
    return MemberKey.objects.filter(member_id__in=member_ids, destroyed_at__isnull=False).exists()
