"""Many transfers at once: no deadlock, the sum constant, nobody below zero, limits exact.

Each test was seen red without its guard: the order of the wallet locks, the look under them.
"""

import random
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest

from common.errors import DomainError
from members.models import HouseholdState, Member
from members.selectors.households import household_of
from members.services.households import AlreadyInHousehold, accept_invitation, found_household
from points import ledger
from points.models import Posting, Wallet
from points.selectors.audit import audit
from points.services.exchange import exchange_points
from points.services.moving import move_wallets, undo_move
from points.services.pooling import redeem_pooled
from points.services.transfer import transfer_points
from tests.factories import NOW, balance, give, make_member, make_program, make_rate, make_unit
from tests.points.services.households import make_household
from tests.races.test_points_races import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]


def named(operation):
    """The job's outcome by the code of its refusal."""

    def job():
        try:
            operation()
        except DomainError as refusal:
            return refusal.code
        return "posted"

    return job


def hand(giver, recipient, program, points, source_ref):
    return named(
        lambda: transfer_points(
            giver=giver,
            recipient=recipient,
            program=program,
            points=points,
            source_ref=source_ref,
            by="test",
            at=NOW,
        )
    )


def direct(giver, recipient, program, points, source_ref):
    """The kernel alone, for many."""
    asked = ledger.Transfer(
        giver.pk,
        recipient.pk,
        program.pk,
        program.owner_id,
        points,
        source_ref,
        NOW,
        ledger.Period(NOW, NOW + timedelta(days=1), None),
        ledger.Period(NOW, NOW + timedelta(days=1), None),
    )
    return lambda: ledger.transfer(asked, actor="test").name


@pytest.fixture
def program():
    return make_program(owner=make_unit())


def test_2400_opposed_transfers_among_ten_accounts_never_deadlock(program, monkeypatch):
    members = [make_member() for _ in range(10)]
    for member in members:
        give(member, program, 1000)
    # Without retries a deadlock would show as an error.
    monkeypatch.setattr("common.sql.TRIES", 1)
    dice = random.Random(7)
    pairs = [dice.sample(members, 2) for _ in range(1200)]
    jobs = [
        direct(*way, program, dice.randint(1, 300), f"t-{number}-{side}")
        for number, (one, other) in enumerate(pairs)
        for side, way in enumerate(((one, other), (other, one)))
    ]

    answers = at_once(8, jobs)

    assert set(answers) <= {"posted", "insufficient_points"}
    assert answers.count("posted") > 1000
    balances = Wallet.objects.values_list("balance", flat=True)
    assert (sum(balances), min(balances) >= 0) == (10_000, True)
    assert audit().is_clean


def test_transfers_to_members_without_wallets_beside_exchanges_never_deadlock(monkeypatch):
    one, two = make_program(owner=make_unit()), make_program(owner=make_unit())
    make_rate(one, two, 1)
    make_rate(two, one, 1)
    members = [make_member() for _ in range(12)]
    make_household(*members)
    for number, member in enumerate(members):
        give(member, (one, two)[number % 2], 500)
    monkeypatch.setattr("common.sql.TRIES", 1)
    dice = random.Random(3)

    def swap(member, source, target, number):
        return named(
            lambda: exchange_points(
                member=member,
                source=source,
                target=target,
                points=5,
                source_ref=f"x-{number}",
                by="test",
                at=NOW,
            )
        )

    jobs = []
    for number in range(200):
        source, target = dice.sample((one, two), 2)
        giver, recipient = dice.sample(members, 2)
        jobs.append(hand(giver, recipient, source, 7, f"t-{number}"))
        jobs.append(swap(recipient, source, target, number))

    answers = Counter(at_once(8, jobs))

    assert set(answers) <= {"posted", "insufficient_points"}
    assert sum(Wallet.objects.values_list("balance", flat=True)) == 12 * 500
    assert audit().is_clean


def test_opposed_batches_of_transfers_never_deadlock(program, monkeypatch):
    members = [make_member() for _ in range(8)]
    for member in members:
        give(member, program, 1000)
    monkeypatch.setattr("common.sql.TRIES", 1)

    def batch(number):
        around = members if number % 2 else members[::-1]
        asked = [
            ledger.Transfer(
                giver.pk,
                recipient.pk,
                program.pk,
                program.owner_id,
                3,
                f"b-{number}-{place}",
                NOW,
                ledger.Period(NOW, NOW + timedelta(days=1), None),
                ledger.Period(NOW, NOW + timedelta(days=1), None),
            )
            for place, (giver, recipient) in enumerate(pairwise(around))
        ]
        return lambda: Counter(answer.name for answer in ledger.transfer_many(asked, actor="test"))

    answers = at_once(6, [batch(number) for number in range(24)])

    assert sum(answers, Counter()) == {"posted": 24 * 7}
    assert sum(Wallet.objects.values_list("balance", flat=True)) == 8000
    assert audit().is_clean


def test_a_days_limit_is_exact_under_parallel_transfers():
    program = make_program(owner=make_unit(), transfer_cap_day=100)
    giver, recipient = make_member(), make_member()
    make_household(giver, recipient)
    give(giver, program, 1000)

    answers = at_once(8, [hand(giver, recipient, program, 10, f"t-{number}") for number in range(40)])

    assert Counter(answers) == {"posted": 10, "transfer_cap_reached": 30}
    assert (balance(giver, program), balance(recipient, program)) == (900, 100)


def test_one_reference_given_many_times_at_once_gives_once(program):
    giver, recipient = make_member(), make_member()
    make_household(giver, recipient)
    # It covers one transfer only: a twin that looked before it waited would find too little.
    give(giver, program, 100)

    answers = at_once(8, [hand(giver, recipient, program, 100, "t-1") for _ in range(40)])

    assert Counter(answers) == {"posted": 40}
    assert (balance(giver, program), balance(recipient, program)) == (0, 100)


def test_a_household_that_pays_together_at_many_tills_spends_no_point_twice(program, monkeypatch):
    family = [make_member() for _ in range(4)]
    make_household(*family, sharing=True)
    for member in family:
        give(member, program, 250)
    monkeypatch.setattr("common.sql.TRIES", 1)

    def pay(number):
        return named(
            lambda: redeem_pooled(
                member=family[number % 4],
                program=program,
                unit=program.owner,
                price=90,
                source_ref=f"till-{number // 2}" if number < 8 else f"till-{number}",
                by="till",
                at=NOW,
            )
        )

    answers = Counter(at_once(8, [pay(number) for number in range(40)]))

    # 1,000 points pay 11 times 90. The first tills are asked twice, by two members: one of them is refused.
    assert Posting.objects.filter(kind="redemption").count() == 11
    assert set(answers) == {"posted", "insufficient_points", "reference_reused"}
    assert sum(Wallet.objects.values_list("balance", flat=True)) == 10
    assert audit().is_clean


def test_moves_there_and_back_beside_transfers_keep_the_books(program, monkeypatch):
    one, other, third = (make_member() for _ in range(3))
    make_household(one, other, third)
    for member in (one, other, third):
        give(member, program, 300)
    monkeypatch.setattr("common.sql.TRIES", 1)

    def there_and_back(number):
        def job():
            giver, recipient = (one, other) if number % 2 else (other, one)
            moves = move_wallets(giver=giver, recipient=recipient, source_ref=f"m-{number}", by="t", at=NOW)
            for move in moves:
                undo_move(move=move.posting, source_ref=f"u-{number}", by="t", at=NOW)

        return named(job)

    jobs = []
    for number in range(40):
        jobs.append(there_and_back(number))
        jobs.append(hand(third, (one, other)[number % 2], program, 5, f"t-{number}"))
        jobs.append(hand((one, other)[number % 2], third, program, 5, f"b-{number}"))

    answers = Counter(at_once(6, jobs))

    assert set(answers) <= {"posted", "insufficient_points", "nothing_to_move"}
    assert sum(Wallet.objects.values_list("balance", flat=True)) == 900
    assert audit().is_clean


def test_who_accepts_two_households_at_once_is_in_one():
    guests = [make_member() for _ in range(12)]
    heads = [make_member() for _ in range(2)]
    households = [found_household(member=head, shares_points=False, at=NOW) for head in heads]
    places = [
        (guest, household.places.create(member=guest, state=HouseholdState.INVITED, invited_at=NOW).pk)
        for guest in guests[:8]
        for household in households
    ]

    def accept(guest, place_id):
        return named(lambda: accept_invitation(member=guest, place_id=place_id, shares_points=False, at=NOW))

    answers = Counter(at_once(8, [accept(*place) for place in places]))

    assert answers == {"posted": 8, AlreadyInHousehold.code: 8}
    assert all(household_of(member_id=guest.pk) for guest in guests[:8])
    assert Member.objects.filter(household_places__state="accepted").count() == 10
