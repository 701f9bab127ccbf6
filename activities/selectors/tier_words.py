"""Tiers in words: why a level was reached, is held, or was lost, in the reader's language."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from members.models import ResidencyRole, Tier, TierCause, TierChange


def change_in_words(change: TierChange) -> str:
    """One change of level as its member, or an operator, reads it. Needs its two tiers loaded."""
    is_down = change.from_tier is not None and change.to_tier.level < change.from_tier.level
    if is_down:
        return _lowered(change)
    return reason_in_words(TierCause(change.cause), change.to_tier, change.evidence)


def reason_in_words(cause: TierCause, tier: Tier, evidence: Mapping[str, Any]) -> str:
    """Why somebody holds `tier`."""
    words = {
        TierCause.CREDITS: _("%(tier)s was reached with %(credits)s tier credits; it asks %(asked)s."),
        TierCause.LIFETIME: _("%(tier)s is held for life."),
        TierCause.SHORTCUT: _("%(tier)s as %(role)s at %(venue)s."),
        TierCause.MATCHED: _("%(tier)s, as %(unit)s has you at %(unit_tier)s."),
        TierCause.BY_HAND: _("%(tier)s was given by our staff."),
        TierCause.MERGE: _("%(tier)s, as two memberships became one."),
        TierCause.UNMERGE: _("%(tier)s, as one membership became two again."),
    }.get(cause, _("%(tier)s was found at a review."))
    return words % _facts(tier, evidence)


def credits_in_words(milli: int) -> str:
    """1,234.5 without the zeros that say nothing."""
    return _number(str(Decimal(milli) / 1000))


def _lowered(change: TierChange) -> str:
    evidence, cause = change.evidence, TierCause(change.cause)
    words = {
        TierCause.REFUND: _("%(tier)s: a refund took back tier credits that had led to %(before)s."),
        TierCause.BY_HAND: _("%(tier)s: what our staff had given has ended."),
        TierCause.UNMERGE: _("%(tier)s, as one membership became two again."),
        TierCause.MERGE: _("%(tier)s, as two memberships became one."),
    }.get(cause)
    if words is None and evidence.get("asked"):
        words = _("%(tier)s: at the review there were %(credits)s of the %(asked)s that %(before)s asks.")
    if words is None:
        words = _("%(tier)s: what had given %(before)s has ended.")
    return words % (_facts(change.to_tier, evidence) | {"before": change.from_tier})


def _facts(tier: Tier, evidence: Mapping[str, Any]) -> dict[str, Any]:
    role = evidence.get("role")
    return {
        "tier": tier,
        "credits": _number(evidence.get("credits")),
        "asked": _number(evidence.get("asked")),
        "role": ResidencyRole(role).label if role else "—",
        "venue": evidence.get("venue", "—"),
        "unit": evidence.get("unit", "—"),
        "unit_tier": evidence.get("unit_tier", "—"),
    }


def _number(text: str | None) -> str:
    if not text:
        return "—"
    amount = Decimal(text).normalize()
    # 1E+3 is how a normalised thousand writes itself.
    plain = amount.quantize(Decimal(1)) if amount == amount.to_integral() else amount
    return number_format(plain, force_grouping=True)
