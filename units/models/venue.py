"""A venue: a place that a unit runs."""

from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from units.models.business_unit import CODE_PATTERN, BusinessUnit


def validate_time_zone(name: str) -> None:
    """Refuse what is not a name of the IANA time-zone database.

    :raises ValidationError: the name is unknown
    """
    if name not in available_timezones():
        raise ValidationError(
            _("%(name)s is not a time zone (for example Asia/Shanghai)"), params={"name": name}
        )


class Venue(models.Model):
    """An estate, a mall, a hotel or a tower. Its days begin and end in its own time zone."""

    id = models.AutoField(primary_key=True)
    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="venues", verbose_name=_("business unit")
    )
    code = models.CharField(_("code"), max_length=24, unique=True)
    name_zh = models.CharField(_("Chinese name"), max_length=80)
    name_en = models.CharField(_("English name"), max_length=80)
    time_zone = models.CharField(
        _("time zone"), max_length=40, default="Asia/Shanghai", validators=[validate_time_zone]
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("venue")
        verbose_name_plural = _("venues")
        constraints = [
            models.CheckConstraint(condition=models.Q(code__regex=CODE_PATTERN), name="venue_code_is_plain"),
            # What an outlet's (venue, unit) pair points at: see units/sql/outlet_of_its_venue_v1.sql.
            models.UniqueConstraint(fields=["id", "unit"], name="venue_and_its_unit"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.name_zh if (get_language() or "zh").startswith("zh") else self.name_en
