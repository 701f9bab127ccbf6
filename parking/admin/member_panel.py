"""What the member's page shows of parking: the latest stays."""

from datetime import datetime

from django.utils.translation import gettext as _

from common.admin import Panel, list_address, page_link
from members.admin.panels import member_panel
from members.models import Member
from members.rules.masking import masked_plate
from members.selectors.aliases import ids_of
from parking.models import ParkingSession
from points.admin.moments import moment

SESSIONS_SHOWN = 10


@member_panel(place=37)
def parking_panel(member: Member, at: datetime) -> Panel:  # noqa: ARG001 -- the shape of every panel maker
    """Where the member's cars stood, newest first."""
    rows = ParkingSession.objects.filter(member_id__in=ids_of(member.pk)).select_related("car_park__unit")
    return Panel(
        title=_("Parking sessions"),
        headers=[_("began"), _("plate"), _("car park"), _("state"), _("fee")],
        rows=[
            (
                page_link(ParkingSession, one.pk, moment(one.began_at)),
                masked_plate(one.plate),
                one.car_park,
                one.get_state_display(),
                "—" if one.fee is None else f"{one.fee} {one.car_park.unit.currency}",
            )
            for one in rows.order_by("-began_at", "-id")[:SESSIONS_SHOWN]
        ],
        note=_("The latest %(count)d.") % {"count": SESSIONS_SHOWN},
        more=list_address(ParkingSession, member__id__exact=member.pk),
        right=frozenset({4}),
    )
