"""Paying together: own wallets first, then those who share, in order, within their limits; all or nothing."""

from datetime import timedelta

import pytest

from members.models import HouseholdMember
from points.models import Posting, Wallet
from points.refusals import InsufficientPoints, MemberNotActive, PointsOutOfRange, ReferenceReused
from points.selectors.audit import audit
from points.services.pooling import redeem_pooled
from tests.factories import NOW, balance, give, make_member, make_program, make_rate, make_unit
from tests.points.services.households import make_household

pytestmark = pytest.mark.django_db


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def program(mall):
    return make_program("MALL", owner=mall)


@pytest.fixture
def family():
    """Three who share with each other, in the order in which they joined."""
    members = [make_member() for _ in range(3)]
    make_household(*members, sharing=True)
    return members


def pay(member, program, mall, price, source_ref="till-1", **fields):
    return redeem_pooled(
        member=member,
        program=program,
        unit=mall,
        price=price,
        source_ref=source_ref,
        **{"by": "till", "at": NOW} | fields,
    )


def test_the_household_gives_what_is_short_longest_in_it_first(family, program, mall):
    one, two, me = family
    give(me, program, 100)
    give(one, program, 300)
    give(two, program, 300)

    paid = pay(me, program, mall, 500)

    assert [(g.member, g.points) for g in paid.given] == [(one, 300), (two, 100)]
    assert paid.redemption.posting.points == 500
    assert [balance(m, program) for m in family] == [0, 200, 0]
    assert audit().disagreements == ()


def test_who_can_pay_alone_is_given_nothing(family, program, mall):
    one, _two, me = family
    give(me, program, 500)
    give(one, program, 500)

    paid = pay(me, program, mall, 500)

    assert paid.given == ()
    assert balance(one, program) == 500


def test_own_wallets_of_other_programs_pay_before_the_household(family, program, mall):
    one, _two, me = family
    hotel_program = make_program(owner=make_unit())
    make_rate(hotel_program, program, 2)
    give(me, hotel_program, 150)
    give(one, program, 500)

    paid = pay(me, program, mall, 500)

    assert [g.points for g in paid.given] == [200]
    assert (balance(me, hotel_program), balance(one, program)) == (0, 300)
    assert audit().disagreements == ()


def test_only_those_who_share_give(family, program, mall):
    one, two, me = family
    give(one, program, 300)
    give(two, program, 300)
    HouseholdMember.objects.filter(member=one).update(shares_points=False)

    paid = pay(me, program, mall, 200)

    assert [g.member for g in paid.given] == [two]
    with pytest.raises(InsufficientPoints) as refused:
        pay(me, program, mall, 200, "till-2")
    assert refused.value.facts == {"asked": 200, "short": 100, "program": "MALL"}


def test_each_gives_at_most_what_their_limit_leaves(family, mall):
    program = make_program(owner=mall, transfer_cap_day=120)
    one, two, me = family
    give(one, program, 300)
    give(two, program, 300)
    pay(me, program, mall, 100, "before")

    paid = pay(me, program, mall, 140)

    assert [(g.member, g.points) for g in paid.given] == [(one, 20), (two, 120)]
    with pytest.raises(InsufficientPoints):
        pay(me, program, mall, 1, "till-2")


def test_points_that_are_pending_are_not_pooled(family, program, mall):
    one, _two, me = family
    give(one, program, 300, available_at=NOW + timedelta(days=1))

    with pytest.raises(InsufficientPoints):
        pay(me, program, mall, 1)


def test_too_little_transfers_nothing(family, program, mall):
    one, two, me = family
    give(one, program, 100)
    give(two, program, 100)

    with pytest.raises(InsufficientPoints) as refused:
        pay(me, program, mall, 201)

    assert refused.value.facts["short"] == 1
    assert [balance(m, program) for m in family] == [100, 100, 0]
    assert not Wallet.objects.filter(member=me).exists()


def test_the_same_reference_pays_once_whatever_changed_since(family, program, mall):
    one, _two, me = family
    give(one, program, 500)
    first = pay(me, program, mall, 200)
    HouseholdMember.objects.all().delete()
    me.status = "frozen"

    again = pay(me, program, mall, 200, at=NOW + timedelta(days=1))

    assert again.redemption.posting == first.redemption.posting
    assert (again.redemption.is_replay, again.given) == (True, first.given)
    assert balance(one, program) == 300


def test_one_reference_stands_for_one_redemption(family, program, mall):
    one, _two, me = family
    give(one, program, 500)
    pay(me, program, mall, 200)

    with pytest.raises(ReferenceReused):
        pay(me, program, mall, 201)
    assert balance(one, program) == 300


def test_a_suspended_member_and_an_absurd_price_are_refused(family, program, mall):
    one, _two, me = family
    give(one, program, 500)

    for price in (0, -1, 2**63):
        with pytest.raises(PointsOutOfRange):
            pay(me, program, mall, price)
    me.status = "frozen"
    with pytest.raises(MemberNotActive):
        pay(me, program, mall, 1)
    assert Posting.objects.exclude(kind="accrual").count() == 0
