"""Who is, was, or is asked to be in a household."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from members.models.household import Household
from members.models.member import Member


class HouseholdState(models.TextChoices):
    """Invited until answered; accepted until they leave or are removed. Ended rows stay as a record."""

    INVITED = "invited", _("Invited")
    ACCEPTED = "accepted", _("In the household")
    DECLINED = "declined", _("Declined")
    LEFT = "left", _("Left")
    REMOVED = "removed", _("Removed")


class HouseholdMember(models.Model):
    """A member's place in a household. Points go between those who accepted, and only theirs who share."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    household = models.ForeignKey(
        Household, on_delete=models.PROTECT, related_name="places", verbose_name=_("household")
    )
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="household_places", verbose_name=_("member")
    )
    state = models.CharField(_("state"), max_length=8, choices=HouseholdState.choices)
    # Consent, given and taken back by the member alone: others of the household may pay with these points.
    shares_points = models.BooleanField(_("shares points"), default=False)
    invited_at = models.DateTimeField(_("invited"))
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("place in a household")
        verbose_name_plural = _("places in households")
        constraints = [
            models.UniqueConstraint(
                fields=["member"], condition=models.Q(state="accepted"), name="one_household_at_a_time"
            ),
            models.UniqueConstraint(
                fields=["household", "member"],
                condition=models.Q(state__in=["invited", "accepted"]),
                name="one_open_place_a_household_and_member",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=HouseholdState.values), name="household_state_is_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["accepted", "left", "removed"])
                | models.Q(accepted_at__isnull=False),
                name="who_was_in_a_household_accepted",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["invited", "accepted"], ended_at__isnull=True)
                | models.Q(state__in=["declined", "left", "removed"], ended_at__isnull=False),
                name="a_place_ends_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} ({self.state})"
