"""Whoever decides about people waits for whoever is deciding: the row that guards each count and each answer.

Seen red without the lock. Another connection holds the row; the act would rather fail than wait.
"""

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import date

import psycopg2
import pytest
from django.db import DatabaseError, connection, transaction

from members.models import Guardianship, HouseholdMember, MatchCandidate, MatchState
from members.services.deciding import AlreadyDecided, decide_same
from members.services.guardians import record_guardian
from members.services.households import accept_invitation, found_household, invite_to_household
from tests.factories import NOW, make_unit
from tests.members.factories import numbered_member

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]


def held_up(app_dsn: str, table: str, pk: object, act: Callable[[], object]) -> bool:
    """Whether `act` waits for the row of `table` that somebody else has locked."""

    @transaction.atomic
    def impatiently() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '50ms'")
        act()

    with closing(psycopg2.connect(app_dsn)) as other, other.cursor() as cursor:
        cursor.execute(f"SELECT FROM {table} WHERE id = %s FOR NO KEY UPDATE", [str(pk)])
        try:
            impatiently()
        except DatabaseError as refusal:
            return "lock timeout" in str(refusal)
    return False


def test_the_last_place_of_a_household_is_taken_under_its_lock(app_dsn):
    head, guest = numbered_member(), numbered_member()
    household = found_household(member=head, shares_points=True, at=NOW)
    place = invite_to_household(by=head, invited={"number": guest.number}, at=NOW)

    def accept():
        accept_invitation(member=guest, place_id=place.pk, shares_points=True, at=NOW)

    assert held_up(app_dsn, "members_household", household.pk, accept)
    assert HouseholdMember.objects.get(pk=place.pk).state == "invited"


def test_a_guardians_tenth_child_is_recorded_under_the_guardians_lock(app_dsn):
    child, guardian = numbered_member(birth_date=date(2020, 1, 1)), numbered_member()

    def record():
        record_guardian(child=child, guardian=guardian, evidence="seen", by="test", at=NOW)

    assert held_up(app_dsn, "members_member", guardian.pk, record)
    assert not Guardianship.objects.exists()


def test_of_two_answers_about_a_pair_the_second_finds_the_first(app_dsn):
    people = numbered_member(), numbered_member()
    pair = MatchCandidate.objects.create(
        member=people[0], other=people[1], unit=make_unit(), score=0.9, evidence={}, created_at=NOW
    )
    answers: list[object] = []

    def decide() -> None:
        try:
            answers.append(decide_same(candidate_id=pair.pk, by="test", at=NOW))
        except AlreadyDecided as refusal:
            answers.append(refusal.code)
        finally:
            connection.close()

    with closing(psycopg2.connect(app_dsn)) as other, other.cursor() as cursor:
        cursor.execute(
            "UPDATE members_matchcandidate SET state = 'different', decided_by = 'x', decided_at = now()"
        )
        second = threading.Thread(target=decide)
        second.start()
        # By now it has read the pair, or waits to.
        second.join(0.3)
        other.commit()
        second.join()

    assert answers == ["already_decided"]
    assert MatchCandidate.objects.get().state == MatchState.DIFFERENT
