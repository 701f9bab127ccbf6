"""A member's wish to be erased: when it was told, when it is due, when it was done."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from members.models.member import Member


class Erasure(models.Model):
    """Kept as the proof that it was done: it names the surrogate id and nothing of the person."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="erasures", verbose_name=_("member")
    )
    asked_by = models.CharField(_("asked by"), max_length=80)
    asked_at = models.DateTimeField(_("asked"))
    due_at = models.DateTimeField(_("due"))
    done_at = models.DateTimeField(_("done"), null=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True)
    # What was forgotten, in counts of rows by table.
    outcome = models.JSONField(_("outcome"), default=dict)

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        permissions = [("erase_member", "Can erase a member at their wish")]
        constraints = [
            models.UniqueConstraint(
                fields=["member"],
                condition=models.Q(done_at__isnull=True, withdrawn_at__isnull=True),
                name="one_erasure_waits_a_member",
            ),
            models.CheckConstraint(
                condition=models.Q(due_at__gte=models.F("asked_at"))
                & (models.Q(done_at__isnull=True) | models.Q(withdrawn_at__isnull=True)),
                name="erasure_is_done_or_withdrawn",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(done_at__isnull=True, withdrawn_at__isnull=True),
                name="erasure_to_be_done",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)[-8:]
