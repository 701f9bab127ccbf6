"""A grant: so much of a benefit given to one member, by a purchase, as a reward, or by hand."""

from django.db import models
from django.db.models.lookups import GreaterThan
from django.utils.translation import gettext_lazy as _

from benefits.models.benefit import Benefit
from benefits.models.rule import AMOUNT_MAX, PeriodZone, QuotaPeriod, Sharing
from common.clock import uuid7
from members.models import Member
from members.models.encrypted_field import EncryptedTextField, OctetLength
from units.models import BusinessUnit


class GrantCause(models.TextChoices):
    """Why it was given."""

    PURCHASE = "purchase", _("Purchase")
    REWARD = "reward", _("Reward")
    CAMPAIGN = "campaign", _("Campaign")
    BY_HAND = "by_hand", _("By hand")


class EntitlementGrant(models.Model):
    """Append-only. It holds in `[starts_at, ends_at)`; its id is the right's."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="entitlement_grants", verbose_name=_("member")
    )
    benefit = models.ForeignKey(
        Benefit, on_delete=models.PROTECT, related_name="grants", verbose_name=_("benefit")
    )
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    period = models.CharField(
        _("quota"), max_length=7, choices=QuotaPeriod.choices, default=QuotaPeriod.TOTAL
    )
    zone = models.CharField(_("midnight"), max_length=5, choices=PeriodZone.choices, default=PeriodZone.GROUP)
    sharing = models.CharField(_("shared with"), max_length=9, choices=Sharing.choices, default=Sharing.OWN)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(
        _("until"), null=True, help_text=_("The first instant without; empty: open.")
    )
    cause = models.CharField(_("cause"), max_length=8, choices=GrantCause.choices)
    # Who gave it, under which reference of theirs: once.
    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="+", verbose_name=_("given by")
    )
    source_ref = models.CharField(_("source reference"), max_length=200)
    granted_by = models.CharField(_("recorded by"), max_length=80)
    granted_at = models.DateTimeField(_("granted"))

    class Meta:
        verbose_name = _("entitlement grant")
        verbose_name_plural = _("entitlement grants")
        constraints = [
            models.UniqueConstraint(fields=["unit", "source_ref"], name="grant_reference_once"),
            models.CheckConstraint(
                condition=models.Q(amount__gt=0, amount__lte=AMOUNT_MAX), name="grant_amount_is_sane"
            ),
            models.CheckConstraint(
                condition=models.Q(period__in=[name for name in QuotaPeriod.values if name != "stay"])
                & models.Q(zone__in=PeriodZone.values)
                & models.Q(sharing__in=[Sharing.OWN, Sharing.HOUSEHOLD])
                & models.Q(cause__in=GrantCause.values),
                name="grant_words_are_known",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__isnull=True) | models.Q(ends_at__gt=models.F("starts_at")),
                name="grant_ends_after_its_start",
            ),
            models.CheckConstraint(
                condition=~models.Q(source_ref="") & ~models.Q(granted_by=""), name="grant_says_who"
            ),
        ]
        indexes = [
            models.Index(fields=["member", "ends_at"], name="grants_of_member"),
            models.Index(fields=["ends_at"], name="grants_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.amount.normalize():f} {self.benefit.code}"


class GrantEnding(models.TextChoices):
    """How a grant ended before or at its time."""

    EXPIRED = "expired", _("Expired")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class GrantEnd(models.Model):
    """Append-only: that a grant gives nothing any more, and how much of it nobody used."""

    grant = models.OneToOneField(
        EntitlementGrant,
        on_delete=models.PROTECT,
        primary_key=True,
        related_name="end",
        verbose_name=_("grant"),
    )
    ending = models.CharField(_("ending"), max_length=9, choices=GrantEnding.choices)
    left = models.DecimalField(
        _("left unused"),
        max_digits=12,
        decimal_places=2,
        null=True,
        help_text=_("Of a quota in all; empty for one that is given anew each period."),
    )
    reason = EncryptedTextField(_("reason"), owner="grant.member_id", blank=True, default="")
    ended_by = models.CharField(_("ended by"), max_length=80)
    ended_at = models.DateTimeField(_("ended"))

    class Meta:
        verbose_name = _("end of a grant")
        verbose_name_plural = _("ends of grants")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ending__in=GrantEnding.values), name="grant_ending_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(left__isnull=True) | models.Q(left__gte=0), name="grant_leaves_no_debt"
            ),
            models.CheckConstraint(
                condition=~models.Q(ending="withdrawn") | models.Q(GreaterThan(OctetLength("reason"), 0)),
                name="a_withdrawal_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.grant_id} {self.ending}"
