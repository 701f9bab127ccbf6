"""A member's data key: what their personal fields are closed with."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class MemberKey(models.Model):
    """Wrapped by the key ring; one byte where it was destroyed, for good (members/sql/member_key_v1.sql).

    No foreign key: it is made a moment before its member's row, and backed up apart (docs/privacy.md).
    """

    member_id = models.UUIDField(primary_key=True, editable=False)
    wrapped = models.BinaryField(_("wrapped key"))
    made_at = models.DateTimeField(_("made"))
    destroyed_at = models.DateTimeField(_("destroyed"), null=True)

    class Meta:
        verbose_name = _("data key of a member")
        verbose_name_plural = _("data keys of members")
        constraints = [
            models.CheckConstraint(
                condition=Q(destroyed_at__isnull=True) | Q(wrapped=b"\x10"),
                name="a_destroyed_key_is_gone",
            ),
        ]

    def __str__(self) -> str:
        return f"key of {self.member_id}"
