"""Tier credits, where each member stands by them, and levels given by hand."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from activities.models.activity import Activity
from activities.models.tier_scheme import CreditRule, RoleTerms
from common.clock import uuid7
from members.models import Member, Residency, Tier
from units.models import BusinessUnit


class TierCredit(models.Model):
    """Append-only: thousandths of a credit, by one activity and rule or one month of a role.

    `counts_on` is the local day of the activity, of a refund that of its sale. A refund's credits are missing
    from `known_from` on: at once as if the sale had been smaller, or, when it came late, from its own day.
    """

    id = models.BigAutoField(primary_key=True)
    # Each is inserted from a row of the table it points at, in one statement, and neither is ever deleted:
    # checking a million of them again would cost more than writing them.
    member = models.ForeignKey(
        Member,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("member"),
    )
    unit = models.ForeignKey(
        BusinessUnit,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("business unit"),
    )
    activity = models.ForeignKey(
        Activity,
        on_delete=models.PROTECT,
        related_name="tier_credits",
        null=True,
        db_constraint=False,
        db_index=False,
        verbose_name=_("activity"),
    )
    rule = models.ForeignKey(
        CreditRule,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        db_constraint=False,
        db_index=False,
        verbose_name=_("credit rule"),
    )
    residency = models.ForeignKey(
        Residency,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        db_constraint=False,
        db_index=False,
        verbose_name=_("residency"),
    )
    role = models.ForeignKey(
        RoleTerms,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        db_constraint=False,
        db_index=False,
        verbose_name=_("terms of a role"),
    )
    # Above 0: a correction, since what a refund takes depends on the refunds before it.
    serial = models.PositiveSmallIntegerField(_("correction"), default=0)
    milli = models.BigIntegerField(_("thousandths of a credit"))
    counts_on = models.DateField(_("counts on"))
    known_from = models.DateField(_("known from"))
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("tier credit")
        verbose_name_plural = _("tier credits")
        constraints = [
            models.UniqueConstraint(fields=["activity", "rule", "serial"], name="tier_credit_once"),
            models.UniqueConstraint(
                fields=["residency", "counts_on", "serial"],
                condition=Q(residency__isnull=False),
                name="tier_credit_of_a_month_once",
            ),
            # One, since each is read anew for every row of an import.
            models.CheckConstraint(
                condition=~Q(milli=0)
                & Q(known_from__gte=models.F("counts_on"))
                & (
                    Q(activity__isnull=False, rule__isnull=False, residency__isnull=True, role__isnull=True)
                    | Q(activity__isnull=True, rule__isnull=True, residency__isnull=False, role__isnull=False)
                ),
                name="tier_credit_has_one_source",
            ),
        ]
        indexes = [
            models.Index(
                fields=["member", "counts_on"], include=["known_from", "milli"], name="tier_credit_sums"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.milli / 1000:+}"


class TierStanding(models.Model):
    """What credits, roles, matches and hands make of a member, as last assessed; levels are `Tier.level`.

    Its row is the lock of everything about one member's tier: credits are summed under it. A member without
    one was never assessed and has the lowest level.
    """

    member = models.OneToOneField(
        Member,
        on_delete=models.PROTECT,
        primary_key=True,
        related_name="tier_standing",
        verbose_name=_("member"),
    )
    level = models.PositiveSmallIntegerField(_("earned level"))
    reached_on = models.DateField(_("reached"), null=True)
    valid_until = models.DateField(_("valid until"), null=True)
    review_on = models.DateField(_("review on"), null=True)
    reviewed_on = models.DateField(_("last review"), null=True)
    lifetime_level = models.PositiveSmallIntegerField(_("level for life"), null=True)
    floor_level = models.PositiveSmallIntegerField(_("level by role, match or hand"), null=True)
    floor_until = models.DateField(_("that until"), null=True)
    # The next day on which something may change by itself; empty: nothing will.
    look_on = models.DateField(_("look again on"), null=True)
    # The newest scheme by which this was assessed: a new one has everybody looked at once.
    scheme_version = models.PositiveIntegerField(_("assessed by scheme"), default=0)

    class Meta:
        verbose_name = _("tier standing")
        verbose_name_plural = _("tier standings")
        indexes = [
            models.Index(
                fields=["look_on", "member"], condition=Q(look_on__isnull=False), name="tier_standing_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level} {self.member_id}"


class TierGrant(models.Model):
    """A level given by hand, from a day until a day, with a reason. Ended, not deleted."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="tier_grants", verbose_name=_("member")
    )
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="+", verbose_name=_("tier"))
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(
        _("until"), null=True, blank=True, help_text=_("The first day without; empty: open.")
    )
    reason = models.CharField(_("reason"), max_length=300)
    given_by = models.CharField(_("given by"), max_length=80)
    given_at = models.DateTimeField(_("given"))
    ended_by = models.CharField(_("ended by"), max_length=80, blank=True, default="")
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    end_reason = models.CharField(_("why it was ended"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("tier given by hand")
        verbose_name_plural = _("tiers given by hand")
        permissions = [("can_give_tier", "Can give a tier by hand")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=models.F("starts_on")),
                name="tier_grant_ends_after_its_start",
            ),
            models.CheckConstraint(
                condition=~Q(reason="") & ~Q(given_by=""), name="tier_grant_says_who_and_why"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by="", end_reason="")
                | (Q(ended_at__isnull=False, ends_on__isnull=False) & ~Q(ended_by="") & ~Q(end_reason="")),
                name="tier_grant_says_who_ended_it",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tier} {self.member_id}"
