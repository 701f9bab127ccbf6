"""A balance in words: one headline, and four tellings whose lines sum to it exactly."""

from django.utils.translation import gettext as _

from points.selectors.explaining.balance import BalanceExplanation, Ending, LotGroup
from points.selectors.explaining.words import (
    Line,
    day_told,
    equation,
    issued_by,
    many_lots,
    many_of_kind,
)


def headline(explained: BalanceExplanation) -> str:
    """`4,320 = 7 lots (5,100) − 3 redemptions (780)`; then what dies first and where it came from."""
    told = equation(explained.balance, by_lots(explained))
    if not explained.endings:
        return told
    return _("%(sum)s; %(ending)s") % {"sum": told, "ending": ending_told(explained.endings[0])}


def by_use(explained: BalanceExplanation) -> list[Line]:
    """What can be done with the points now."""
    return [
        Line("available", explained.available, _("Can be spent now")),
        Line("kept_for_debt", explained.kept_for_debt, _("Put back beside a debt: they stand against it")),
        Line("pending", explained.pending, _("Given; can be spent later")),
        Line("held", explained.held, _("Reserved for a sale in progress")),
        Line("expired_unswept", explained.expired_unswept, _("Expired; the nightly sweep will take them")),
        Line("debt", -explained.debt, _("Owed; points to come repay it first")),
    ]


def by_history(explained: BalanceExplanation) -> list[Line]:
    """Everything that ever happened to the wallet, by kind."""
    return [
        Line(term.kind, term.points, many_of_kind(term.kind, term.postings)) for term in explained.history
    ]


def by_lots(explained: BalanceExplanation) -> list[Line]:
    """What the standing lots were given, and what was drawn from them."""
    given = Line("lots", explained.given, many_lots(explained.lot_count))
    drawn = [Line(term.kind, term.points, many_of_kind(term.kind, term.postings)) for term in explained.drawn]
    return [given, *drawn, _debt(explained)]


def by_origin(explained: BalanceExplanation) -> list[Line]:
    """Who gave the points that are left, and by which rule."""
    lines = [Line(group.kind, group.left, group_told(group)) for group in explained.groups]
    if explained.other_lots:
        words = _("%(lots)s of other origins") % {"lots": many_lots(explained.other_lots)}
        lines.append(Line("other", explained.other_left, words))
    return [*lines, _debt(explained)]


def group_told(group: LotGroup) -> str:
    """5 lots issued by Hotel under rule 12 v3."""
    origin = issued_by(group.issuer.name, group.rule)
    return _("%(lots)s %(origin)s") % {"lots": many_lots(group.lots), "origin": origin}


def ending_told(ending: Ending) -> str:
    """800 expire after 31 March 2026, issued by Hotel under rule 12 v3."""
    return _("%(points)s expire after %(day)s, %(origin)s") % {
        "points": f"{ending.points:,}",
        "day": day_told(ending.last_valid_on),
        "origin": issued_by(ending.issuer.name, ending.rule),
    }


def _debt(explained: BalanceExplanation) -> Line:
    return Line("debt", -explained.debt, _("debt"))
