"""What the member's page shows of members: identities (masked) and enrolments."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from common.admin import Panel
from members.admin.panels import member_panel
from members.models import Enrolment, Identity, Member
from members.rules.masking import masked_identity
from members.rules.ways_in import way_in_words


@member_panel(place=40)
def enrolments_panel(member: Member, at: datetime) -> Panel:  # noqa: ARG001 -- the shape of every panel maker
    """A line a card."""
    enrolments = Enrolment.objects.filter(member=member).select_related("unit").order_by("joined_at", "id")
    return Panel(
        title=_("Enrolments"),
        headers=[_("business unit"), _("legacy card"), _("legacy tier"), _("channel"), _("joined")],
        rows=[
            (
                enrolment.unit,
                enrolment.legacy_card or "—",
                enrolment.tier_hint or "—",
                way_in_words(enrolment.channel),
                _day(enrolment.joined_at),
            )
            for enrolment in enrolments
        ],
    )


@member_panel(place=50)
def identities_panel(member: Member, at: datetime) -> Panel:  # noqa: ARG001 -- the shape of every panel maker
    """What finds the member, masked."""
    identities = Identity.objects.filter(member=member).order_by("kind", "id")
    return Panel(
        title=_("Identities"),
        headers=[_("kind"), _("value (masked)"), _("active"), _("how it was proven"), _("proven")],
        rows=[
            (
                identity.get_kind_display(),
                masked_identity(identity.kind, identity.value),
                _("Yes") if identity.is_active else _("No"),
                way_in_words(identity.proof),
                _day(identity.proven_at),
            )
            for identity in identities
        ],
        note=_("Values are encrypted at rest and shown masked."),
    )


def _day(instant: datetime) -> str:
    return date_format(timezone.localtime(instant), "Y-m-d")
