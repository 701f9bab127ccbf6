"""A mark that reference data changed: what processes keep of it is read anew (selectors/reference.py)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ReferenceChange(models.Model):
    """One statement that changed units, places, programs, earn rules or tier schemes. Written by a trigger.

    The number is drawn, not counted: a mark that was rolled back is never made again.
    """

    token = models.BigIntegerField(_("number"))
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        verbose_name = _("change of reference data")
        verbose_name_plural = _("changes of reference data")

    def __str__(self) -> str:
        return str(self.token)
