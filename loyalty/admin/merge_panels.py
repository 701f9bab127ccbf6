"""A merge in words: what moves and what stays, read from the ids that its effects name."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.admin import Panel, page_link
from members.models import (
    Enrolment,
    Guardianship,
    HouseholdMember,
    Identity,
    MatchCandidate,
    Member,
    MemberMerge,
    MemberUnmerge,
    Residency,
    Tier,
)
from members.rules.masking import masked_identity, masked_name
from members.selectors.candidates import side_by_side

Effects = Mapping[str, Any]
Line = tuple[object, object, object]


def people_panel(survivor: Member, alias: Member) -> Panel:
    """The two, field by field, masked."""
    pair = MatchCandidate(member=alias, other=survivor, evidence={})
    names = {
        "number": _("member number"),
        "name": _("full name"),
        "birth_date": _("birth date"),
        "gender": _("gender"),
        "address": _("address"),
        "phone": _("phone"),
        "email": _("e-mail"),
    }
    rows: list[Sequence[object]] = [
        (names[line.field], line.known or "—", line.new or "—") for line in side_by_side(pair)
    ]
    rows = [(capfirst(str(name)), *values) for name, *values in rows]
    rows.append((capfirst(_("status")), survivor.get_status_display(), alias.get_status_display()))
    return Panel(
        title=_("The two members"),
        headers=[_("field"), _("stays"), _("is merged away")],
        rows=rows,
        note=_("Values are shown masked."),
    )


def effect_panels(effects: Effects) -> list[Panel]:
    """What a merge moves and, where there is something, what it leaves."""
    staying = _staying_panel(effects)
    return [_moving_panel(effects), *([staying] if staying.rows else [])]


def _moving_panel(effects: Effects) -> Panel:
    """Everything that becomes the survivor's."""
    rows = [*_people_rows(effects), *_wallet_rows(effects), *_other_rows(effects)]
    return Panel(
        title=_("What moves to the member who stays"),
        headers=[_("what"), _("how many"), _("which")],
        rows=rows,
        right=frozenset({1}),
        note=_("The other number keeps resolving to the member who stays, everywhere. It can be undone."),
    )


def _staying_panel(effects: Effects) -> Panel:
    """What is left with the alias because the survivor has the same."""
    stays = effects["stays"]
    why = _("the member who stays has the same; it counts all the same")
    rows = [
        (_("Enrolments"), _enrolments(stays["enrolments"]), why),
        (_("Residencies"), _residencies(stays["residencies"]), why),
        (_("Guardians"), len(stays["guardianships"]), why),
        (_("Household"), len(stays["places"]), why),
    ]
    return Panel(
        title=_("What stays with the other number"),
        headers=[_("what"), _("which"), _("reason")],
        rows=[row for row in rows if row[1]],
    )


def returning_panel(effects: Effects) -> Panel:
    """What goes back to the alias."""
    rows: list[Line] = []
    if "identities" in effects:
        rows += _people_rows(effects)
    rows += [
        (_("Points, %(program)s") % {"program": told["program"]}, f"{told['points']:,}", _debt(told))
        for told in effects["wallets"]
        if told["points"] or told["debt"]
    ]
    rows += _tier_row(effects, is_back=True)
    if effects.get("tokens"):
        rows.append((_("Sign-ins ended"), effects["tokens"], _("made while the two were one")))
    return Panel(
        title=_("What goes back"),
        headers=[_("what"), _("how many"), _("which")],
        rows=rows,
        right=frozenset({1}),
    )


def kept_panel(effects: Effects) -> Panel:
    """What cannot go back, and why: the honest part."""
    rows: list[Line] = []
    for told in effects["wallets"]:
        for reason, points in (
            (_("spent or refunded since the merge"), told["spent"]),
            (_("expired since the merge"), told["expired"]),
            (_("held for a sale in progress: undo once more when it has ended"), told["held"]),
            (_("debt that was repaid since the merge"), told["repaid"]),
        ):
            if points:
                rows.append((_("Points, %(program)s") % {"program": told["program"]}, f"{points:,}", reason))
    tier = effects.get("tier")
    if tier and tier["stays"]:
        rows.append((_("Tier"), tier["to"], _("decided anew since the merge; the next review looks at it")))
    if effects.get("ended"):
        rows.append((_("Identities"), len(effects["ended"]), _("unbound since: they come back ended")))
    names: dict[str, str] = {
        "enrolment": _("Enrolments"),
        "residency": _("Residencies"),
        "guardianship": _("Guardians"),
        "place": _("Household"),
    }
    rows += [
        (names[name], len(keys), _("ended or changed since the merge"))
        for name, keys in effects.get("stays", {}).items()
        if keys
    ]
    if not rows:
        rows.append((_("Nothing"), "—", _("everything goes back")))
    return Panel(
        title=_("What stays with the member who was kept, and why"),
        headers=[_("what"), _("how many"), _("reason")],
        rows=rows,
        right=frozenset({1}),
        note=_("What was earned or agreed while the two were one stays with the member who was kept."),
    )


def outcome_panels(merge: MemberMerge) -> list[Panel]:
    """The merge and each undoing of it, for its page."""
    panels = [
        people_panel(merge.survivor, merge.alias),
        *effect_panels(merge.effects),
    ]
    for undone in MemberUnmerge.objects.filter(merge=merge).order_by("turn"):
        panels += [returning_panel(undone.effects), kept_panel(undone.effects)]
    return panels


def _people_rows(effects: Effects) -> list[Line]:
    identities = Identity.objects.filter(pk__in=effects["identities"]).order_by("kind", "pk")
    told = [f"{one.get_kind_display()} {masked_identity(one.kind, one.value)}" for one in identities]
    guards = [*effects["as_child"], *effects["as_guardian"]]
    filled = [_fields()[name] for name in effects["filled"]]
    aliases = Member.objects.filter(pk__in=effects["aliases"]).order_by("number")
    rows: list[Line] = [
        (_("Identities"), len(told), ", ".join(told)),
        (_("Enrolments"), len(effects["enrolments"]), _enrolments(effects["enrolments"])),
        (_("Residencies"), len(effects["residencies"]), _residencies(effects["residencies"])),
        (_("Guardians"), len(guards), _guardians(guards)),
        (_("Household"), len(effects["places"]), _places(effects["places"])),
        (_("Filled in"), len(filled), ", ".join(filled)),
        (_("Other numbers"), len(effects["aliases"]), ", ".join(one.number for one in aliases)),
    ]
    return [row for row in rows if row[1]]


def _wallet_rows(effects: Effects) -> list[Line]:
    return [
        (_("Points, %(program)s") % {"program": told["program"]}, f"{told['points']:,}", _debt(told))
        for told in effects["wallets"]
    ]


def _debt(told: Mapping[str, Any]) -> str:
    if not told["debt"]:
        return _("every lot keeps its issuer, cost and end")
    return _("and a debt of %(points)s") % {"points": f"{told['debt']:,}"}


def _other_rows(effects: Effects) -> list[Line]:
    rows = _tier_row(effects, is_back=False)
    if effects["tokens"]:
        rows.append((_("Sign-ins ended"), effects["tokens"], _("the app signs in anew")))
    if effects["candidates"]:
        count = len(effects["candidates"])
        words = ngettext("answered: one person", "answered: one person", count)
        rows.append((_("Match candidates"), count, words))
    return rows


def _tier_row(effects: Effects, *, is_back: bool) -> list[Line]:
    tier = effects.get("tier")
    if not tier or (is_back and tier["stays"]):
        return []
    names = {one.code: str(one) for one in Tier.objects.filter(code__in=[tier["from"], tier["to"]])}
    was, now = (names.get(tier[side], tier[side]) for side in ("from", "to"))
    return [(_("Tier"), "1", f"{was} → {now}")]


def _enrolments(keys: Sequence[int]) -> str:
    found = Enrolment.objects.filter(pk__in=keys).select_related("unit").order_by("unit__code", "pk")
    return ", ".join(f"{one.unit.code} {one.legacy_card or ''}".strip() for one in found)


def _residencies(keys: Sequence[str]) -> str:
    found = Residency.objects.filter(pk__in=keys).select_related("venue").order_by("starts_on", "pk")
    return ", ".join(f"{one.get_role_display()} · {one.venue}" for one in found)


def _guardians(keys: Sequence[str]) -> str:
    found = (
        Guardianship.objects.filter(pk__in=keys).select_related("child", "guardian").order_by("since", "pk")
    )
    return ", ".join(f"{one.guardian.number} → {one.child.number}" for one in found)


def _places(keys: Sequence[str]) -> str:
    found = HouseholdMember.objects.filter(pk__in=keys).select_related("household").order_by("pk")
    return ", ".join(f"{one.household} ({one.get_state_display()})" for one in found)


def _fields() -> Mapping[str, str]:
    return {
        "name": _("full name"),
        "birth_date": _("birth date"),
        "gender": _("gender"),
        "address": _("address"),
    }


def told_member(member: Member) -> object:
    """A link with number and masked name."""
    return page_link(Member, member.pk, f"{member.number} {masked_name(member.name)}")
