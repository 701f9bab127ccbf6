"""What a stay costs and what may pay for it: two books of versions, each in force from when to when."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from parking.models.car_park import CarPark
from points.models import Program


class CapPeriod(models.TextChoices):
    """What a day is to the daily cap (parking/rules/fees.py)."""

    CALENDAR = "calendar", _("Calendar day")
    ROLLING = "rolling", _("24 hours from the entry on")


class Tariff(models.Model):
    """A version of a car park's prices. The one in force when a car came in holds for its whole stay."""

    id = models.AutoField(primary_key=True)
    car_park = models.ForeignKey(
        CarPark, on_delete=models.PROTECT, related_name="tariffs", verbose_name=_("car park")
    )
    version = models.PositiveIntegerField(_("version"), default=1)
    during = DateTimeRangeField(_("in force"))
    # As parking/rules/rate_lines.py keeps them.
    rates = models.JSONField(_("rates"))
    free_minutes = models.PositiveSmallIntegerField(
        _("free minutes"), default=0, validators=[MaxValueValidator(1440)]
    )
    free_is_deducted = models.BooleanField(_("free minutes are taken off longer stays, too"), default=False)
    daily_cap = models.DecimalField(
        _("at most a day (empty: no limit)"),
        max_digits=9,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    cap_period = models.CharField(
        _("a day is"), max_length=8, choices=CapPeriod.choices, default=CapPeriod.CALENDAR
    )
    missing_entry_fee = models.DecimalField(
        _("fee where no entry is on record"),
        max_digits=9,
        decimal_places=2,
        default=0,
        validators=[MinValueValidator(0)],
    )
    grace_minutes = models.PositiveSmallIntegerField(
        _("minutes to leave after payment"), default=15, validators=[MaxValueValidator(240)]
    )
    published_by = models.CharField(_("published by"), max_length=80)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("tariff")
        verbose_name_plural = _("tariffs")
        constraints = [
            ExclusionConstraint(
                name="tariffs_never_overlap",
                expressions=[("car_park", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
            ),
            models.UniqueConstraint(fields=["car_park", "version"], name="tariff_version_is_new"),
            models.CheckConstraint(
                condition=models.Q(cap_period__in=CapPeriod.values), name="tariff_cap_period_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(free_minutes__lte=1440, grace_minutes__lte=240)
                & models.Q(missing_entry_fee__gte=0)
                & (models.Q(daily_cap__isnull=True) | models.Q(daily_cap__gte=0)),
                name="tariff_figures_are_sane",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.car_park.code} v{self.version}"


class ReliefTerms(models.Model):
    """A version of what may pay for a stay besides money: receipts, caps on free time, the price in points.

    The one in force at the decision holds.
    """

    id = models.AutoField(primary_key=True)
    car_park = models.ForeignKey(
        CarPark, on_delete=models.PROTECT, related_name="relief_terms", verbose_name=_("car park")
    )
    version = models.PositiveIntegerField(_("version"), default=1)
    during = DateTimeRangeField(_("in force"))
    receipt_spend = models.DecimalField(
        _("spent on receipts of the day (empty: receipts free nothing)"),
        max_digits=9,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
    )
    receipt_minutes = models.PositiveSmallIntegerField(
        _("frees so many minutes"), default=60, validators=[MinValueValidator(1), MaxValueValidator(1440)]
    )
    receipt_minutes_max = models.PositiveSmallIntegerField(
        _("minutes by receipts at most, an entry (empty: no limit)"), null=True, blank=True
    )
    receipts_max = models.PositiveSmallIntegerField(
        _("receipts at most, an entry"), default=20, validators=[MaxValueValidator(50)]
    )
    vouchers_max = models.PositiveSmallIntegerField(
        _("vouchers at most, an entry"), default=3, validators=[MaxValueValidator(5)]
    )
    free_minutes_entry_max = models.PositiveSmallIntegerField(
        _("free minutes at most, an entry (empty: no limit)"), null=True, blank=True
    )
    free_minutes_plate_max = models.PositiveSmallIntegerField(
        _("free minutes at most, a plate and day (empty: no limit)"), null=True, blank=True
    )
    free_minutes_member_max = models.PositiveSmallIntegerField(
        _("free minutes at most, a member and day (empty: no limit)"), null=True, blank=True
    )
    program = models.ForeignKey(
        Program,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("priced in points of (empty: points do not pay)"),
    )
    points_per_unit = models.DecimalField(
        _("points for one currency unit"),
        max_digits=9,
        decimal_places=2,
        default=100,
        validators=[MinValueValidator(1)],
    )
    points_max = models.PositiveIntegerField(
        _("points at most, an entry (empty: no limit)"), null=True, blank=True
    )
    published_by = models.CharField(_("published by"), max_length=80)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("relief terms")
        verbose_name_plural = _("relief terms")
        constraints = [
            ExclusionConstraint(
                name="relief_terms_never_overlap",
                expressions=[("car_park", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
            ),
            models.UniqueConstraint(fields=["car_park", "version"], name="relief_terms_version_is_new"),
            models.CheckConstraint(
                condition=(models.Q(receipt_spend__isnull=True) | models.Q(receipt_spend__gte=1))
                & models.Q(receipt_minutes__range=(1, 1440))
                & models.Q(receipts_max__lte=50, vouchers_max__lte=5)
                & models.Q(points_per_unit__gte=1),
                name="relief_terms_figures_are_sane",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.car_park.code} v{self.version}"
