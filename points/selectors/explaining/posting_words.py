"""A posting in words: what each wallet gained or lost, at which rates, and who owes whom for it."""

from fractions import Fraction
from uuid import UUID

from django.utils.translation import gettext as _

from points.selectors.explaining.owed import Owed
from points.selectors.explaining.posting import Conversion, PostingExplanation, WalletSum
from points.selectors.explaining.words import Line, equation, instant_told, money, rule_told, who


def headline(explained: PostingExplanation, *, viewer: UUID | None = None) -> str:
    """Redemption at Mall on 15 June 2026, by a till at SHOP-7."""
    posting = explained.posting
    told = _("%(kind)s at %(unit)s on %(day)s") % {
        "kind": posting.get_kind_display(),
        "unit": posting.unit.name,
        "day": instant_told(posting.occurred_at),
    }
    if posting.rule:
        told = _("%(what)s under %(rule)s") % {"what": told, "rule": rule_told(posting.rule)}
    if explained.is_veiled:
        return _("%(what)s, by another member") % {"what": told}
    return _("%(what)s, by %(who)s") % {"what": told, "who": who(posting.actor, viewer=viewer)}


def by_wallet(line: WalletSum) -> list[Line]:
    """The lines that sum to what moved in one wallet."""
    drawn = _("taken from lots") if line.drawn >= 0 else _("put back into lots")
    debt = _("repays the debt") if line.debt_less >= 0 else _("recorded as a debt")
    return [
        Line("given", line.given, _("new lots")),
        Line("drawn", -line.drawn, drawn),
        Line("debt", line.debt_less, debt),
    ]


def wallet_told(line: WalletSum) -> str:
    """Hotel points: −200 = −taken from lots (200)."""
    return _("%(program)s: %(sum)s") % {
        "program": line.program.name,
        "sum": equation(line.moved, by_wallet(line)),
    }


def owed_told(owed: Owed) -> str:
    """Hotel owes Mall 10 CNY for 200 points."""
    facts = {
        "issuer": owed.issuer.name,
        "unit": owed.honoured_by.name,
        "money": money(abs(owed.amount), owed.currency),
        "points": f"{abs(owed.points):,}",
    }
    if owed.amount < 0:
        return _("%(issuer)s no longer owes %(unit)s %(money)s: %(points)s points were given back") % facts
    return _("%(issuer)s owes %(unit)s %(money)s for %(points)s points") % facts


def conversion_told(conversion: Conversion) -> str:
    """200 HOTEL × 2 = 400 MALL; with what rounding down left behind, of an exchange."""
    told = (
        f"{conversion.spent:,} {conversion.source.code}"
        f" × {Fraction(conversion.numerator, conversion.denominator)}"
        f" → {conversion.covered:,} {conversion.target.code}"
    )
    if not conversion.dust:
        return told
    lost = Fraction(conversion.dust, conversion.denominator)
    return _("%(sum)s; rounding down leaves %(lost)s of a point behind") % {"sum": told, "lost": lost}


def reversal_told(explained: PostingExplanation) -> str:
    """What reversals left standing of it; empty where nothing was reversed."""
    if not explained.reversals:
        return ""
    return _("%(standing)s of %(points)s still stand: %(reversed)s were reversed.") % {
        "standing": f"{explained.standing:,}",
        "points": f"{explained.posting.points:,}",
        "reversed": f"{explained.posting.points - explained.standing:,}",
    }
