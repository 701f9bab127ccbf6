"""What the member's page shows of activities: the latest."""

from datetime import datetime

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from activities.models import Activity
from common.admin import Panel, list_address, page_link
from members.admin.panels import member_panel
from members.models import Member
from members.selectors.aliases import ids_of
from points.admin.moments import moment

ACTIVITIES_SHOWN = 20


@member_panel(place=35)
def activities_panel(member: Member, at: datetime) -> Panel:  # noqa: ARG001 -- the shape of every panel maker
    """What the member did, newest first."""
    activities = (
        Activity.objects.filter(member__in=ids_of(member.pk))
        .select_related("unit", "outlet")
        .order_by("-occurred_at", "-id")
    )
    rows = [
        (
            moment(activity.occurred_at),
            activity.get_kind_display(),
            activity.unit,
            activity.outlet or "—",
            f"{number_format(activity.amount, 2, force_grouping=True)} {activity.currency}",
            page_link(Activity, activity.pk, activity.source_ref),
            _("Generated") if activity.is_generated else "—",
        )
        for activity in activities[:ACTIVITIES_SHOWN]
    ]
    return Panel(
        title=_("Activities"),
        headers=[
            _("happened"),
            _("kind"),
            _("business unit"),
            _("outlet"),
            _("amount"),
            _("source reference"),
            _("origin"),
        ],
        rows=rows,
        note=_("The latest %(count)d.") % {"count": ACTIVITIES_SHOWN},
        more=list_address(Activity, member__id__exact=member.pk),
        right=frozenset({4}),
    )
