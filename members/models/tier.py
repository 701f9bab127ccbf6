"""The group's one ladder, the level that each member holds on it, and how they came to it."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from members.models.member import Member


class Tier(models.Model):
    """A level of the ladder. The lowest is everybody's who holds none."""

    id = models.SmallAutoField(primary_key=True)
    code = models.CharField(_("code"), max_length=16, unique=True)
    level = models.PositiveSmallIntegerField(_("level"), unique=True, help_text=_("0 is the lowest."))
    name_zh = models.CharField(_("name in Chinese"), max_length=40)
    name_en = models.CharField(_("name in English"), max_length=40)

    class Meta:
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(code__regex=r"^[A-Z][A-Z0-9_]*$"), name="tier_code_is_a_code"
            ),
        ]

    def __str__(self) -> str:
        return self.name_en if (get_language() or "").startswith("en") else self.name_zh


class TierCause(models.TextChoices):
    """Why a member came to a level."""

    CREDITS = "credits", _("Tier credits")
    SHORTCUT = "shortcut", _("Shortcut")
    MATCHED = "matched", _("Matched to a unit's tier")
    REVIEW = "review", _("Review")
    REFUND = "refund", _("Credits taken back")
    LIFETIME = "lifetime", _("Lifetime")
    MERGE = "merge", _("Merge")
    UNMERGE = "unmerge", _("Merge undone")
    BY_HAND = "by_hand", _("By hand")


class TierHeld(models.Model):
    """The level that a member holds now. No row: the lowest."""

    member = models.OneToOneField(
        Member, on_delete=models.PROTECT, primary_key=True, related_name="tier_held", verbose_name=_("member")
    )
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="+", verbose_name=_("tier"))
    since = models.DateTimeField(_("since"))
    # The first local day on which a review may lower it; empty: no review is due.
    review_on = models.DateField(_("review on"), null=True, blank=True)
    is_lifetime = models.BooleanField(_("for life"), default=False)

    class Meta:
        verbose_name = _("tier held")
        verbose_name_plural = _("tiers held")
        indexes = [models.Index(fields=["review_on"], name="tier_review_due")]

    def __str__(self) -> str:
        return f"{self.tier_id} {self.member_id}"


class TierChange(models.Model):
    """Append-only: from which level to which, why, by what evidence (members/sql/tier_change_v1.sql)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="tier_changes", verbose_name=_("member")
    )
    from_tier = models.ForeignKey(
        Tier, on_delete=models.PROTECT, related_name="+", null=True, verbose_name=_("from")
    )
    to_tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="+", verbose_name=_("to"))
    cause = models.CharField(_("cause"), max_length=10, choices=TierCause.choices)
    # What it was decided by: credits, thresholds, rule and version. Never personal data.
    evidence = models.JSONField(_("evidence"), default=dict)
    by = models.CharField(_("by"), max_length=80)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("tier change")
        verbose_name_plural = _("tier changes")
        indexes = [models.Index(fields=["member", "-at"], name="tier_change_newest_first")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(cause__in=TierCause.values), name="tier_change_cause_is_known"
            ),
            models.CheckConstraint(condition=~models.Q(by=""), name="tier_change_says_who"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} → {self.to_tier_id}"
