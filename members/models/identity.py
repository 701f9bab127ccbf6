"""An identity: a thing that identifies a member, such as a phone."""

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.utils.translation import gettext_lazy as _

from members.models.encrypted_field import EncryptedTextField
from members.models.member import Member


class IdentityKind(models.TextChoices):
    """What can identify a member across units (a legacy card identifies within its unit: see Enrolment)."""

    PHONE = "phone", _("Phone")
    EMAIL = "email", _("E-mail")
    WECHAT = "wechat", _("WeChat")
    PLATE = "plate", _("Licence plate")


class Identity(models.Model):
    """Found by a keyed blind index, read by decryption; of one member while active."""

    id = models.BigAutoField(primary_key=True)
    # What addresses name it by: the row's number would tell how many identities there are.
    key = models.UUIDField(db_default=RandomUUID(), editable=False)
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="identities", verbose_name=_("member")
    )
    kind = models.CharField(_("kind"), max_length=8, choices=IdentityKind.choices)
    value = EncryptedTextField(_("value"), owner="member_id")
    blind_index = models.BinaryField(max_length=32, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    # A word of members/rules/proof.py, or the channel that told it.
    proof = models.CharField(_("how it was proven"), max_length=20)
    proven_at = models.DateTimeField(_("proven"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "blind_index"],
                condition=models.Q(is_active=True),
                name="identity_unique_while_active",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=IdentityKind.values), name="identity_kind_is_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(is_active=True, ended_at__isnull=False),
                name="an_active_identity_has_not_ended",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.member_id}"
