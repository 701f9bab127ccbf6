"""A match candidate: two members who may be one person, for a person to decide."""

from django.db import models
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext_lazy as _

from members.models.member import Member
from units.models import BusinessUnit


class MatchState(models.TextChoices):
    """What was decided."""

    OPEN = "open", _("Open")
    SAME = "same", _("One person")
    DIFFERENT = "different", _("Two people")
    LATER = "later", _("Put off")


class MatchCandidate(models.Model):
    """The newer member came with a list of `unit`; the other was there before. Asked once a pair.

    `evidence` says how each field agrees (`{"name": "same", …}`) and holds nothing of the people themselves.
    """

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="asked_about", verbose_name=_("new member")
    )
    other = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="asked_about_as_other", verbose_name=_("known member")
    )
    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="+", verbose_name=_("business unit")
    )
    score = models.FloatField(_("score"))
    evidence = models.JSONField(_("evidence"), default=dict)
    veto = models.CharField(_("why a person decides"), max_length=20, blank=True, default="")
    state = models.CharField(_("state"), max_length=9, choices=MatchState.choices, default=MatchState.OPEN)
    created_at = models.DateTimeField(_("created"))
    decided_by = models.CharField(_("decided by"), max_length=80, blank=True, default="")
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        verbose_name = _("match candidate")
        verbose_name_plural = _("match candidates")
        permissions = [("decide_matchcandidate", "Can decide match candidates")]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(member=models.F("other")), name="match_candidate_is_of_two"
            ),
            models.UniqueConstraint(
                Least("member", "other"), Greatest("member", "other"), name="match_candidate_once_a_pair"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=MatchState.values), name="match_candidate_state_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(score__gte=0, score__lte=1), name="match_candidate_score_is_a_share"
            ),
            models.CheckConstraint(
                condition=models.Q(state=MatchState.OPEN, decided_at=None, decided_by="")
                | (
                    ~models.Q(state=MatchState.OPEN)
                    & models.Q(decided_at__isnull=False)
                    & ~models.Q(decided_by="")
                ),
                name="match_candidate_decision_says_who",
            ),
        ]
        indexes = [
            models.Index(
                fields=["-score", "id"],
                condition=models.Q(state=MatchState.OPEN),
                name="match_candidate_queue",
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
