"""An assessment: what an activity earned by the rules, and every rule that was looked at."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from activities.models.activity import Activity


class Assessment(models.Model):
    """Of each activity of a member, as it stands. Postings are made to agree with it, never the other way.

    Where other activities have a say (caps, first visits) it is made anew when one of them comes late or is
    refunded; `revision` counts, and `earlier` keeps what stood before.
    """

    activity = models.OneToOneField(
        Activity,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="assessment",
        verbose_name=_("activity"),
    )
    revision = models.PositiveSmallIntegerField(_("revision"), default=0)
    # Others of the member's, or a budget, have a say in it.
    needs_history = models.BooleanField(_("depends on other activities"), default=False)
    # What each lot of it is: [[program id, label, points], …]; see rules/earn_facts.Parcel.
    parcels = models.JSONField(_("points"), default=list)
    # [[rule id, reason, ten-thousandths of a point], …]; see rules/earn_trace.py.
    trace = models.JSONField(_("trace"), default=list)
    # What each line gave, in proportion, where that is not its amount: [[program id, [weight, …]], …].
    weights = models.JSONField(_("weights of lines"), default=list)
    # What rules asked of the member as they were then: {"status": …, "tier": …, "segments": […], …}.
    facts = models.JSONField(_("facts"), default=dict)
    # [{"revision": …, "at": …, "parcels": …, "trace": …}, …]
    earlier = models.JSONField(_("earlier"), default=list)

    class Meta:
        verbose_name = _("assessment")
        verbose_name_plural = _("assessments")

    def __str__(self) -> str:
        return f"{self.activity_id} ({self.revision})"


class BudgetUse(models.Model):
    """What has been given of the budget of a rule: whoever comes first is served first."""

    code = models.CharField(_("rule code"), max_length=50, primary_key=True)
    given = models.BigIntegerField(_("points given"), default=0)

    class Meta:
        verbose_name = _("budget used")
        verbose_name_plural = _("budgets used")
        constraints = [
            models.CheckConstraint(condition=models.Q(given__gte=0), name="budget_given_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.given}"
