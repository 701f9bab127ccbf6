"""What the member's page shows of tiers: what is held and why, what keeps it, and how it came about."""

from datetime import datetime

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from activities.models import TierCredit
from activities.selectors.tier_progress import Goal, Progress, tier_progress
from activities.selectors.tier_words import change_in_words, credits_in_words, reason_in_words
from activities.services.tier_hands import GIVE_TIER
from common.admin import Act, Panel, list_address
from members.admin.panels import member_panel
from members.models import Member
from points.admin.moments import moment

CHANGES_SHOWN = 10


@member_panel(place=5)
def tier_panel(member: Member, at: datetime) -> Panel:
    """The level, each thing that holds it up, and what comes next."""
    progress = tier_progress(member_id=member.pk, at=at)
    address = reverse("admin:activities_tiergrant_add")
    return Panel(
        title=_("Tier") if progress is None else _("Tier: %(tier)s") % {"tier": progress.tier},
        headers=[_("tier"), _("why"), _("through")],
        rows=[] if progress is None else _reasons(progress),
        note="" if progress is None else _note(progress),
        more=list_address(TierCredit, member__id__exact=member.pk),
        act=Act(_("Give a tier"), f"{address}?{urlencode({'number': member.number})}", GIVE_TIER),
    )


@member_panel(place=36)
def tier_history_panel(member: Member, at: datetime) -> Panel:
    """Each change of level, newest first, in words."""
    progress = tier_progress(member_id=member.pk, at=at)
    changes = [] if progress is None else progress.changes[:CHANGES_SHOWN]
    return Panel(
        title=_("Tier history"),
        headers=[_("when"), _("from"), _("to"), _("cause"), _("why"), _("by")],
        rows=[
            (
                moment(change.at),
                change.from_tier or "—",
                change.to_tier,
                change.get_cause_display(),
                change_in_words(change),
                change.by,
            )
            for change in changes
        ],
    )


def _reasons(progress: Progress) -> list[tuple[object, object, object]]:
    return [
        (
            reason.tier,
            reason_in_words(reason.cause, reason.tier, reason.evidence),
            reason.through.isoformat() if reason.through else "—",
        )
        for reason in progress.reasons
    ]


def _note(progress: Progress) -> str:
    """The period, what is missing for the next level, what keeps this one."""
    told = []
    if progress.period is not None:
        told.append(
            _("%(credits)s tier credits from %(first)s to %(last)s.")
            % {
                "credits": credits_in_words(progress.period.milli),
                "first": progress.period.starts_on,
                "last": progress.period.ends_on,
            }
        )
    if progress.next is not None:
        told.append(_said(_("%(missing)s more tier credits for %(tier)s."), progress.next))
    if progress.keep is not None and progress.keep.missing_milli:
        told.append(_said(_("%(missing)s more tier credits by %(by)s keep %(tier)s."), progress.keep))
    if progress.projected is not None:
        tier, on = progress.projected
        told.append(_("Without more: %(tier)s from %(day)s on.") % {"tier": tier, "day": on})
    return " ".join(told)


def _said(words: str, goal: Goal) -> str:
    return words % {"tier": goal.tier, "missing": credits_in_words(goal.missing_milli), "by": goal.by or "—"}
