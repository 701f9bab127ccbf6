"""Adjustments by hand: who asked for which points and why, who decided, and what each role may do alone."""

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import GreaterThan
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from members.models import Member
from members.models.encrypted_field import EncryptedTextField, OctetLength
from points.models.posting import Posting
from points.models.program import Program
from units.models import BusinessUnit

POINTS_MAX = 1_000_000_000


class AdjustmentCategory(models.TextChoices):
    """Why points are given or taken by hand."""

    MISSING = "missing", _("Points that were not recorded")
    SERVICE = "service", _("Making up for a bad service")
    GOODWILL = "goodwill", _("Goodwill")
    CORRECTION = "correction", _("Correcting a mistake")
    FRAUD = "fraud", _("Taking back what was obtained by fraud")
    OTHER = "other", _("Another reason")


class AdjustmentState(models.TextChoices):
    """Asked until decided. An approval posts in its own transaction, so nothing rests at "approved"."""

    ASKED = "asked", _("Waiting")
    POSTED = "posted", _("Posted")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class AdjustmentRequestQuerySet(models.QuerySet["AdjustmentRequest"]):
    """Chainable filters."""

    def posted_alone(self) -> "AdjustmentRequestQuerySet":
        """Those that no second person looked at."""
        return self.filter(state=AdjustmentState.POSTED, decided_by=None)


class AdjustmentRequest(models.Model):
    """Points (negative: to take) that an operator asks for by hand.

    Posted at once, with nobody else's decision, within the limits of the operator's role; else it waits for a
    second person. Rows are never deleted, nor changed once decided (points/sql/approvals_v1.sql).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="adjustments", verbose_name=_("member")
    )
    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="+", verbose_name=_("program")
    )
    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="+", verbose_name=_("business unit")
    )
    points = models.BigIntegerField(_("points"))
    category = models.CharField(_("reason"), max_length=10, choices=AdjustmentCategory.choices)
    # People's own words: closed with the member's key, and gone with it.
    reason = EncryptedTextField(_("what happened"), owner="member_id")
    state = models.CharField(
        _("state"), max_length=9, choices=AdjustmentState.choices, default=AdjustmentState.ASKED
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
    # The journal's rows carry no foreign keys and may move between partitions (ADR 0004).
    posting = models.OneToOneField(
        Posting,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        db_constraint=False,
        verbose_name=_("posting"),
    )

    objects = AdjustmentRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("adjustment")
        verbose_name_plural = _("adjustments")
        permissions = [
            ("can_ask_adjustment", "Can adjust points by hand, within the limits of the role"),
            ("can_approve_adjustment", "Can approve and reject adjustments that others ask for"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(points__range=(-POINTS_MAX, POINTS_MAX)) & ~Q(points=0),
                name="adjustment_points_fit_one_operation",
            ),
            models.CheckConstraint(
                condition=Q(category__in=AdjustmentCategory.values)
                & Q(GreaterThan(OctetLength("reason"), 0)),
                name="adjustment_has_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(state="asked", decided_by=None, decided_at=None, posting=None)
                | Q(
                    Q(decided_by=None) | ~Q(decided_by=F("asked_by")),
                    state="posted",
                    decided_at__isnull=False,
                    posting__isnull=False,
                )
                | Q(
                    ~Q(decided_by=F("asked_by")),
                    state="rejected",
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                    posting=None,
                )
                # Both must be there: a CHECK lets NULL by.
                | Q(
                    state="withdrawn",
                    decided_by=F("asked_by"),
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                    posting=None,
                ),
                name="adjustment_is_decided_by_another",
            ),
        ]
        indexes = [
            models.Index(
                fields=["asked_by", "decided_at"],
                condition=Q(state="posted", decided_by=None),
                name="adjustment_alone_of_a_day",
            ),
            models.Index(fields=["asked_at"], condition=Q(state="asked"), name="adjustment_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.points:+,} {self.program.code}"


class AdjustmentLimit(models.Model):
    """What operators of one group may do with points by hand. Who is in no group with limits may do nothing.

    Points are counted without their sign, all programs together; in several groups, the largest limit holds.
    """

    group = models.OneToOneField(
        Group, on_delete=models.CASCADE, related_name="adjustment_limit", verbose_name=_("group of operators")
    )
    alone_max = models.PositiveIntegerField(_("alone, points a request"), default=0)
    alone_day_max = models.PositiveIntegerField(_("alone, points a day"), default=0)
    approve_max = models.PositiveIntegerField(_("may approve, points a request"), default=0)

    class Meta:
        verbose_name = _("adjustment limit")
        verbose_name_plural = _("adjustment limits")
        constraints = [
            models.CheckConstraint(
                condition=Q(alone_max__lte=POINTS_MAX, approve_max__lte=POINTS_MAX)
                & Q(alone_day_max__gte=F("alone_max")),
                name="adjustment_limits_fit_together",
            ),
        ]

    def __str__(self) -> str:
        return str(self.group)
