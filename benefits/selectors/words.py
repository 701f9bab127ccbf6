"""Why a member has a right, and how amounts read: in the reader's language."""

from datetime import datetime
from decimal import Decimal

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from benefits.models import EntitlementGrant, EntitlementRule, GrantCause, Measure
from benefits.selectors.places import group_zone
from benefits.selectors.rights import Right

_MINUTES_OF_AN_HOUR = 60


def why_of(right: Right) -> str:
    """Such as: "Gold and above (rule PARK-GOLD, version 2)"."""
    if right.grant is not None:
        return _of_grant(right.grant)
    assert right.rule is not None, "a right is of a rule or a grant"
    conditions = _(", ").join(_conditions(right.rule, right)) or _("every member")
    return _("%(conditions)s (rule %(code)s, version %(version)s)") % {
        "conditions": conditions,
        "code": right.rule.code,
        "version": right.rule.version,
    }


def amount_in_words(amount: Decimal, measure: str, currency: str) -> str:
    """2 h 30 min, 3 times, 50.00 CNY."""
    if measure == Measure.MONEY:
        return f"{number_format(amount, 2)} {currency}"
    whole = int(amount)
    if measure == Measure.COUNT:
        return ngettext("%(count)s time", "%(count)s times", whole) % {"count": number_format(whole)}
    hours, minutes = divmod(whole, _MINUTES_OF_AN_HOUR)
    told = [_("%(hours)s h") % {"hours": hours}] if hours else []
    if minutes or not hours:
        told.append(_("%(minutes)s min") % {"minutes": minutes})
    return " ".join(told)


def quota_in_words(terms: EntitlementRule | EntitlementGrant, measure: str, currency: str) -> str:
    """3 h a day."""
    return _("%(amount)s %(period)s") % {
        "amount": amount_in_words(terms.amount, measure, currency),
        "period": terms.get_period_display(),
    }


def _of_grant(grant: EntitlementGrant) -> str:
    facts = {"unit": grant.unit.name, "day": _day(grant.granted_at)}
    match grant.cause:
        case GrantCause.PURCHASE:
            return _("Bought at %(unit)s on %(day)s") % facts
        case GrantCause.REWARD:
            return _("A reward of %(unit)s, %(day)s") % facts
        case GrantCause.CAMPAIGN:
            return _("A gift of %(unit)s, %(day)s") % facts
        case _other:
            return _("Given by %(unit)s on %(day)s") % facts


def _conditions(rule: EntitlementRule, right: Right) -> list[str]:
    told = []
    if rule.tier is not None:
        told.append(_("%(tier)s and above") % {"tier": rule.tier})
    if right.residency is not None:
        place = {"role": rule.get_role_display(), "venue": right.residency.venue.name}
        told.append(_("%(role)s at %(venue)s") % place)
    if rule.enrolled_at_id is not None:
        told.append(_("enrolled there"))
    if rule.in_birth_month:
        told.append(_("the month of the birthday"))
    if rule.fact_set is not None:
        told.append(str(rule.fact_set))
    return told


def _day(at: datetime) -> str:
    return date_format(at.astimezone(group_zone()).date(), "Y-m-d")
