"""An enrolment: a member's relation to one unit."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from members.models.encrypted_field import EncryptedJSONField
from members.models.member import Member
from units.models import BusinessUnit


class Enrolment(models.Model):
    """Since when and from which channel a unit knows a member, and the legacy card it gave them."""

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="enrolments", verbose_name=_("member")
    )
    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="enrolments", verbose_name=_("business unit")
    )
    legacy_card = models.CharField(_("legacy card"), max_length=40, null=True, blank=True)
    channel = models.CharField(_("channel"), max_length=20, default="import")
    tier_hint = models.CharField(_("legacy tier"), max_length=40, blank=True, default="")
    joined_at = models.DateTimeField(_("joined"))
    # Columns of the unit's list that the format does not know: whatever they hold, it is about this person.
    attributes = EncryptedJSONField(_("other columns"), owner="member_id", default=dict, blank=True)
    enrolled_by = models.CharField(_("enrolled by"), max_length=80)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        constraints = [
            models.UniqueConstraint(fields=["unit", "legacy_card"], name="legacy_card_unique_in_its_unit"),
            models.CheckConstraint(condition=~models.Q(legacy_card=""), name="legacy_card_is_not_empty"),
            # Two doors that enrol the same person at once make one relation.
            models.UniqueConstraint(
                fields=["unit", "member"],
                condition=models.Q(legacy_card__isnull=True),
                name="enrolment_without_card_is_one",
            ),
        ]

    def __str__(self) -> str:
        return self.legacy_card or str(self.pk)
