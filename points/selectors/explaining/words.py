"""The words that every explanation shares: how many of what, who, by which rule, and sums written out."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

# `earn:MALL-BASE v3`, several of them joined by plus signs, and the numbers of older postings.
_RULE = re.compile(r"(?:earn:|rule )?([A-Z0-9][A-Z0-9_-]* v[0-9]+(?: \+ .+| …)?)")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a sum: signed `points`, what they are in a stable `code` and in `words`."""

    code: str
    points: int
    words: str


def equation(total: int, terms: Iterable[Line]) -> str:
    """`4,320 = 7 lots (5,100) − 3 redemptions (780)`. Terms of zero are left out."""
    told = ""
    for term in terms:
        if not term.points:
            continue
        sign = "−" if term.points < 0 else "+" if told else ""
        what = _("%(what)s (%(points)s)") % {"what": term.words, "points": f"{abs(term.points):,}"}
        told += f" {sign} {what}" if told else f"{sign}{what}"
    return f"{signed(total) if total < 0 else f'{total:,}'} = {told or '0'}"


def signed(points: int) -> str:
    """+1,000 or −1,000."""
    return f"{'−' if points < 0 else '+'}{abs(points):,}"


def money(amount: Decimal, currency: str) -> str:
    """Exact, without idle zeros: 12.5 CNY."""
    return f"{amount.normalize():f} {currency}"


def many_of_kind(kind: str, count: int) -> str:
    """3 redemptions."""
    forms = {
        "accrual": ngettext("%(count)s accrual", "%(count)s accruals", count),
        "redemption": ngettext("%(count)s redemption", "%(count)s redemptions", count),
        "exchange": ngettext("%(count)s exchange", "%(count)s exchanges", count),
        "expiry": ngettext("%(count)s expiry", "%(count)s expiries", count),
        "reversal": ngettext("%(count)s reversal", "%(count)s reversals", count),
        "transfer": ngettext("%(count)s transfer", "%(count)s transfers", count),
        "adjustment": ngettext("%(count)s adjustment", "%(count)s adjustments", count),
        "maturity": ngettext("%(count)s early release", "%(count)s early releases", count),
        "move": ngettext("%(count)s move of a wallet", "%(count)s moves of a wallet", count),
    }
    return forms[kind] % {"count": f"{count:,}"}


def many_lots(count: int) -> str:
    """7 lots."""
    return ngettext("%(count)s lot", "%(count)s lots", count) % {"count": f"{count:,}"}


def rule_told(rule: str) -> str:
    """`earn:MALL v3` as a reader says it: rule MALL v3. What names no version stays as it is."""
    known = _RULE.fullmatch(rule)
    return _("rule %(number)s") % {"number": known.group(1)} if known else rule


def issued_by(issuer: str, rule: str) -> str:
    """Issued by the Hotel under rule 12 v3."""
    if not rule:
        return _("issued by %(unit)s") % {"unit": issuer}
    return _("issued by %(unit)s under %(rule)s") % {"unit": issuer, "rule": rule_told(rule)}


def who(actor: str, *, viewer: UUID | None = None) -> str:
    """Who caused a posting, without a name: people and partner systems are looked up by those who may."""
    kind, _colon, name = actor.partition(":")
    if kind == "member":
        return _("you") if viewer is not None and name == str(viewer) else _("the member")
    if kind == "partner":
        outlet = name.partition("@")[2]
        return _("a till at %(outlet)s") % {"outlet": outlet} if outlet else _("a partner system")
    return {"user": _("an operator"), "system": _("the system")}.get(kind, _("the system"))


def day_told(day: date) -> str:
    """31 March 2026, or 2026年3月31日."""
    # Translators: how a day is written in a sentence, in Django's date format.
    return date_format(day, _("j F Y"))


def instant_told(instant: datetime) -> str:
    """The day of an instant, in the time zone of the site."""
    return day_told(timezone.localtime(instant).date())
