"""Races of merges: two operators at once, a till meanwhile, an import meanwhile, a circle from both sides."""

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import date

import psycopg2
import pytest
from django.db import OperationalError, close_old_connections, connection, transaction

from common.errors import DomainError
from common.sql import sqlstate
from loyalty.workflows.merge_members import merge_members, unmerge_members
from members.models import Enrolment, Identity, Member, MemberMerge, MemberUnmerge
from members.services.enrolment import enrol_member
from members.services.merging import locked_pair
from points.models import Posting, Wallet
from points.selectors.audit import audit
from points.services.accrual import accrue_points
from points.services.redemption import redeem_points
from tests.factories import LONG_AGO, NOW, give, make_program, make_unit
from tests.members.factories import numbered_member

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def program(mall):
    return make_program("MALLPT", owner=mall)


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Run all at one moment, each on a connection of its own. Answers, or refusals in their place."""
    start = threading.Barrier(len(acts))
    answers: list[object] = [None] * len(acts)

    def run(place: int, act: Callable[[], object]) -> None:
        close_old_connections()
        start.wait()
        try:
            answers[place] = act()
        except DomainError as refusal:
            answers[place] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def merge(alias, survivor):
    return merge_members(survivor_id=survivor.pk, alias_id=alias.pk, evidence="seen", by="user:1", at=NOW)


def points_of(member):
    return sum(wallet.balance for wallet in Wallet.objects.filter(member=member))


def test_two_operators_merge_the_same_pair_once(program):
    old, new = numbered_member(), numbered_member()
    give(old, program, 100)

    answers = at_once(*[lambda: merge(old, new)] * 4)

    assert len({answer.pk for answer in answers}) == 1
    assert MemberMerge.objects.count() == 1
    assert (points_of(old), points_of(new)) == (0, 100)
    assert audit().disagreements == ()


def test_a_circle_from_both_sides_closes_nowhere(program):
    one, two = numbered_member(), numbered_member()
    give(one, program, 10)

    answers = at_once(lambda: merge(one, two), lambda: merge(two, one))

    assert sum(isinstance(answer, MemberMerge) for answer in answers) == 1
    assert Member.objects.filter(merged_into=None).count() == 1
    assert audit().disagreements == ()


def test_a_chain_made_from_both_ends_points_at_the_last(program):
    one, two, three = numbered_member(), numbered_member(), numbered_member()
    give(one, program, 10)

    at_once(lambda: merge(one, two), lambda: merge(two, three))

    for alias in Member.objects.exclude(merged_into=None).select_related("merged_into"):
        assert alias.merged_into.merged_into is None
    assert audit().disagreements == ()


def test_a_till_that_spends_meanwhile_spends_once_and_from_whom_it_is(mall, program):
    old, new = numbered_member(), numbered_member()
    give(old, program, 100)

    def pay(number):
        return lambda: redeem_points(
            member=old, program=program, unit=mall, price=30, source_ref=f"till-{number}", by="t", at=NOW
        )

    answers = at_once(lambda: merge(old, new), *[pay(number) for number in range(4)])

    paid = [answer for answer in answers[1:] if not isinstance(answer, DomainError)]
    assert len(paid) == 3
    assert (points_of(old), points_of(new)) == (0, 10)
    assert audit().disagreements == ()


def test_what_is_earned_meanwhile_is_the_survivors(mall, program):
    old, new = numbered_member(), numbered_member()
    other = make_program("OTHER", owner=mall)

    def earn(number, into):
        def act():
            # As a door does: whoever is refused for a merge under way asks again, and finds the survivor.
            for _try in range(20):
                member = Member.objects.select_related("merged_into").get(pk=old.pk)
                try:
                    return accrue_points(
                        member=member.merged_into or member,
                        program=into,
                        unit=mall,
                        points=10,
                        source_ref=f"sale-{number}",
                        occurred_at=NOW,
                        by="t",
                    )
                except OperationalError as overtaken:
                    # 503 at a door: come again.
                    if sqlstate(overtaken) != "40001":
                        raise
            pytest.fail("never got through")

        return act

    acts = [earn(f"{number}-{into.code}", into) for number in range(3) for into in (program, other)]
    at_once(lambda: merge(old, new), *acts)

    assert Posting.objects.filter(kind="accrual").count() == 6
    assert (points_of(old), points_of(new)) == (0, 60)
    assert audit().disagreements == ()


def test_while_two_become_one_nothing_new_names_the_alias(app_dsn):
    """What a foreign key locks: a row about the survivor is written, one about the alias waits."""
    old, new = numbered_member(), numbered_member()

    with closing(psycopg2.connect(app_dsn)) as other, other.cursor() as cursor, transaction.atomic():
        locked_pair(survivor_id=new.pk, alias_id=old.pk)
        cursor.execute("SET lock_timeout = '50ms'")
        cursor.execute("SELECT FROM members_member WHERE id = %s FOR KEY SHARE", [str(new.pk)])
        with pytest.raises(psycopg2.errors.LockNotAvailable):
            cursor.execute("SELECT FROM members_member WHERE id = %s FOR KEY SHARE", [str(old.pk)])


def test_an_import_meanwhile_leaves_nothing_with_the_alias(mall):
    old, new = numbered_member(name="Ann", birth_date=date(1980, 1, 1)), numbered_member()
    hotel = make_unit("HOTEL")
    enrol_member(unit=mall, phone="13900000001", channel="counter", joined_at=LONG_AGO, by="t", at=NOW)
    Identity.objects.update(member=old)
    Enrolment.objects.update(member=old)

    def list_row(unit, card):
        return lambda: enrol_member(
            unit=unit,
            phone="13900000001",
            legacy_card=card,
            channel="import",
            joined_at=LONG_AGO,
            by="t",
            at=NOW,
        )

    at_once(lambda: merge(old, new), list_row(hotel, "H1"), list_row(mall, "M1"))

    assert set(Enrolment.objects.values_list("member", flat=True)) == {new.pk}
    assert set(Identity.objects.values_list("member", flat=True)) == {new.pk}


def test_undone_by_two_is_undone_once(program):
    old, new = numbered_member(), numbered_member()
    give(old, program, 100)
    done = merge(old, new)

    def undo():
        return unmerge_members(merge=done, evidence="two", by="user:1", at=NOW)

    answers = at_once(undo, undo, undo)

    assert sum(isinstance(answer, MemberUnmerge) for answer in answers) == 1
    assert (points_of(old), points_of(new)) == (100, 0)
    assert audit().disagreements == ()
