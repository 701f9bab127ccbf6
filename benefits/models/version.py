"""A version of a benefit: its words, its worth, who pays, who honours it, and on which days."""

from datetime import datetime
from decimal import Decimal

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from benefits.models.benefit import Benefit, in_reader_language
from units.models import BusinessUnit, Outlet, Venue

EVERY_DAY = [1, 2, 3, 4, 5, 6, 7]


def every_day() -> list[int]:
    """Monday to Sunday."""
    return list(EVERY_DAY)


class Payer(models.TextChoices):
    """Who bears what a usage is worth, where another unit than the provider honours it."""

    PROVIDER = "provider", _("The providing unit")
    GROUP = "group", _("The group")
    HONOURING = "honouring", _("The unit that honours it")


class BenefitVersionQuerySet(models.QuerySet["BenefitVersion"]):
    """Chainable filters."""

    def in_force(self, at: datetime) -> "BenefitVersionQuerySet":
        """The versions that hold at the instant `at`."""
        return self.filter(during__contains=at)


class BenefitVersion(models.Model):
    """What a benefit is while `during` lasts. Published, then only ended: usages name it.

    `weekdays` are ISO (1 Monday … 7 Sunday); `opens_at` to `closes_at` a time of day (empty: all day; it may
    run over midnight); both, like blackouts, are read at the place where it is used.
    """

    id = models.AutoField(primary_key=True)
    benefit = models.ForeignKey(
        Benefit, on_delete=models.PROTECT, related_name="versions", verbose_name=_("benefit")
    )
    version = models.PositiveIntegerField(_("version"), default=1)
    during = DateTimeRangeField(_("in force"))
    name_zh = models.CharField(_("Chinese name"), max_length=80)
    name_en = models.CharField(_("English name"), max_length=80)
    terms_zh = models.TextField(_("terms in Chinese"), max_length=2000)
    terms_en = models.TextField(_("terms in English"), max_length=2000)
    payer = models.CharField(_("who pays"), max_length=9, choices=Payer.choices, default=Payer.PROVIDER)
    unit_value = models.DecimalField(
        _("worth of one"),
        max_digits=12,
        decimal_places=6,
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("Of one time, one minute, or one of the currency: what settlement counts."),
    )
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    weekdays = ArrayField(models.PositiveSmallIntegerField(), verbose_name=_("weekdays"), default=every_day)
    opens_at = models.TimeField(_("from (time of day)"), null=True, blank=True)
    closes_at = models.TimeField(_("until (time of day)"), null=True, blank=True)
    published_by = models.CharField(_("published by"), max_length=80)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = BenefitVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("version of a benefit")
        verbose_name_plural = _("versions of benefits")
        constraints = [
            ExclusionConstraint(
                name="benefit_versions_never_overlap",
                expressions=[("benefit", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
                violation_error_message=_("another version of this benefit is in force in that time"),
            ),
            models.UniqueConstraint(fields=["benefit", "version"], name="benefit_version_is_new"),
            models.CheckConstraint(condition=models.Q(payer__in=Payer.values), name="benefit_payer_is_known"),
            models.CheckConstraint(
                condition=models.Q(unit_value__range=(0, 100_000)), name="benefit_worth_is_sane"
            ),
            models.CheckConstraint(
                condition=models.Q(currency__regex=r"^[A-Z]{3}$"), name="benefit_currency_is_iso_4217"
            ),
            models.CheckConstraint(
                condition=models.Q(weekdays__contained_by=EVERY_DAY) & models.Q(weekdays__len__gte=1),
                name="benefit_weekdays_are_iso",
            ),
            models.CheckConstraint(
                condition=models.Q(opens_at__isnull=True, closes_at__isnull=True)
                | models.Q(opens_at__isnull=False, closes_at__isnull=False)
                & ~models.Q(opens_at=models.F("closes_at")),
                name="benefit_hours_are_two",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"

    @property
    def name(self) -> str:
        """In the reader's language."""
        return in_reader_language(self.name_zh, self.name_en)

    @property
    def terms(self) -> str:
        """In the reader's language."""
        return in_reader_language(self.terms_zh, self.terms_en)


class HonouringPlace(models.Model):
    """Where a version may be used: a whole unit, one of its venues, or one outlet."""

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(
        BenefitVersion, on_delete=models.CASCADE, related_name="places", verbose_name=_("version")
    )
    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="+", verbose_name=_("business unit")
    )
    venue = models.ForeignKey(
        Venue, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("venue")
    )
    outlet = models.ForeignKey(
        Outlet, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("outlet")
    )

    class Meta:
        verbose_name = _("place that honours")
        verbose_name_plural = _("places that honour")
        constraints = [
            models.UniqueConstraint(
                fields=["version", "unit", "venue", "outlet"],
                name="honouring_place_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=models.Q(venue__isnull=True) | models.Q(outlet__isnull=True),
                name="honouring_place_is_one",
            ),
        ]

    def __str__(self) -> str:
        return str(self.outlet or self.venue or self.unit)


class Blackout(models.Model):
    """Days on which a version is not honoured: `[starts_on, ends_on)` where it would be used."""

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(
        BenefitVersion, on_delete=models.CASCADE, related_name="blackouts", verbose_name=_("version")
    )
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"), help_text=_("The first day on which it is honoured again."))

    class Meta:
        verbose_name = _("blackout")
        verbose_name_plural = _("blackouts")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__gt=models.F("starts_on")), name="blackout_ends_after_its_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_on} … {self.ends_on}"
