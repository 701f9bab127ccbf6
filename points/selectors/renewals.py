"""Until when an earning or redeeming activity renews the points of each rolling program."""

from datetime import datetime

from points.models import ExpiryKind, Program
from points.rules.expiry import ExpiryPolicy, expiry_instant


def renewals(*, at: datetime) -> dict[int, datetime] | None:
    """By program, when its points die if the last activity was at `at`; None: no program rolls.

    One that is switched off counts too: its points still pay, so paying still renews them.
    """
    policies = Program.objects.filter(expiry_kind=ExpiryKind.ROLLING).values_list(
        "pk", "expiry_kind", "expiry_count", "time_zone"
    )
    until = {program_id: expiry_instant(ExpiryPolicy(*policy), at) for program_id, *policy in policies}
    return {program_id: instant for program_id, instant in until.items() if instant is not None} or None


def renewals_of(program: Program, *, at: datetime) -> dict[int, datetime] | None:
    """The same of one program at hand, without a query; None: it does not roll."""
    policy = ExpiryPolicy(program.expiry_kind, program.expiry_count, program.time_zone)
    until = expiry_instant(policy, at) if policy.rolls else None
    return None if until is None else {program.pk: until}
