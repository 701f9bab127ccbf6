"""A monthly pass: a plate parks without a fee for some days, as long as its holder lives or works there."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from members.models import Identity, Member, Residency
from members.models.guardianship import DateRange
from parking.models.car_park import CarPark


class ParkingPass(models.Model):
    """Half-open days `[starts_on, ends_on)` at the venue. It holds only while the residency is in force,
    too.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    car_park = models.ForeignKey(
        CarPark, on_delete=models.PROTECT, related_name="passes", verbose_name=_("car park")
    )
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="parking_passes", verbose_name=_("member")
    )
    residency = models.ForeignKey(
        Residency, on_delete=models.PROTECT, related_name="+", verbose_name=_("residency")
    )
    vehicle = models.ForeignKey(Identity, on_delete=models.PROTECT, related_name="+", verbose_name=_("plate"))
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("first day without it"))
    source_ref = models.CharField(_("source reference"), max_length=128)
    issued_at = models.DateTimeField(_("issued"))
    issued_by = models.CharField(_("issued by"), max_length=80)
    ended_by = models.CharField(_("ended by"), max_length=80, blank=True, default="")

    class Meta:
        verbose_name = _("parking pass")
        verbose_name_plural = _("parking passes")
        constraints = [
            models.UniqueConstraint(fields=["car_park", "source_ref"], name="parking_pass_issued_once"),
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on")),
                name="parking_pass_ends_after_its_start",
            ),
            ExclusionConstraint(
                name="one_pass_a_plate_at_a_time",
                expressions=[
                    ("car_park", RangeOperators.EQUAL),
                    ("vehicle", RangeOperators.EQUAL),
                    (DateRange("starts_on", "ends_on", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [models.Index(fields=["vehicle", "car_park"], name="parking_pass_of_vehicle")]

    def __str__(self) -> str:
        return f"{self.car_park.code} {self.starts_on} – {self.ends_on}"
