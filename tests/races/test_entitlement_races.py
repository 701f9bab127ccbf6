"""Entitlements under many at once: quotas, codes, references, holds: exact.

The guards: the lock of the people; behind it the chain's unique place and the unique rows of references and
codes.
"""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.db import OperationalError

from benefits.models import EntitlementEntry, EntryKind, GrantLimit, SpentCode
from benefits.selectors.places import Spot
from benefits.services.granting_by_hand import Wish, request_grant
from benefits.services.usages import hold_right, release_right, restore_usage, use_held, use_right
from common.sql import sqlstate
from members.services.member_codes import make_member_code, proven_code
from points.selectors.audit import audit
from tests.benefits.factories import make_benefit, make_grant, make_rule, only_right
from tests.factories import NOW, make_member, make_unit
from tests.members.factories import numbered_member
from tests.operators import grant, make_operator
from tests.points.services.households import make_household
from tests.races.test_approval_races import at_once
from tests.races.test_identity_races import outcome_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]


@pytest.fixture
def malls():
    return [make_unit("MALL1"), make_unit("MALL2")]


def until_answered(operation):
    """As a gate does that is told 503: under load a lock may take longer than its three seconds."""

    def job():
        while True:
            try:
                return operation()
            except OperationalError as busy:
                if sqlstate(busy) != "55P03":
                    raise

    return job


def using(member, right, unit, ref, amount, **how):
    return until_answered(
        outcome_of(
            lambda: use_right(
                right_id=right,
                member_id=member.pk,
                amount=Decimal(amount),
                spot=Spot(unit),
                source_ref=ref,
                by="gate",
                at=NOW,
                **how,
            )
        )
    )


def used():
    return sum(EntitlementEntry.objects.filter(kind=EntryKind.USE).values_list("amount", flat=True))


def test_three_hours_a_day_under_twenty_parallel_exits_are_three_hours(malls):
    make_rule(make_benefit(provider=malls[0], places=malls), 180)
    member = make_member()
    right = only_right(member).id

    answers = at_once(10, [using(member, right, malls[n % 2], f"exit-{n}", 30) for n in range(20)])

    assert Counter(answers) == {"done": 6, "entitlement_exhausted": 14}
    assert used() == 180
    assert audit().is_clean


def test_one_code_used_fifty_times_at_once_in_two_malls_is_used_once(malls):
    make_rule(make_benefit(kind="LOUNGE", provider=malls[0], places=malls), 100)
    member = numbered_member()
    right = only_right(member).id
    made = make_member_code(member=member, at=NOW)
    code = proven_code(code=made.text, caller="test", at=NOW)

    answers = at_once(10, [using(member, right, malls[n % 2], f"use-{n}", 1, code=code) for n in range(50)])

    assert Counter(answers) == {"done": 1, "member_code_used": 49}
    assert SpentCode.objects.count() == EntitlementEntry.objects.count() == 1


def test_one_reference_at_once_uses_once(malls):
    make_rule(make_benefit(provider=malls[0]), 180)
    member = make_member()
    right = only_right(member).id

    answers = at_once(10, [using(member, right, malls[0], "exit", 30)] * 16)

    assert Counter(answers) == {"done": 16}
    assert EntitlementEntry.objects.count() == 1


def test_a_right_shared_in_the_household_is_used_by_both_only_once(malls):
    grant = make_grant(
        holder := make_member(), make_benefit(kind="GYM", provider=malls[0]), 5, sharing="household"
    )
    mate = make_member()
    make_household(holder, mate, sharing=True)

    answers = at_once(
        10, [using([holder, mate][n % 2], grant.pk, malls[0], f"use-{n}", 1) for n in range(20)]
    )

    assert Counter(answers) == {"done": 5, "entitlement_exhausted": 15}
    assert audit().is_clean


def test_a_hold_used_and_let_go_at_once_ends_one_way(malls):
    make_rule(make_benefit(provider=malls[0]), 180)
    member = make_member()
    right = only_right(member).id
    holds = [
        hold_right(
            right_id=right, member_id=member.pk, amount=Decimal(20), spot=Spot(malls[0]), source_ref=f"h{n}",
            until=NOW + timedelta(minutes=15), by="gate", at=NOW,
        ).entry.pk
        for n in range(8)
    ]  # fmt: skip

    answers = at_once(
        8,
        [
            call
            for n, hold in enumerate(holds)
            for call in (
                outcome_of(
                    lambda hold=hold, n=n: use_held(hold_id=hold, source_ref=f"u{n}", by="gate", at=NOW)
                ),
                outcome_of(lambda hold=hold: release_right(hold_id=hold, by="gate", at=NOW)),
            )
        ],
    )

    assert Counter(answers) == {"done": 8, "hold_not_open": 8}
    assert only_right(member).left == 180 - used()
    assert audit().is_clean


def test_restorings_at_once_give_back_no_more_than_was_used(malls):
    make_rule(make_benefit(provider=malls[0]), 180)
    member = make_member()
    right = only_right(member).id
    usage = use_right(
        right_id=right, member_id=member.pk, amount=Decimal(180), spot=Spot(malls[0]), source_ref="u",
        by="gate", at=NOW,
    ).entry.pk  # fmt: skip

    answers = at_once(
        10,
        [
            outcome_of(
                lambda n=n: restore_usage(
                    usage_id=usage, amount=Decimal(50), source_ref=f"b{n}", by="gate", at=NOW
                )
            )
            for n in range(12)
        ],
    )

    assert Counter(answers) == {"done": 3, "reversal_exceeds_original": 9}
    assert only_right(member).left == 150


def test_grants_by_hand_at_once_never_pass_the_limit_of_a_day():
    """The guard: the advisory lock of whoever gives; each request must see what the others gave."""
    gym = make_benefit(kind="GYM", unit_value=Decimal(40))
    person = make_operator(superuser=False, name="GIVER")
    group = Group.objects.create(name="desk")
    GrantLimit.objects.create(group=group, alone_max=100, alone_day_max=100, approve_max=0)
    person.groups.add(group)
    grant(person, "can_ask_grant")
    until = NOW + timedelta(days=30)
    wishes = [Wish(make_member(), gym, gym.provider, Decimal(1), until, "a broken lift") for _ in range(12)]

    asked = at_once(6, [lambda one=one: request_grant(wish=one, by=person, at=NOW) for one in wishes])

    assert Counter(one.state for one in asked) == {"granted": 2, "asked": 10}
