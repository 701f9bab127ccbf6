"""Who looked at a member's personal data: a row a look, which the member sees."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from members.models.encrypted_field import EncryptedTextField
from members.models.member import Member
from units.models import BusinessUnit


class AccessKind(models.TextChoices):
    """How somebody came to see it."""

    READ = "read", _("Read by a system of another unit")
    REVEAL = "reveal", _("Shown in full to a member of staff")
    EXPORT = "export", _("Exported at the member's own wish")


class DataAccess(models.Model):
    """Append-only (members/sql/consent_v1.sql). It says which fields were seen, never what stood in them."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="accesses", verbose_name=_("member")
    )
    unit = models.ForeignKey(
        BusinessUnit,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        verbose_name=_("business unit"),
        help_text=_("Empty: head office, or the member."),
    )
    kind = models.CharField(_("kind"), max_length=8, choices=AccessKind.choices)
    fields = ArrayField(models.CharField(max_length=20), verbose_name=_("fields"))
    basis = models.CharField(_("on what ground"), max_length=40)
    # An operator's own words about somebody: they end with the member's key.
    reason = EncryptedTextField(_("reason"), owner="member_id", blank=True, default="")
    by = models.CharField(_("by"), max_length=80)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("look at personal data")
        verbose_name_plural = _("looks at personal data")
        permissions = [("reveal_member", "Can see personal data in full, with a reason")]
        indexes = [
            models.Index(fields=["member", "-at", "-id"], name="access_of_member"),
            models.Index(
                fields=["by", "at"], condition=models.Q(kind="reveal"), name="reveals_of_an_operator"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=AccessKind.values), name="data_access_kind_is_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(by="") & ~models.Q(basis=""), name="data_access_says_who"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.member_id}"
