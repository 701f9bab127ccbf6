"""A one-time code on its way to a phone or mailbox: who asked for it, what for, what came of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from members.models.encrypted_field import EncryptedTextField
from members.models.identity import IdentityKind
from members.models.member import Member


class CodePurpose(models.TextChoices):
    """What entering the code does. A code for one purpose is worth nothing for another."""

    BIND = "bind", _("Bind an identity")
    ERASE = "erase", _("Erase the membership")


class CodeOutcome(models.TextChoices):
    """What came of a code. Open until one of the others."""

    OPEN = "open", _("Open")
    BOUND = "bound", _("Bound")
    # Whoever entered it is who they say they are.
    PROVEN = "proven", _("Proven")
    # Proven by this member, and another's on record: a person decides whether the two are one.
    OF_ANOTHER = "of_another", _("Another member's")
    SPENT = "spent", _("Too many tries")


class ProofCode(models.Model):
    """Bound to one value, one member and one purpose. Only a keyed digest of the code is kept.

    Its id becomes the key of the identity that it proves.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="proof_codes", verbose_name=_("member")
    )
    purpose = models.CharField(_("purpose"), max_length=8, choices=CodePurpose.choices)
    kind = models.CharField(_("kind"), max_length=8, choices=IdentityKind.choices)
    value = EncryptedTextField(_("value"), owner="member_id")
    blind_index = models.BinaryField(max_length=32, editable=False)
    code_digest = models.BinaryField(max_length=32, editable=False)
    tries_left = models.PositiveSmallIntegerField(_("tries left"))
    outcome = models.CharField(
        _("outcome"), max_length=10, choices=CodeOutcome.choices, default=CodeOutcome.OPEN
    )
    sent_at = models.DateTimeField(_("sent"))
    expires_at = models.DateTimeField(_("expires"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("one-time code")
        verbose_name_plural = _("one-time codes")
        indexes = [
            models.Index(fields=["kind", "blind_index", "sent_at"], name="proof_code_by_value"),
            models.Index(fields=["member", "sent_at"], name="proof_code_by_member"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(outcome__in=CodeOutcome.values), name="proof_code_outcome_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(outcome="open", ended_at__isnull=True)
                | (~models.Q(outcome="open") & models.Q(ended_at__isnull=False)),
                name="proof_code_ends_once",
            ),
            models.CheckConstraint(
                condition=models.Q(tries_left__lte=5), name="proof_code_has_five_tries_at_most"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.kind} of {self.member_id}"
