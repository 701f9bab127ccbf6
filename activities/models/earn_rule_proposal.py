"""A proposal for an earn rule: what one person asks for and a second one approves, or not."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from activities.models.earn_terms import EarnTerms, effect_fits
from points.models import ProposalState


class EarnRuleProposal(EarnTerms):
    """Terms by which nothing is earned yet. Approving makes them the next version of their code.

    Rows never change once decided (sql/earn_rules_v1.sql).
    """

    id = models.AutoField(primary_key=True)
    state = models.CharField(
        _("state"), max_length=9, choices=ProposalState.choices, default=ProposalState.PROPOSED
    )
    starts_at = models.DateTimeField(_("in force from (empty: from the approval on)"), null=True, blank=True)
    ends_at = models.DateTimeField(_("until (empty: until further notice)"), null=True, blank=True)
    is_successor = models.BooleanField(_("takes the place of the one in force"), default=True)
    # The version that the approval made.
    version = models.PositiveIntegerField(_("version"), null=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("proposed by")
    )
    proposed_at = models.DateTimeField(_("proposed"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    note = models.CharField(_("note"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("earn rule proposal")
        verbose_name_plural = _("earn rule proposals")
        permissions = [
            ("can_propose_earn_rule", "Can propose, end and withdraw earn rules"),
            ("can_approve_earn_rule", "Can approve and reject earn rules that others propose"),
        ]
        constraints = [
            *effect_fits("earn_proposal"),
            models.CheckConstraint(
                condition=Q(state="proposed", decided_by=None, decided_at=None)
                | Q(
                    ~Q(decided_by=F("proposed_by")),
                    state__in=["approved", "rejected"],
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                )
                # Both must be there: a CHECK lets NULL by.
                | Q(
                    state="withdrawn",
                    decided_by=F("proposed_by"),
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                ),
                name="earn_proposal_is_decided_by_another",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(starts_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="earn_proposal_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} ({self.pk})"
