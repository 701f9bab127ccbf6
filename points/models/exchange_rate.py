"""An exchange rate: what one program's points are worth in another, from when to when."""

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.utils.translation import gettext_lazy as _

from points.models.program import Program


class ExchangeRateQuerySet(models.QuerySet["ExchangeRate"]):
    """Chainable filters."""

    def in_force(self, at: datetime) -> "ExchangeRateQuerySet":
        """The rates that hold at the instant `at`."""
        return self.filter(during__contains=at)


class ExchangeRate(models.Model):
    """`numerator` target points for `denominator` source points: a rational number, never a float.

    For one pair of programs the ranges `[from, to)` never overlap; the database refuses it. Every row here
    is approved: what is only proposed is a `RateProposal`. Versions count up for each pair; rows from before
    there were approvals name nobody.
    """

    id = models.AutoField(primary_key=True)
    source = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="rates_out", verbose_name=_("from program")
    )
    target = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="rates_in", verbose_name=_("to program")
    )
    numerator = models.PositiveIntegerField(_("target points"))
    denominator = models.PositiveIntegerField(_("for source points"), default=1)
    cap_per_member_day = models.PositiveIntegerField(
        _("source points a member may exchange a day (empty: no cap)"), null=True, blank=True
    )
    during = DateTimeRangeField(_("in force"))
    version = models.PositiveIntegerField(_("version"), null=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        verbose_name=_("proposed by"),
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        verbose_name=_("approved by"),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = ExchangeRateQuerySet.as_manager()

    class Meta:
        verbose_name = _("exchange rate")
        verbose_name_plural = _("exchange rates")
        constraints = [
            ExclusionConstraint(
                name="rate_ranges_never_overlap",
                expressions=[
                    ("source", RangeOperators.EQUAL),
                    ("target", RangeOperators.EQUAL),
                    ("during", RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("another rate for these two programs is in force in that time"),
            ),
            models.CheckConstraint(
                condition=models.Q(cap_per_member_day__gte=1) | models.Q(cap_per_member_day__isnull=True),
                name="rate_cap_lets_something_by",
            ),
            models.CheckConstraint(
                condition=~models.Q(source=models.F("target")), name="rate_joins_two_programs"
            ),
            models.CheckConstraint(
                condition=models.Q(numerator__range=(1, 1_000_000))
                & models.Q(denominator__range=(1, 1_000_000)),
                name="rate_terms_are_1_to_a_million",
            ),
            models.CheckConstraint(condition=models.Q(during__isempty=False), name="rate_range_is_not_empty"),
            models.UniqueConstraint(fields=["source", "target", "version"], name="rate_version_counts_up"),
            models.CheckConstraint(
                condition=models.Q(proposed_by=None, approved_by=None)
                | models.Q(
                    ~models.Q(approved_by=models.F("proposed_by")),
                    proposed_by__isnull=False,
                    approved_by__isnull=False,
                ),
                name="rate_is_approved_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.denominator} {self.source.code} = {self.numerator} {self.target.code}"
