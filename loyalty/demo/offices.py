"""The demo's offices: groups of operators, what each may do, and the two people who set the rates.

The two have no password: nobody signs in as them. They stand in the books as the ones who proposed and
approved, since no one person may do both.
"""

from collections.abc import Iterable
from typing import Final

from django.contrib.auth.models import Group, Permission, User

from benefits.models import GrantLimit
from points.models import AdjustmentLimit

# Group: rights, and the points that one may adjust alone (a request, a day) and approve (a request).
OFFICES: Final = {
    "Service desk": (
        ("can_ask_adjustment", "view_adjustmentrequest", "view_member", "view_wallet", "view_lot"),
        (200, 1_000, 0),
    ),
    "Finance": (
        (
            *("can_ask_adjustment", "can_approve_adjustment", "can_approve_rate", "can_propose_rate"),
            *("can_propose_earn_rule", "can_approve_earn_rule", "view_earnrule", "view_earnruleproposal"),
            *("view_adjustmentrequest", "view_exchangerate", "view_rateproposal", "view_posting"),
            *("view_lot", "view_seal", "view_tierscheme", "change_tierscheme", "view_tiercredit"),
        ),
        (2_000, 10_000, 100_000),
    ),
    "Head office": (
        (
            *("can_ask_adjustment", "can_approve_adjustment", "can_approve_rate", "can_propose_rate"),
            *("can_propose_earn_rule", "can_approve_earn_rule", "view_earnrule", "view_earnruleproposal"),
            *("view_adjustmentrequest", "view_exchangerate", "view_rateproposal", "view_posting"),
            *("view_lot", "view_seal", "view_tierscheme", "change_tierscheme", "can_approve_tier_scheme"),
            *(
                "view_tier",
                "change_tier",
                "can_give_tier",
                "view_tiergrant",
                "view_tiercredit",
                "view_tierchange",
            ),
            *("view_adjustmentlimit", "add_adjustmentlimit", "change_adjustmentlimit"),
        ),
        (10_000, 50_000, 10_000_000),
    ),
}
# What each office may do with entitlements, and the worth (CNY) that one may give alone (a request, a day)
# and approve (a request).
_LOOK: Final = ("view_benefit", "view_benefitversion", "view_entitlementrule", "view_entitlementgrant")
_GIVE: Final = (*_LOOK, "view_entitlemententry", "view_grantrequest", "can_ask_grant")
ENTITLEMENTS: Final = {
    "Service desk": (_GIVE, (100, 500, 0)),
    "Finance": ((*_GIVE, "can_approve_grant", "can_reverse_usage"), (1_000, 5_000, 20_000)),
    "Head office": (
        (
            *(*_GIVE, "can_approve_grant", "can_reverse_usage", "view_grantlimit", "change_grantlimit"),
            *("add_benefit", "add_benefitversion", "change_benefitversion"),
            *("add_entitlementrule", "change_entitlementrule"),
        ),
        (5_000, 20_000, 1_000_000),
    ),
}
PROPOSER = "finance"
APPROVER = "head-office"


def open_offices() -> tuple[User, User]:
    """The groups with their limits, and the two people: who proposes and who approves.

    What is there already stays as it is.
    """
    for name, (rights, (alone, alone_day, approve)) in OFFICES.items():
        group, is_new = Group.objects.get_or_create(name=name)
        if is_new:
            worth_rights, (alone_worth, day_worth, approve_worth) = ENTITLEMENTS[name]
            group.permissions.set(Permission.objects.filter(codename__in=(*rights, *worth_rights)))
            GrantLimit.objects.create(
                group=group, alone_max=alone_worth, alone_day_max=day_worth, approve_max=approve_worth
            )
            AdjustmentLimit.objects.create(
                group=group, alone_max=alone, alone_day_max=alone_day, approve_max=approve
            )
    return _person(PROPOSER, ["Finance"]), _person(APPROVER, ["Head office"])


def _person(name: str, groups: Iterable[str]) -> User:
    person, is_new = User.objects.get_or_create(username=name, defaults={"is_staff": True})
    if is_new:
        person.set_unusable_password()
        person.save(update_fields=["password"])
        person.groups.set(Group.objects.filter(name__in=groups))
    return person
