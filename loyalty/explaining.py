"""Who tells the ledger why points were given: the floors above it, as data."""

from activities.selectors.posting_grounds import rules_behind
from points.selectors.explaining.grounds import add_ground_teller


def tell_the_grounds() -> None:
    """At the start of every process."""
    add_ground_teller(rules_behind)
