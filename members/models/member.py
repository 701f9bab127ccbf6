"""A member: one person, once, in the whole group."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from members.models.encrypted_field import EncryptedTextField


class MemberStatus(models.TextChoices):
    """What a member may do: only an active one earns and spends."""

    ACTIVE = "active", _("Active")
    FROZEN = "frozen", _("Frozen")
    CLOSED = "closed", _("Closed")


class Member(models.Model):
    """The person. The ledger knows only `id`; what identifies a person is encrypted at rest."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(_("member number"), max_length=16, unique=True)
    status = models.CharField(
        _("status"), max_length=8, choices=MemberStatus.choices, default=MemberStatus.ACTIVE
    )
    name = EncryptedTextField(_("name"), owner="id", blank=True, default="")
    birth_date = models.DateField(_("birth date"), null=True, blank=True)
    gender = models.CharField(_("gender"), max_length=8, blank=True, default="")
    address = EncryptedTextField(_("address"), owner="id", blank=True, default="")
    # Data made for a demo says so wherever it shows.
    is_generated = models.BooleanField(_("generated for the demo"), default=False)
    joined_at = models.DateTimeField(_("joined"))
    # After a change of phone, so that a thief cannot empty the wallets before the owner hears of it.
    spending_paused_until = models.DateTimeField(_("no spending until"), null=True, blank=True)
    # Set: this member is an alias of that one (members/selectors/aliases.py), always the last of a chain.
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        related_name="aliases",
        null=True,
        blank=True,
        verbose_name=_("merged into"),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(number__regex=r"^[0-9]{12}$"), name="member_number_is_12_digits"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=MemberStatus.values), name="member_status_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(merged_into__isnull=True) | ~models.Q(merged_into=models.F("id")),
                name="member_is_no_alias_of_itself",
            ),
        ]

    def __str__(self) -> str:
        return self.number
