"""What happened to a membership: frozen, closed, an identity bound. Rows are added and never changed."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from members.models.encrypted_field import EncryptedTextField
from members.models.member import Member


class EventKind(models.TextChoices):
    """What can happen to a membership."""

    FROZEN = "frozen", _("Frozen")
    UNFROZEN = "unfrozen", _("Unfrozen")
    CLOSED = "closed", _("Closed")
    REOPENED = "reopened", _("Reopened")
    BOUND = "bound", _("Identity bound")
    UNBOUND = "unbound", _("Identity unbound")
    GUARDED = "guarded", _("Guardian recorded")
    GUARD_ENDED = "guard_ended", _("Guardian ended")
    MERGED = "merged", _("Merged")
    UNMERGED = "unmerged", _("Merge undone")
    ERASED = "erased", _("Erased")


class EventCause(models.TextChoices):
    """Why, where a machine has to know it."""

    BY_HAND = "by_hand", _("By hand")
    NO_GUARDIAN = "no_guardian", _("Under 14 without a guardian")


class MemberEvent(models.Model):
    """Append-only: the database refuses to change or delete a row (members/sql/member_event_v1.sql)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="events", verbose_name=_("member")
    )
    kind = models.CharField(_("what happened"), max_length=12, choices=EventKind.choices)
    cause = models.CharField(
        _("cause"), max_length=12, choices=EventCause.choices, default=EventCause.BY_HAND
    )
    # An operator's own words about somebody: they end with the member's key, though the row stays.
    reason = EncryptedTextField(_("reason"), owner="member_id", blank=True, default="")
    by = models.CharField(_("by"), max_length=80)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("event of a membership")
        verbose_name_plural = _("events of memberships")
        indexes = [models.Index(fields=["member", "-at"], name="member_event_newest_first")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=EventKind.values), name="member_event_kind_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(cause__in=EventCause.values), name="member_event_cause_is_known"
            ),
            models.CheckConstraint(condition=~models.Q(by=""), name="member_event_says_who"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.member_id}"
