"""Until when an earning or redeeming activity renews the points of each rolling program."""

from datetime import datetime

from points.models import ExpiryKind, Program
from points.rules.expiry import ExpiryPolicy, expiry_instant


def renewals(*, at: datetime) -> dict[int, datetime] | None:
    """By program, when its points die if the last activity was at `at`; None: no program rolls.

    One that is switched off counts too: its points still pay, so paying still renews them.
    """
    until: dict[int, datetime] = {}
    for program in Program.objects.filter(expiry_kind=ExpiryKind.ROLLING):
        until |= renewals_of(program, at=at) or {}
    return until or None


def renewals_of(program: Program, *, at: datetime) -> dict[int, datetime] | None:
    """The same of one program at hand, without a query; None: it does not roll."""
    policy = ExpiryPolicy(program.expiry_kind, program.expiry_count, program.time_zone)
    until = expiry_instant(policy, at) if policy.rolls else None
    return None if until is None else {program.pk: until}
