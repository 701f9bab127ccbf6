"""A residency: a member's dated role at a venue. Benefits follow the role and end with it."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from members.models.corporate_account import CorporateAccount
from members.models.guardianship import DateRange
from members.models.member import Member
from units.models import Venue


class ResidencyRole(models.TextChoices):
    """What somebody is at a venue."""

    OWNER = "owner", _("Owner")
    TENANT = "tenant", _("Tenant")
    FAMILY = "family", _("Family")
    OFFICE_OCCUPANT = "office_occupant", _("Office occupant")
    HOTEL_GUEST = "hotel_guest", _("Hotel guest")


class Residency(models.Model):
    """Half-open days `[starts_on, ends_on)` in the venue's own time zone.

    Family is of an owner or tenant and in force only while theirs is; an occupant is of a company, in force
    only while its account is. One that was recorded by mistake is withdrawn, not deleted.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="residencies", verbose_name=_("member")
    )
    venue = models.ForeignKey(
        Venue, on_delete=models.PROTECT, related_name="residencies", verbose_name=_("venue")
    )
    role = models.CharField(_("role"), max_length=16, choices=ResidencyRole.choices)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(
        _("until"), null=True, blank=True, help_text=_("The first day without; empty: open.")
    )
    principal = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        related_name="family",
        null=True,
        blank=True,
        verbose_name=_("family of"),
    )
    account = models.ForeignKey(
        CorporateAccount,
        on_delete=models.PROTECT,
        related_name="occupants",
        null=True,
        blank=True,
        verbose_name=_("corporate account"),
    )
    # What the fee system or the desk calls it: once in the venue.
    source_ref = models.CharField(_("source reference"), max_length=128)
    recorded_by = models.CharField(_("recorded by"), max_length=80)
    recorded_at = models.DateTimeField(_("recorded"))
    changed_at = models.DateTimeField(_("changed"))
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    withdrawn_by = models.CharField(_("withdrawn by"), max_length=80, blank=True, default="")

    class Meta:
        verbose_name = _("residency")
        verbose_name_plural = _("residencies")
        constraints = [
            models.UniqueConstraint(
                fields=["venue", "source_ref"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="residency_reference_once",
            ),
            ExclusionConstraint(
                name="one_role_a_venue_and_member_at_a_time",
                expressions=[
                    ("member", RangeOperators.EQUAL),
                    ("venue", RangeOperators.EQUAL),
                    ("role", RangeOperators.EQUAL),
                    (DateRange("starts_on", "ends_on", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
                condition=models.Q(withdrawn_at__isnull=True),
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=ResidencyRole.values), name="residency_role_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(ends_on__isnull=True) | models.Q(ends_on__gt=models.F("starts_on")),
                name="residency_ends_after_its_start",
            ),
            models.CheckConstraint(
                condition=models.Q(role="family", principal__isnull=False)
                | (~models.Q(role="family") & models.Q(principal__isnull=True)),
                name="family_is_of_somebody",
            ),
            models.CheckConstraint(
                condition=models.Q(role="office_occupant", account__isnull=False)
                | (~models.Q(role="office_occupant") & models.Q(account__isnull=True)),
                name="an_occupant_is_of_a_company",
            ),
            models.CheckConstraint(
                condition=models.Q(withdrawn_at__isnull=True, withdrawn_by="")
                | models.Q(withdrawn_at__isnull=False, withdrawn_by__gt=""),
                name="residency_says_who_withdrew_it",
            ),
            models.CheckConstraint(condition=~models.Q(source_ref=""), name="residency_has_its_reference"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.member_id} @ {self.venue_id}"
