"""A corporate account: an office tenant whose people are occupants of a tower."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from members.models.encrypted_field import EncryptedTextField
from units.models import Venue


class CorporateAccount(models.Model):
    """A company at a venue, and how many of its people may be occupants at a time."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    venue = models.ForeignKey(
        Venue, on_delete=models.PROTECT, related_name="corporate_accounts", verbose_name=_("venue")
    )
    code = models.CharField(_("code"), max_length=40)
    company_name = models.CharField(_("company"), max_length=120)
    seats = models.PositiveIntegerField(_("seats"), help_text=_("Occupants at a time, at most."))
    # A person's name and phone: sealed like every other.
    contact = EncryptedTextField(_("contact"), blank=True, default="")
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(
        _("until"), null=True, blank=True, help_text=_("The first day without; empty: open.")
    )
    recorded_by = models.CharField(_("recorded by"), max_length=80)
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("corporate account")
        verbose_name_plural = _("corporate accounts")
        constraints = [
            models.UniqueConstraint(fields=["venue", "code"], name="corporate_code_unique_at_its_venue"),
            models.CheckConstraint(condition=~models.Q(code=""), name="corporate_code_is_not_empty"),
            models.CheckConstraint(condition=~models.Q(company_name=""), name="a_company_has_a_name"),
            models.CheckConstraint(
                condition=models.Q(ends_on__isnull=True) | models.Q(ends_on__gt=models.F("starts_on")),
                name="corporate_account_ends_after_its_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.company_name} ({self.code})"
