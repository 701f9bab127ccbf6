"""The member surface's door to tiers: my level, why I hold it, what keeps it, what comes next."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from activities.selectors.tier_progress import Goal, Period, Progress, Reason, tier_progress
from activities.selectors.tier_words import change_in_words, credits_in_words, reason_in_words
from common import clock
from common.errors import NotFound
from common.input import InstantField
from members.api.auth import MemberView
from members.models import Tier, TierCause, TierChange
from units.models import Sector

_CREDITS = _("Tier credits, with three decimals.")


class TierShape(serializers.Serializer[Any]):
    """A level of the group's ladder."""

    code = serializers.CharField()
    level = serializers.IntegerField(help_text=_("0 is the lowest."))
    name = serializers.CharField(help_text=_("In the language that was asked for."))


class ReasonShape(serializers.Serializer[Any]):
    """One thing that holds a level up."""

    tier = TierShape()
    cause = serializers.ChoiceField(TierCause.choices)
    through = serializers.DateField(allow_null=True, help_text=_("The last day, grace included; null: open."))
    words = serializers.CharField()


class SectorCredits(serializers.Serializer[Any]):
    """Credits of one sector in the period."""

    sector = serializers.ChoiceField(Sector.choices)
    credits = serializers.CharField(help_text=_CREDITS)


class PeriodShape(serializers.Serializer[Any]):
    """The days over which credits are summed today."""

    kind = serializers.ChoiceField(["rolling", "calendar"])
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(help_text=_("Included."))
    credits = serializers.CharField(help_text=_CREDITS)
    by_sector = SectorCredits(many=True)


class GoalShape(serializers.Serializer[Any]):
    """A level, what it asks, what is there and what is missing."""

    tier = TierShape()
    asked = serializers.CharField(help_text=_CREDITS)
    credits = serializers.CharField(help_text=_CREDITS)
    missing = serializers.CharField(help_text=_CREDITS)
    by = serializers.DateField(allow_null=True, help_text=_("The last day for it; null: none."))
    words = serializers.CharField()


class ProjectionShape(serializers.Serializer[Any]):
    """What I would hold from that day on if I did nothing until then."""

    tier = TierShape()
    on = serializers.DateField()


class ForLifeShape(serializers.Serializer[Any]):
    """A level that can be held for life."""

    tier = TierShape()
    credits = serializers.CharField(allow_null=True, help_text=_("In all; null: not by credits."))
    years = serializers.IntegerField(allow_null=True, help_text=_("In which it was earned; null: not so."))
    is_reached = serializers.BooleanField()


class RungShape(serializers.Serializer[Any]):
    """A level and the credits that it asks in the period."""

    tier = TierShape()
    credits = serializers.CharField(allow_null=True, help_text=_("Null: not earned by credits."))


class ChangeShape(serializers.Serializer[Any]):
    """One change of my level."""

    at = InstantField()
    before = TierShape(allow_null=True)
    after = TierShape()
    cause = serializers.ChoiceField(TierCause.choices)
    words = serializers.CharField()


class MyTierShape(serializers.Serializer[Any]):
    """My tier."""

    tier = TierShape()
    since = InstantField(allow_null=True, help_text=_("Null: from the beginning."))
    is_lifetime = serializers.BooleanField()
    valid_through = serializers.DateField(
        allow_null=True, help_text=_("Of the level that I earned; the days of grace come after it.")
    )
    review_on = serializers.DateField(
        allow_null=True, help_text=_("The first day on which I may hold less; null: no such day is known.")
    )
    reasons = ReasonShape(many=True)
    period = PeriodShape(allow_null=True)
    next = GoalShape(allow_null=True)
    keep = GoalShape(allow_null=True)
    projected = ProjectionShape(allow_null=True)
    total_credits = serializers.CharField(help_text=_CREDITS)
    for_life = ForLifeShape(many=True)
    ladder = RungShape(many=True)
    history = ChangeShape(many=True, help_text=_("Newest first, 50 at most."))


_SILVER = {"code": "SILVER", "level": 0, "name": "Silver"}
_GOLD = {"code": "GOLD", "level": 1, "name": "Gold"}
_PLATINUM = {"code": "PLATINUM", "level": 2, "name": "Platinum"}
_REACHED = "Gold was reached with 1,250 tier credits; it asks 1,000."
MY_TIER = OpenApiExample(
    "Gold, and on the way to Platinum",
    value={
        "tier": _GOLD,
        "since": "2026-03-01T04:12:00+00:00",
        "is_lifetime": False,
        "valid_through": "2027-03-01",
        "review_on": "2027-05-31",
        "reasons": [{"tier": _GOLD, "cause": "credits", "through": "2027-05-30", "words": _REACHED}],
        "period": {
            "kind": "rolling",
            "starts_on": "2025-06-16",
            "ends_on": "2026-06-15",
            "credits": "1650.500",
            "by_sector": [
                {"sector": "mall", "credits": "1200.500"},
                {"sector": "hotel", "credits": "450.000"},
            ],
        },
        "next": {
            "tier": _PLATINUM,
            "asked": "3000.000",
            "credits": "1650.500",
            "missing": "1349.500",
            "by": None,
            "words": "1,349.5 more tier credits for Platinum.",
        },
        "keep": {
            "tier": _GOLD,
            "asked": "1000.000",
            "credits": "400.500",
            "missing": "599.500",
            "by": "2027-05-30",
            "words": "599.5 more tier credits by 2027-05-30 keep Gold.",
        },
        "projected": {"tier": _SILVER, "on": "2027-05-31"},
        "total_credits": "1650.500",
        "for_life": [{"tier": _PLATINUM, "credits": "50000.000", "years": 10, "is_reached": False}],
        "ladder": [
            {"tier": _SILVER, "credits": None},
            {"tier": _GOLD, "credits": "1000.000"},
            {"tier": _PLATINUM, "credits": "3000.000"},
        ],
        "history": [
            {
                "at": "2026-03-01T04:12:00+00:00",
                "before": _SILVER,
                "after": _GOLD,
                "cause": "credits",
                "words": _REACHED,
            }
        ],
    },
    response_only=True,
)


class MyTier(MemberView):
    """Where I stand on the ladder."""

    @extend_schema(operation_id="my_tier", tags=["tiers"], responses=MyTierShape, examples=[MY_TIER])
    def get(self, _request: Request) -> Response:
        """My level, why I hold it, how far the next one is, what keeps it, and how it came about.

        `keep` and `projected` assume nothing: they tell what is missing, and what would be without it. 404
        where the group has no ladder.
        """
        progress = tier_progress(member_id=self.member.pk, at=clock.now())
        if progress is None:
            raise NotFound
        return Response(MyTierShape(_told(progress)).data)


def _told(progress: Progress) -> dict[str, Any]:
    return {
        "tier": _tier(progress.tier),
        "since": progress.since,
        "is_lifetime": progress.is_lifetime,
        "valid_through": progress.valid_through,
        "review_on": progress.review_on,
        "reasons": [_reason(reason) for reason in progress.reasons],
        "period": None if progress.period is None else _period(progress.period),
        "next": None
        if progress.next is None
        else _goal(progress.next, _("%(missing)s more tier credits for %(tier)s.")),
        "keep": None if progress.keep is None else _kept(progress.keep),
        "projected": None
        if progress.projected is None
        else {"tier": _tier(progress.projected[0]), "on": progress.projected[1]},
        "total_credits": _credits(progress.total_milli),
        "for_life": [
            {
                "tier": _tier(line.tier),
                "credits": _credits(line.asked_milli),
                "years": line.years,
                "is_reached": line.is_reached,
            }
            for line in progress.for_life
        ],
        "ladder": [{"tier": _tier(tier), "credits": _credits(milli)} for tier, milli in progress.ladder],
        "history": [_change(change) for change in progress.changes],
    }


def _tier(tier: Tier) -> dict[str, Any]:
    return {"code": tier.code, "level": tier.level, "name": str(tier)}


def _credits(milli: int | None) -> str | None:
    return (
        None if milli is None else f"{'-' if milli < 0 else ''}{abs(milli) // 1000}.{abs(milli) % 1000:03d}"
    )


def _reason(reason: Reason) -> dict[str, Any]:
    return {
        "tier": _tier(reason.tier),
        "cause": reason.cause,
        "through": reason.through,
        "words": reason_in_words(reason.cause, reason.tier, reason.evidence),
    }


def _period(period: Period) -> dict[str, Any]:
    return {
        "kind": "calendar" if period.is_calendar else "rolling",
        "starts_on": period.starts_on,
        "ends_on": period.ends_on,
        "credits": _credits(period.milli),
        "by_sector": [{"sector": sector, "credits": _credits(milli)} for sector, milli in period.by_sector],
    }


def _kept(goal: Goal) -> dict[str, Any]:
    if not goal.missing_milli:
        return _goal(goal, _("%(tier)s is kept: there are enough tier credits for the next review."))
    return _goal(goal, _("%(missing)s more tier credits by %(by)s keep %(tier)s."))


def _goal(goal: Goal, words: Any) -> dict[str, Any]:
    facts = {
        "tier": goal.tier,
        "missing": credits_in_words(goal.missing_milli),
        "by": goal.by.isoformat() if goal.by else "—",
    }
    return {
        "tier": _tier(goal.tier),
        "asked": _credits(goal.asked_milli),
        "credits": _credits(goal.milli),
        "missing": _credits(goal.missing_milli),
        "by": goal.by,
        "words": words % facts,
    }


def _change(change: TierChange) -> dict[str, Any]:
    return {
        "at": change.at,
        "before": None if change.from_tier is None else _tier(change.from_tier),
        "after": _tier(change.to_tier),
        "cause": change.cause,
        "words": change_in_words(change),
    }
