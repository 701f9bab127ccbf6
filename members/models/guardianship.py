"""Guardianship: the adult who answers for a member under 14."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models.lookups import GreaterThan
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from members.models.encrypted_field import EncryptedTextField, OctetLength
from members.models.member import Member


class DateRange(models.Func):
    """`daterange(starts_on, ends_on, '[)')` of two columns; an unknown end is open."""

    function = "DATERANGE"
    output_field = DateRangeField()


class Guardianship(models.Model):
    """Half-open days `[since, until)`. Made until the child's 14th birthday, it ends by itself that day."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    child = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="guardianships", verbose_name=_("child")
    )
    guardian = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="wards", verbose_name=_("guardian")
    )
    since = models.DateField(_("since"))
    until = models.DateField(_("until"))
    # What was seen, such as "household register, seen at the desk": no numbers of documents.
    evidence = EncryptedTextField(_("evidence"), owner="child_id")
    recorded_by = models.CharField(_("recorded by"), max_length=80)
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("guardianship")
        verbose_name_plural = _("guardianships")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(child=models.F("guardian")), name="nobody_is_their_own_guardian"
            ),
            models.CheckConstraint(
                condition=models.Q(until__gte=models.F("since")), name="guardianship_ends_after_its_start"
            ),
            models.CheckConstraint(
                condition=GreaterThan(OctetLength("evidence"), 0), name="guardianship_has_its_evidence"
            ),
            ExclusionConstraint(
                name="one_guardianship_a_pair_at_a_time",
                expressions=[
                    ("child", RangeOperators.EQUAL),
                    ("guardian", RangeOperators.EQUAL),
                    (DateRange("since", "until", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.guardian_id} for {self.child_id}"
