"""What `audit_ledger` proves beside the ledger: the books that stand on higher floors, as data."""

from benefits.selectors.audit_rights import RIGHTS_CHECKS
from benefits.selectors.audit_shop import SHOP_CHECKS
from parking.selectors.audit import PARKING_CHECKS
from points.selectors.audit import add_checks


def tell_the_audit() -> None:
    """At the start of every process."""
    add_checks(RIGHTS_CHECKS)
    add_checks(SHOP_CHECKS)
    add_checks(PARKING_CHECKS)
