"""What the members' floor tells at the head of a member's page and on its line of time."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from members.admin.tiles import Tile, member_tile
from members.admin.timeline import Moment, moment_source
from members.models import Enrolment, EventCause, EventKind, Member, MemberEvent, TierChange
from members.selectors.aliases import ids_of
from members.selectors.households import household_of, places_in
from members.selectors.residencies import roles_of
from members.selectors.tiers import tier_of

_ICONS: Final = {
    EventKind.FROZEN: "ac_unit",
    EventKind.UNFROZEN: "lock_open",
    EventKind.CLOSED: "door_front",
    EventKind.REOPENED: "door_open",
    EventKind.BOUND: "link",
    EventKind.UNBOUND: "link_off",
    EventKind.GUARDED: "escalator_warning",
    EventKind.GUARD_ENDED: "escalator_warning",
    EventKind.MERGED: "call_merge",
    EventKind.UNMERGED: "call_split",
}


@member_tile(place=10)
def standing_tiles(member: Member, at: datetime) -> Iterable[Tile]:
    """Level, units, household, roles."""
    tier = tier_of(member.pk)
    if tier is not None:
        held = getattr(member, "tier_held", None)
        since = "" if held is None else _("since %(day)s") % {"day": f"{held.since:%Y-%m-%d}"}
        yield Tile(_("Tier"), tier, since)
    codes = Enrolment.objects.filter(member__in=ids_of(member.pk)).order_by("unit__code")
    units = list(dict.fromkeys(codes.values_list("unit__code", flat=True)))
    yield Tile(_("Business units"), len(units), ", ".join(units) or "—")
    roles = roles_of(member_id=member.pk, at=at)
    if roles:
        words = "; ".join(f"{role.role.label} · {role.venue}" for role in roles[:3])
        yield Tile(_("Property roles"), len(roles), words)
    household = household_of(member_id=member.pk)
    if household is not None:
        people = places_in(household=household).count()
        is_head = household.head_id == member.pk
        yield Tile(_("Household"), people, _("heads it") if is_head else _("is in it"))


@moment_source
def events(ids: Sequence[UUID], count: int) -> Iterable[Moment]:
    """Frozen, closed, bound, merged."""
    found = MemberEvent.objects.filter(member__in=ids).order_by("-at", "-id")[:count]
    told: set[tuple[object, ...]] = set()
    for event in found:
        # A merge stands in both histories; a person's line of time tells it once.
        once = (event.kind, event.at, event.by)
        if event.kind in {EventKind.MERGED, EventKind.UNMERGED} and once in told:
            continue
        told.add(once)
        why = event.get_cause_display() if event.cause != EventCause.BY_HAND else ""
        yield Moment(
            at=event.at,
            icon=_ICONS.get(EventKind(event.kind), "info"),
            words=event.get_kind_display(),
            detail=event.reason or why,
            by=event.by,
        )


@moment_source
def tier_changes(ids: Sequence[UUID], count: int) -> Iterable[Moment]:
    """Up and down the ladder."""
    found = TierChange.objects.filter(member__in=ids).select_related("from_tier", "to_tier")
    for change in found.order_by("-at", "-id")[:count]:
        was = change.from_tier
        is_up = was is None or was.level < change.to_tier.level
        yield Moment(
            at=change.at,
            icon="trending_up" if is_up else "trending_down",
            words=_("Tier: %(tier)s") % {"tier": change.to_tier},
            detail=change.get_cause_display(),
            figure=f"{was or '—'} → {change.to_tier}",
            by=change.by,
        )


@moment_source
def enrolments(ids: Sequence[UUID], count: int) -> Iterable[Moment]:
    """A unit came to know them."""
    found = Enrolment.objects.filter(member__in=ids).select_related("unit").order_by("-joined_at", "-id")
    for enrolment in found[:count]:
        yield Moment(
            at=enrolment.joined_at,
            icon="badge",
            words=_("Joined %(unit)s") % {"unit": enrolment.unit.name},
            detail=enrolment.legacy_card or enrolment.channel,
            sector=enrolment.unit.sector,
        )
