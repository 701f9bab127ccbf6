"""Why a rule was taken or not, in words; the stable word stays beside them."""

from decimal import Decimal
from typing import Final

from django.utils.translation import gettext_lazy as _

REASONS: Final = {
    "base_rate": _("Points for money by this rate"),
    "fixed_points": _("Points for the activity itself"),
    "multiplier": _("Multiplies what the rates give"),
    "capped": _("Taken, and cut by its cap"),
    "cut": _("Cuts the sum to its cap"),
    "tax_taken_off": _("Tax is taken off the amount"),
    "excluded": _("Part or all of it is excluded from earning"),
    "within_cap": _("A cap that does not bind here"),
    "not_in_force": _("Not in force when it happened"),
    "program_not_active": _("The program issues no points at present"),
    "anonymous": _("Nobody is named, so nobody earns"),
    "member_not_active": _("The member was frozen or closed"),
    "paid_with_points": _("What was paid with points earns nothing"),
    "below_one_point": _("Less than one point"),
    "below_one_step": _("Less than one full step of money"),
    "below_minimum": _("Less than the minimum spend"),
    "excluded_by_rule": _("Another rule excludes it from earning"),
    "outranked": _("Another rule goes before it"),
    "nothing_to_multiply": _("No rate gave points to multiply"),
    "cap_reached": _("Its cap is reached"),
    "budget_spent": _("Its budget is spent"),
    "not_first_visit": _("Not the first visit to this sector"),
    "other_kind": _("For other kinds of activities"),
    "other_venue": _("For other venues"),
    "other_outlet": _("For other outlets"),
    "outlet_excluded": _("Not at this outlet"),
    "other_channel": _("For other channels"),
    "other_tier": _("For other tiers"),
    "other_segment": _("For other groups of members"),
    "other_weekday": _("On other days of the week"),
    "other_hour": _("At other hours"),
    "other_date": _("On other dates"),
    "no_birthday": _("Only around the birthday"),
    "other_category": _("For other categories"),
    "category_excluded": _("Not for this category"),
    "other_item": _("For other articles"),
    "item_excluded": _("Not for this article"),
}


def reason_told(reason: str) -> str:
    """The reason in the reader's language."""
    return str(REASONS.get(reason, reason))


def points_told(exact: Decimal) -> str:
    """Points before rounding, without idle zeros; what took points away has its sign; none is empty."""
    return f"{exact.normalize():+,f}".replace("-", "−") if exact else ""
