"""A member under 14 is active while a guardian answers for them, and on their own from the 14th birthday."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from rest_framework.test import APIClient

from common.errors import NotFound
from members.models import Guardianship, Member, MemberEvent, MemberStatus
from members.selectors.guardians import has_guardian, ward_of, wards_of
from members.services.guardians import NotAChild, TooManyChildren, end_guardianship, record_guardian
from members.services.households import MemberSuspended, NotAnAdult
from members.services.lifecycle import ReasonMissing, close_member, freeze_member
from members.services.profile import edit_profile
from tests.factories import NOW, make_unit
from tests.members.factories import enrol, numbered_member, token_of

pytestmark = pytest.mark.django_db
BORN = date(2016, 9, 1)


@pytest.fixture
def ann():
    return numbered_member(name="Ann", birth_date=date(1985, 1, 1))


@pytest.fixture
def child():
    return enrol(make_unit(), birth_date=BORN, name="Tim").member


def guard(child, guardian, evidence="household register seen", at=NOW):
    return record_guardian(child=child, guardian=guardian, evidence=evidence, by="user:1", at=at)


def status_of(member):
    return Member.objects.get(pk=member.pk).status


def test_a_child_is_frozen_from_the_start_and_history_says_why(child):
    event = MemberEvent.objects.get(member=child)

    assert status_of(child) == MemberStatus.FROZEN
    assert (event.kind, event.cause, event.by) == ("frozen", "no_guardian", "test")


def test_a_grown_up_is_not(ann):
    assert status_of(enrol(make_unit(), birth_date=date(2000, 1, 1)).member) == MemberStatus.ACTIVE


def test_a_guardian_makes_the_child_active_until_the_14th_birthday(child, ann):
    guardianship = guard(child, ann)

    assert (status_of(child), guardianship.until) == (MemberStatus.ACTIVE, date(2030, 9, 1))
    assert has_guardian(child_id=child.pk, on=date(2030, 8, 31))
    assert not has_guardian(child_id=child.pk, on=date(2030, 9, 1))


def test_the_same_guardian_twice_is_one(child, ann):
    assert guard(child, ann) == guard(child, ann)
    assert MemberEvent.objects.filter(member=child, kind="guarded").count() == 1


def test_a_child_whom_a_person_froze_stays_frozen(child, ann):
    freeze_member(member_id=child.pk, reason="stolen card", by="user:1", at=NOW + timedelta(seconds=1))

    guard(child, ann, at=NOW + timedelta(seconds=2))

    assert status_of(child) == MemberStatus.FROZEN


def test_a_child_without_any_guardian_left_is_frozen_again(child, ann):
    second = numbered_member()
    first_one, second_one = guard(child, ann), guard(child, second)

    end_guardianship(guardianship_id=first_one.pk, reason="asked to", by="user:1", at=NOW)
    still = status_of(child)
    end_guardianship(guardianship_id=second_one.pk, reason="asked to", by="user:1", at=NOW)

    assert (still, status_of(child)) == (MemberStatus.ACTIVE, MemberStatus.FROZEN)


def test_a_guardian_who_left_answers_for_nobody(child, ann):
    guard(child, ann)

    close_member(member_id=ann.pk, reason="left", by="user:1", at=NOW)

    assert not has_guardian(child_id=child.pk, on=NOW.date())


@pytest.mark.parametrize("born", [None, date(2010, 1, 1)])
def test_nobody_answers_for_who_is_14(born, ann):
    with pytest.raises(NotAChild):
        guard(numbered_member(birth_date=born), ann)


def test_a_guardian_is_of_age_and_active(child):
    with pytest.raises(NotAnAdult):
        guard(child, numbered_member(birth_date=date(2010, 1, 1)))
    with pytest.raises(MemberSuspended):
        guard(child, numbered_member(status=MemberStatus.FROZEN))


def test_a_guardian_is_recorded_with_what_was_seen(child, ann):
    with pytest.raises(ReasonMissing):
        guard(child, ann, evidence=" ")


def test_ten_children_are_enough(ann):
    for _ in range(10):
        guard(numbered_member(birth_date=BORN), ann)

    with pytest.raises(TooManyChildren):
        guard(numbered_member(birth_date=BORN), ann)


def test_the_database_knows_no_two_guardianships_of_a_pair_at_a_time(child, ann):
    row = guard(child, ann)

    with pytest.raises(IntegrityError, match="one_guardianship_a_pair_at_a_time"), transaction.atomic():
        Guardianship.objects.create(
            child=child, guardian=ann, since=row.since, until=row.until,
            evidence="x", recorded_by="x", recorded_at=NOW,
        )  # fmt: skip


def test_who_says_they_are_a_child_is_frozen(ann):
    young = numbered_member()

    told = edit_profile(member_id=young.pk, changes={"birth_date": BORN}, expect=lambda _member: None, at=NOW)

    assert told.status == status_of(young) == MemberStatus.FROZEN


def test_a_guardian_finds_their_own_children_only(child, ann):
    guard(child, ann)
    other = numbered_member(birth_date=BORN)

    assert [one.child for one in wards_of(guardian_id=ann.pk, on=NOW.date())] == [child]
    assert ward_of(guardian_id=ann.pk, child_id=child.pk, on=NOW.date()) == child
    with pytest.raises(NotFound):
        ward_of(guardian_id=ann.pk, child_id=other.pk, on=NOW.date())


def me(guardian, child, settings, at=NOW):
    settings.LOYALTY_FAKE_NOW = at.isoformat()
    token = token_of(guardian, at=NOW, lifetime=timedelta(days=3650))
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}", HTTP_X_ACT_FOR=str(child))
    answer = client.get("/api/v1/me")
    return answer.status_code, answer.json().get("id")


def test_a_guardian_acts_in_the_childs_place_until_the_14th_birthday(child, ann, settings):
    guard(child, ann)

    assert me(ann, child.pk, settings) == (200, str(child.pk))
    assert me(ann, child.pk, settings, at=datetime(2030, 9, 1, 4, tzinfo=UTC))[0] == 404


@pytest.mark.parametrize("named", ["", "nonsense", "0196f0aa-5d00-7b21-8a44-2c3d4e5f6a07"])
def test_nobody_acts_for_who_is_not_their_child(named, ann, settings):
    assert me(ann, named, settings)[0] == 404


def test_nobody_acts_for_another_guardians_child(child, ann, settings):
    guard(child, ann)

    assert me(numbered_member(), child.pk, settings)[0] == 404
