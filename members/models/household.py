"""A household: members who may pool their points, and who stands for it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from members.models.member import Member


class Household(models.Model):
    """Founded by its first head. Dissolved, it stays as a record; nobody is in it any more."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    head = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="+", verbose_name=_("head of the household")
    )
    founded_at = models.DateTimeField(_("founded"))
    dissolved_at = models.DateTimeField(_("dissolved"), null=True, blank=True)

    class Meta:
        verbose_name = _("household")
        verbose_name_plural = _("households")
        constraints = [
            models.UniqueConstraint(
                fields=["head"],
                condition=models.Q(dissolved_at__isnull=True),
                name="head_of_one_household_at_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(dissolved_at__isnull=True)
                | models.Q(dissolved_at__gte=models.F("founded_at")),
                name="household_is_dissolved_after_it_is_founded",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)[-8:]
