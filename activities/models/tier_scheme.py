"""A tier scheme: everything that says how a level of the ladder is reached and kept, in one version."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from activities.models.activity import ActivityKind
from members.models import ResidencyRole, Tier
from units.models import BusinessUnit, Sector

# What somebody bought, paid or attended; refunds and returns give nothing.
CREDITED_KINDS = ("purchase", "stay", "fee", "rent", "event")


class SchemeState(models.TextChoices):
    """A draft is written, proposed, and decided on by a second person."""

    DRAFT = "draft", _("Draft")
    PROPOSED = "proposed", _("Waits for approval")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class TierWindow(models.TextChoices):
    """Over which days credits are summed."""

    ROLLING = "rolling", _("Rolling months")
    CALENDAR = "calendar", _("Calendar year")


class CreditBasis(models.TextChoices):
    """What a credit rule multiplies."""

    AMOUNT = "amount", _("Currency unit, net of what points paid")
    QUANTITY = "quantity", _("Unit of quantity, such as a night")
    ACTIVITY = "activity", _("Activity")


class TierScheme(models.Model):
    """In force from the local day `starts_on` until the next approved one starts.

    Only a draft is edited; its parts are fixed once it is proposed (activities/sql/tier_scheme_v1.sql).
    """

    id = models.AutoField(primary_key=True)
    version = models.PositiveIntegerField(_("version"), unique=True)
    state = models.CharField(_("state"), max_length=9, choices=SchemeState.choices, default=SchemeState.DRAFT)
    starts_on = models.DateField(_("in force from"))
    window = models.CharField(
        _("period"), max_length=8, choices=TierWindow.choices, default=TierWindow.ROLLING
    )
    window_months = models.PositiveSmallIntegerField(
        _("months in the rolling period"),
        default=12,
        validators=[MinValueValidator(1), MaxValueValidator(36)],
    )
    validity_months = models.PositiveSmallIntegerField(
        _("months that a level is held"),
        default=12,
        validators=[MinValueValidator(1), MaxValueValidator(36)],
        help_text=_("With a calendar year: until the end of the next year, whatever stands here."),
    )
    grace_days = models.PositiveSmallIntegerField(
        _("days of grace"),
        default=90,
        validators=[MaxValueValidator(366)],
        help_text=_("After the last day of validity, before a review lowers the level."),
    )
    refund_days = models.PositiveSmallIntegerField(
        _("days in which a refund undoes an upgrade"),
        default=30,
        validators=[MaxValueValidator(366)],
        help_text=_("A later refund takes its credits back too, but what was reached stays until review."),
    )
    reason = models.CharField(_("what changes, and why"), max_length=300, blank=True, default="")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("written by")
    )
    made_at = models.DateTimeField(_("written"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("tier scheme")
        verbose_name_plural = _("tier schemes")
        permissions = [("can_approve_tier_scheme", "Can approve tier schemes")]
        constraints = [
            models.UniqueConstraint(
                fields=["starts_on"], condition=Q(state="approved"), name="one_tier_scheme_starts_a_day"
            ),
            models.CheckConstraint(
                condition=Q(window__in=TierWindow.values) & Q(state__in=SchemeState.values),
                name="tier_scheme_words_are_known",
            ),
            models.CheckConstraint(
                condition=Q(window_months__range=(1, 36))
                & Q(validity_months__range=(1, 36))
                & Q(grace_days__lte=366)
                & Q(refund_days__lte=366),
                name="tier_scheme_terms_are_sane",
            ),
            # Maker and checker are two people, in the database too.
            models.CheckConstraint(
                condition=Q(state__in=["draft", "proposed"], decided_by__isnull=True, decided_at__isnull=True)
                | Q(state="withdrawn", decided_by=F("made_by"), decided_at__isnull=False)
                | (
                    Q(
                        state__in=["approved", "rejected"],
                        decided_by__isnull=False,
                        decided_at__isnull=False,
                    )
                    & ~Q(decided_by=F("made_by"))
                ),
                name="tier_scheme_is_decided_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"v{self.version}"


class LevelTerms(models.Model):
    """What one level asks. The lowest needs none; a level without credits is not earned by any."""

    id = models.AutoField(primary_key=True)
    scheme = models.ForeignKey(
        TierScheme, on_delete=models.CASCADE, related_name="levels", verbose_name=_("tier scheme")
    )
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="+", verbose_name=_("tier"))
    credits = models.DecimalField(
        _("tier credits in the period"),
        max_digits=12,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    lifetime_credits = models.DecimalField(
        _("for life with so many credits in all"),
        max_digits=14,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
    )
    lifetime_years = models.PositiveSmallIntegerField(
        _("for life after so many years"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(99)],
        help_text=_("Years in which this level or a higher one was earned, with or without breaks."),
    )

    class Meta:
        verbose_name = _("terms of a level")
        verbose_name_plural = _("terms of the levels")
        constraints = [
            models.UniqueConstraint(fields=["scheme", "tier"], name="one_line_a_level_and_scheme"),
            models.CheckConstraint(
                condition=(Q(credits__isnull=True) | Q(credits__gte=0))
                & (Q(lifetime_credits__isnull=True) | Q(lifetime_credits__gt=0))
                & (Q(lifetime_years__isnull=True) | Q(lifetime_years__gt=0)),
                name="level_terms_are_sane",
            ),
        ]

    def __str__(self) -> str:
        return str(self.tier)


class CreditRule(models.Model):
    """So many credits for each unit of the basis. For one basis the most particular rule counts:

    a unit's before a sector's before the group's, and a kind's before any kind's. Different bases add up.
    """

    id = models.AutoField(primary_key=True)
    scheme = models.ForeignKey(
        TierScheme, on_delete=models.CASCADE, related_name="credit_rules", verbose_name=_("tier scheme")
    )
    sector = models.CharField(
        _("sector"), max_length=12, choices=Sector.choices, blank=True, default="", help_text=_("Empty: any.")
    )
    unit = models.ForeignKey(
        BusinessUnit,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("business unit"),
    )
    kind = models.CharField(
        _("kind"),
        max_length=10,
        choices=[choice for choice in ActivityKind.choices if choice[0] in CREDITED_KINDS],
        blank=True,
        default="",
        help_text=_("Empty: any."),
    )
    basis = models.CharField(
        _("for each"), max_length=8, choices=CreditBasis.choices, default=CreditBasis.AMOUNT
    )
    credits = models.DecimalField(
        _("tier credits"),
        max_digits=8,
        decimal_places=3,
        validators=[MinValueValidator(0), MaxValueValidator(10_000)],
    )

    class Meta:
        verbose_name = _("credit rule")
        verbose_name_plural = _("credit rules")
        constraints = [
            models.UniqueConstraint(
                fields=["scheme", "sector", "unit", "kind", "basis"],
                name="one_credit_rule_a_scope",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(credits__range=(0, 10_000))
                & Q(basis__in=CreditBasis.values)
                & Q(kind__in=["", *CREDITED_KINDS])
                & Q(sector__in=["", *Sector.values])
                & (Q(sector="") | Q(unit__isnull=True)),
                name="credit_rule_is_sane",
            ),
        ]

    def __str__(self) -> str:
        return self.get_basis_display()


class RoleTerms(models.Model):
    """What a role at a venue gives while it lasts: a level at the least, and credits each month."""

    id = models.AutoField(primary_key=True)
    scheme = models.ForeignKey(
        TierScheme, on_delete=models.CASCADE, related_name="roles", verbose_name=_("tier scheme")
    )
    role = models.CharField(_("role"), max_length=16, choices=ResidencyRole.choices)
    unit = models.ForeignKey(
        BusinessUnit,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("business unit"),
        help_text=_("Empty: any."),
    )
    at_least = models.ForeignKey(
        Tier,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("at least"),
    )
    grace_days = models.PositiveSmallIntegerField(
        _("days of grace"),
        default=90,
        validators=[MaxValueValidator(366)],
        help_text=_("After the role has ended."),
    )
    credits_per_month = models.DecimalField(
        _("tier credits a month"),
        max_digits=8,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(10_000)],
        help_text=_("For each month on whose first day the role is in force."),
    )

    class Meta:
        verbose_name = _("terms of a role")
        verbose_name_plural = _("terms of the roles")
        constraints = [
            models.UniqueConstraint(
                fields=["scheme", "role", "unit"], name="one_line_a_role_and_unit", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(role__in=ResidencyRole.values)
                & Q(grace_days__lte=366)
                & (Q(at_least__isnull=False) | Q(credits_per_month__isnull=False))
                & (Q(credits_per_month__isnull=True) | Q(credits_per_month__range=(0, 10_000))),
                name="role_terms_say_something",
            ),
        ]

    def __str__(self) -> str:
        return self.get_role_display()


class UnitTierMatch(models.Model):
    """Whoever a unit's own list calls this holds at least that level of the group's ladder."""

    id = models.AutoField(primary_key=True)
    scheme = models.ForeignKey(
        TierScheme, on_delete=models.CASCADE, related_name="matches", verbose_name=_("tier scheme")
    )
    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="+", verbose_name=_("business unit")
    )
    unit_tier = models.CharField(
        _("the unit's tier"), max_length=40, help_text=_("As its list writes it; upper or lower case.")
    )
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="+", verbose_name=_("tier"))
    valid_months = models.PositiveSmallIntegerField(
        _("valid for months"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(120)],
        help_text=_("From the day of the enrolment's import; empty: as long as this scheme says so."),
    )

    class Meta:
        verbose_name = _("matched tier")
        verbose_name_plural = _("matched tiers")
        constraints = [
            models.UniqueConstraint(fields=["scheme", "unit", "unit_tier"], name="one_match_a_unit_tier"),
            models.CheckConstraint(
                condition=~Q(unit_tier="") & (Q(valid_months__isnull=True) | Q(valid_months__range=(1, 120))),
                name="tier_match_is_sane",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit_tier} ⇒ {self.tier}"
