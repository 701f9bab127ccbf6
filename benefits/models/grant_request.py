"""Grants by hand: who asked for which, why, who decided, and what each role may give alone."""

from decimal import Decimal

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import GreaterThan
from django.utils.translation import gettext_lazy as _

from benefits.models.benefit import Benefit
from benefits.models.grant import EntitlementGrant
from benefits.models.rule import AMOUNT_MAX
from common.clock import uuid7
from members.models import Member
from members.models.encrypted_field import EncryptedTextField, OctetLength
from units.models import BusinessUnit

VALUE_MAX = Decimal(10_000_000)


class GrantRequestState(models.TextChoices):
    """Asked until decided. An approval grants in its own transaction."""

    ASKED = "asked", _("Waiting")
    GRANTED = "granted", _("Granted")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class GrantRequest(models.Model):
    """So much of a benefit, in all, until a day, that an operator asks for by hand.

    Granted at once within the limits of the operator's role (by what it is worth); else it waits for a second
    person. Rows are never deleted, nor changed once decided.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="grant_requests", verbose_name=_("member")
    )
    benefit = models.ForeignKey(
        Benefit, on_delete=models.PROTECT, related_name="+", verbose_name=_("benefit")
    )
    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="+", verbose_name=_("given by")
    )
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    ends_at = models.DateTimeField(_("until"))
    # What it is worth by the version in force when it was asked: what limits are about.
    value = models.DecimalField(_("worth"), max_digits=14, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    reason = EncryptedTextField(_("what happened"), owner="member_id")
    state = models.CharField(
        _("state"), max_length=9, choices=GrantRequestState.choices, default=GrantRequestState.ASKED
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("asked by")
    )
    asked_at = models.DateTimeField(_("asked"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    note = EncryptedTextField(_("note"), owner="member_id", blank=True, default="")
    grant = models.OneToOneField(
        EntitlementGrant,
        on_delete=models.PROTECT,
        related_name="request",
        null=True,
        verbose_name=_("grant"),
    )

    class Meta:
        verbose_name = _("grant by hand")
        verbose_name_plural = _("grants by hand")
        permissions = [
            ("can_ask_grant", "Can give entitlements by hand, within the limits of the role"),
            ("can_approve_grant", "Can approve and reject grants that others ask for"),
            ("can_reverse_usage", "Can reverse usages of entitlements"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, amount__lte=AMOUNT_MAX)
                & Q(value__gte=0)
                & Q(GreaterThan(OctetLength("reason"), 0)),
                name="grant_request_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(state="asked", decided_by=None, decided_at=None, grant=None)
                | Q(
                    Q(decided_by=None) | ~Q(decided_by=F("asked_by")),
                    state="granted",
                    decided_at__isnull=False,
                    grant__isnull=False,
                )
                | Q(
                    ~Q(decided_by=F("asked_by")),
                    state="rejected",
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                    grant=None,
                )
                # Both must be there: a CHECK lets NULL by.
                | Q(
                    state="withdrawn",
                    decided_by=F("asked_by"),
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                    grant=None,
                ),
                name="grant_is_decided_by_another",
            ),
        ]
        indexes = [
            models.Index(
                fields=["asked_by", "decided_at"],
                condition=Q(state="granted", decided_by=None),
                name="grants_alone_of_a_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount.normalize():f} {self.benefit.code}"


class GrantLimit(models.Model):
    """What operators of one group may give by hand, by its worth in the group's currency.

    Who is in no group with limits may give nothing alone; in several groups, the largest limit holds.
    """

    group = models.OneToOneField(
        Group, on_delete=models.CASCADE, related_name="grant_limit", verbose_name=_("group of operators")
    )
    alone_max = models.DecimalField(_("alone, worth a request"), max_digits=14, decimal_places=2, default=0)
    alone_day_max = models.DecimalField(_("alone, worth a day"), max_digits=14, decimal_places=2, default=0)
    approve_max = models.DecimalField(
        _("may approve, worth a request"), max_digits=14, decimal_places=2, default=0
    )

    class Meta:
        verbose_name = _("limit for grants by hand")
        verbose_name_plural = _("limits for grants by hand")
        constraints = [
            models.CheckConstraint(
                condition=Q(alone_max__range=(0, VALUE_MAX), approve_max__range=(0, VALUE_MAX))
                & Q(alone_day_max__gte=F("alone_max")),
                name="grant_limits_fit_together",
            ),
        ]

    def __str__(self) -> str:
        return str(self.group)
