"""What the member's page shows of benefits: what they may use and why, and what was used."""

from datetime import datetime

from django.utils.translation import gettext as _

from benefits.admin.entitlement_grant import grant_address
from benefits.models import EntitlementEntry
from benefits.selectors.entitlements import entitlements_of
from benefits.selectors.usages import entries_of
from benefits.selectors.words import amount_in_words
from benefits.services.granting_by_hand import ASK_GRANT
from common.admin import Act, Panel, list_address, page_link
from members.admin.panels import member_panel
from members.models import Member
from members.selectors.aliases import survivor_of
from points.admin.moments import moment

ENTRIES_SHOWN = 20


@member_panel(place=32)
def entitlements_panel(member: Member, at: datetime) -> Panel:
    """A line a right."""
    return Panel(
        title=_("Entitlements"),
        headers=[_("benefit"), _("provided by"), _("left"), _("of"), _("period until"), _("over"), _("why")],
        rows=[
            (
                one.benefit,
                one.benefit.benefit.provider,
                amount_in_words(one.left, one.measure, one.benefit.currency),
                amount_in_words(one.given, one.measure, one.benefit.currency),
                one.period.ends_on or "—",
                moment(one.right.ends_at) or "—",
                one.why,
            )
            for one in entitlements_of(member_id=survivor_of(member.pk), at=at)
        ],
        note=_("As of this moment: derived from the rules in force, and from grants."),
        right=frozenset({2, 3}),
        act=Act(_("Give by hand"), grant_address(member=member.number), ASK_GRANT),
    )


@member_panel(place=33)
def usages_panel(member: Member, at: datetime) -> Panel:  # noqa: ARG001 -- the shape of every panel maker
    """The latest entries."""
    return Panel(
        title=_("Usages of entitlements"),
        headers=[
            _("happened"),
            _("kind"),
            _("benefit"),
            _("amount"),
            _("honoured by"),
            _("source reference"),
        ],
        rows=[
            (
                moment(entry.at),
                entry.get_kind_display(),
                page_link(EntitlementEntry, entry.pk, entry.version),
                amount_in_words(entry.amount, entry.version.benefit.kind.measure, entry.currency),
                entry.unit,
                entry.source_ref,
            )
            for entry in entries_of(member_id=survivor_of(member.pk))[:ENTRIES_SHOWN]
        ],
        note=_("The latest %(count)d.") % {"count": ENTRIES_SHOWN},
        more=list_address(EntitlementEntry, member__id__exact=member.pk),
    )
