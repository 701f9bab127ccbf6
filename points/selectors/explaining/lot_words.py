"""A lot in words: how it was earned, what became of it, why it dies when it does."""

from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from points.models import ExpiryKind, Lot, PostingKind, Program
from points.selectors.explaining.lot import Ancestor, LotDraw, LotExplanation, Origin
from points.selectors.explaining.words import (
    Line,
    day_told,
    equation,
    instant_told,
    many_of_kind,
    money,
    rule_told,
    who,
)


def headline(explained: LotExplanation) -> str:
    """`850 = points given (1,000) − 1 redemption (200) + 1 reversal (50)`."""
    return equation(explained.lot.remaining, by_kind(explained))


def by_kind(explained: LotExplanation) -> list[Line]:
    """What was given and what moved it, by kind of posting."""
    given = Line("given", explained.lot.points, _("points given"))
    return [
        given,
        *(Line(term.kind, term.points, many_of_kind(term.kind, term.postings)) for term in explained.terms),
    ]


def birth_told(explained: LotExplanation, *, viewer: UUID | None = None) -> str:
    """Accrual at Hotel on 14 March 2025 under rule 12 v3, by a partner system."""
    posting = explained.lot.posting
    told = _("%(kind)s at %(unit)s on %(day)s") % {
        "kind": posting.get_kind_display(),
        "unit": posting.unit.name,
        "day": instant_told(posting.occurred_at),
    }
    if posting.rule:
        told = _("%(what)s under %(rule)s") % {"what": told, "rule": rule_told(posting.rule)}
    if explained.birth_is_veiled:
        return _("%(what)s, by another member") % {"what": told}
    return _("%(what)s, by %(who)s") % {"what": told, "who": who(posting.actor, viewer=viewer)}


def expiry_told(explained: LotExplanation) -> str:
    """Why the lot dies when it does."""
    lot = explained.lot
    if explained.last_valid_on is None:
        return _("These points do not expire.")
    day = day_told(explained.last_valid_on)
    match explained.origin:
        case Origin.ROLLING:
            return _renewal_told(explained, day)
        case Origin.GRACE:
            return _("Good through %(day)s: a grace, for the points came back after their lot had died.") % {
                "day": day
            }
        case Origin.INHERITED:
            return _inherited_told(lot, day)
        case Origin.POLICY:
            return _("Good through %(day)s: %(policy)s.") % {"day": day, "policy": policy_told(lot.program)}
        case _:
            return _(
                "Good through %(day)s: set when the points were given. Today's policy would say otherwise; "
                "it does not touch points that exist."
            ) % {"day": day}


def policy_told(program: Program) -> str:
    """A program's policy in words."""
    count = program.expiry_count
    if count == 0 and program.expiry_kind == ExpiryKind.MONTH_END:
        return _("end of the month in which they were earned")
    if count == 0 and program.expiry_kind == ExpiryKind.YEAR_END:
        return _("end of the year in which they were earned")
    words = {
        ExpiryKind.NEVER: _("never"),
        ExpiryKind.DAYS: ngettext("%(count)s day after earning", "%(count)s days after earning", count),
        ExpiryKind.MONTH_END: ngettext(
            "end of the month, %(count)s month after earning",
            "end of the month, %(count)s months after earning",
            count,
        ),
        ExpiryKind.YEAR_END: ngettext(
            "end of the calendar year, %(count)s year after earning",
            "end of the calendar year, %(count)s years after earning",
            count,
        ),
        ExpiryKind.ROLLING: ngettext(
            "%(count)s day after the last earning or redeeming",
            "%(count)s days after the last earning or redeeming",
            count,
        ),
    }
    return words[ExpiryKind(program.expiry_kind)] % {"count": count}


def draw_told(draw: LotDraw) -> str:
    """Redemption at Mall on 15 June 2026."""
    posting = draw.posting
    return _("%(kind)s at %(unit)s on %(day)s") % {
        "kind": posting.get_kind_display(),
        "unit": posting.unit.name,
        "day": instant_told(posting.occurred_at),
    }


def draw_owed_told(draw: LotDraw, lot: Lot) -> str:
    """Hotel owes Mall 10 CNY for it; empty where nobody owes anything."""
    if not draw.owed:
        return ""
    facts = {
        "issuer": lot.issuer.name,
        "unit": draw.posting.unit.name,
        "money": money(abs(draw.owed), lot.program.currency),
    }
    if draw.owed < 0:
        return _("%(issuer)s no longer owes %(unit)s %(money)s of it") % facts
    return _("%(issuer)s owes %(unit)s %(money)s for it") % facts


def ancestor_told(ancestor: Ancestor) -> str:
    """Made of points earned on 14 March 2025 and issued by Hotel."""
    facts = {
        "program": ancestor.lot.program.name,
        "unit": ancestor.lot.issuer.name,
        "day": instant_told(ancestor.lot.earned_at),
    }
    if ancestor.is_veiled:
        return _("%(program)s of another member, earned on %(day)s, issued by %(unit)s") % facts
    return _("%(program)s earned on %(day)s, issued by %(unit)s") % facts


def _renewal_told(explained: LotExplanation, day: str) -> str:
    renewed = explained.renewed_by
    if renewed is None or renewed.pk == explained.lot.posting_id:
        return _("Good through %(day)s; earning or redeeming renews it.") % {"day": day}
    return _("Good through %(day)s: renewed by the %(kind)s of %(when)s.") % {
        "day": day,
        "kind": renewed.get_kind_display(),
        "when": instant_told(renewed.occurred_at),
    }


def _inherited_told(lot: Lot, day: str) -> str:
    if lot.posting.kind == PostingKind.EXCHANGE:
        return _(
            "Good through %(day)s: the sooner of what the exchanged points had and this program's policy."
        ) % {"day": day}
    return _("Good through %(day)s, as before the points came here.") % {"day": day}
