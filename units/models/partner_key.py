"""A partner key: what lets a till, a hotel system or a gate act for a unit."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from units.models.business_unit import BusinessUnit


class PartnerKey(models.Model):
    """One credential of one partner system, bound to units and to actions.

    Only a digest of the secret is kept: what was shown once at issue cannot be read again.
    """

    id = models.AutoField(primary_key=True)
    name = models.CharField(_("partner system"), max_length=80)
    prefix = models.CharField(_("key prefix"), max_length=12, unique=True)
    secret_sha256 = models.BinaryField(max_length=32, editable=False)
    units = models.ManyToManyField(
        BusinessUnit, related_name="partner_keys", verbose_name=_("business units")
    )
    scopes = ArrayField(models.CharField(max_length=40), verbose_name=_("allowed actions"))
    created_at = models.DateTimeField(_("issued"))
    issued_by = models.CharField(_("issued by"), max_length=80)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revoked_by = models.CharField(_("revoked by"), max_length=80, blank=True, default="")

    class Meta:
        verbose_name = _("partner key")
        verbose_name_plural = _("partner keys")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(revoked_at__isnull=True, revoked_by="")
                | models.Q(revoked_at__isnull=False, revoked_by__gt=""),
                name="partner_key_says_who_revoked_it",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
