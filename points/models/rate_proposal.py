"""A proposal for the rate book: what one person asks for and a second one approves, or not."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from points.models.exchange_rate import ExchangeRate
from points.models.program import Program


class RateAct(models.TextChoices):
    """What the proposal does to the rate book."""

    PUBLISH = "publish", _("Publish a rate")
    REPLAN = "replan", _("Replan a rate to come")
    LENGTHEN = "lengthen", _("Let a rate hold longer")


class ProposalState(models.TextChoices):
    """Proposed until somebody decides; a decision is final."""

    PROPOSED = "proposed", _("Waiting")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class RateProposal(models.Model):
    """Terms that are not in the rate book: nobody exchanges at them, and they stand in no other rate's way.

    Approving enters them there. Rows are never changed once decided (points/sql/approvals_v1.sql).
    """

    id = models.AutoField(primary_key=True)
    act = models.CharField(_("act"), max_length=8, choices=RateAct.choices, default=RateAct.PUBLISH)
    state = models.CharField(
        _("state"), max_length=9, choices=ProposalState.choices, default=ProposalState.PROPOSED
    )
    # The rate to replan or lengthen; for a new one, the rate that the approval made. Empty again where that
    # rate was withdrawn before it began.
    rate = models.ForeignKey(
        ExchangeRate,
        on_delete=models.SET_NULL,
        related_name="proposals",
        null=True,
        blank=True,
        verbose_name=_("exchange rate"),
    )
    source = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="+", verbose_name=_("from program")
    )
    target = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="+", verbose_name=_("to program")
    )
    numerator = models.PositiveIntegerField(_("target points"))
    denominator = models.PositiveIntegerField(_("for source points"), default=1)
    cap_per_member_day = models.PositiveIntegerField(
        _("source points a member may exchange a day (empty: no cap)"), null=True, blank=True
    )
    starts_at = models.DateTimeField(_("in force from (empty: from the approval on)"), null=True, blank=True)
    ends_at = models.DateTimeField(_("until (empty: until further notice)"), null=True, blank=True)
    is_successor = models.BooleanField(_("takes the place of the one in force"), default=False)
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
        verbose_name = _("rate proposal")
        verbose_name_plural = _("rate proposals")
        permissions = [
            ("can_propose_rate", "Can propose, end and withdraw exchange rates"),
            ("can_approve_rate", "Can approve and reject exchange rates that others propose"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(act__in=RateAct.values), name="proposal_act_is_known"),
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
                name="proposal_is_decided_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(source=F("target"))
                & Q(numerator__range=(1, 1_000_000))
                & Q(denominator__range=(1, 1_000_000))
                & (Q(cap_per_member_day__gte=1) | Q(cap_per_member_day__isnull=True)),
                name="proposal_terms_fit_the_rate_book",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(starts_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="proposal_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.denominator} {self.source.code} = {self.numerator} {self.target.code}"
