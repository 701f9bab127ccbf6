"""A fact set: a named set of members that a floor above, or an operator, tells this one."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.utils.translation import gettext_lazy as _

from benefits.models.benefit import CODE, in_reader_language
from members.models import Member


class FactSet(models.Model):
    """Such as "cyclists of the tower" or "won back in May": what it means is known to whoever fills it."""

    id = models.AutoField(primary_key=True)
    code = models.CharField(_("code"), max_length=40, unique=True)
    name_zh = models.CharField(_("Chinese name"), max_length=80)
    name_en = models.CharField(_("English name"), max_length=80)

    class Meta:
        verbose_name = _("segment told to benefits")
        verbose_name_plural = _("segments told to benefits")
        constraints = [
            models.CheckConstraint(condition=models.Q(code__regex=CODE), name="fact_set_code_is_plain"),
        ]

    def __str__(self) -> str:
        return in_reader_language(self.name_zh, self.name_en)


class FactSetMember(models.Model):
    """A member is in the set from when to when."""

    id = models.BigAutoField(primary_key=True)
    fact_set = models.ForeignKey(
        FactSet, on_delete=models.CASCADE, related_name="places", verbose_name=_("segment")
    )
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="fact_sets", verbose_name=_("member")
    )
    during = DateTimeRangeField(_("in it"))
    told_by = models.CharField(_("told by"), max_length=80)

    class Meta:
        verbose_name = _("member of a segment")
        verbose_name_plural = _("members of segments")
        constraints = [
            ExclusionConstraint(
                name="in_a_fact_set_once_at_a_time",
                expressions=[
                    ("fact_set", RangeOperators.EQUAL),
                    ("member", RangeOperators.EQUAL),
                    ("during", RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fact_set_id} {self.member_id}"
