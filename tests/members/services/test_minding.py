"""Nightly: who turned 14 is free, whose guardian left is frozen, old codes are gone."""

from datetime import UTC, date, datetime, timedelta

import pytest

from members.models import Member, MemberStatus, ProofCode
from members.services.guardians import record_guardian
from members.services.identities import ask_to_bind
from members.services.lifecycle import close_member, freeze_member
from members.services.minding import forget_codes, mind_guardians
from tests.factories import NOW, make_unit
from tests.members.factories import enrol, numbered_member

pytestmark = pytest.mark.django_db
BORN = date(2016, 9, 1)
GROWN = datetime(2030, 9, 1, 4, tzinfo=UTC)


@pytest.fixture
def child():
    return enrol(make_unit(), birth_date=BORN).member


def status_after(member, at):
    mind_guardians(by="job", at=at)
    return Member.objects.get(pk=member.pk).status


def test_who_turned_14_is_free(child):
    assert status_after(child, GROWN - timedelta(days=2)) == MemberStatus.FROZEN
    assert status_after(child, GROWN) == MemberStatus.ACTIVE


def test_whom_a_person_froze_stays_frozen(child):
    freeze_member(member_id=child.pk, reason="stolen card", by="user:1", at=NOW + timedelta(days=1))

    assert status_after(child, GROWN) == MemberStatus.FROZEN


def test_a_child_whose_guardian_left_is_frozen(child):
    ann = numbered_member()
    record_guardian(child=child, guardian=ann, evidence="seen", by="user:1", at=NOW)
    before = status_after(child, NOW)

    close_member(member_id=ann.pk, reason="left", by="user:1", at=NOW)

    assert (before, status_after(child, NOW)) == (MemberStatus.ACTIVE, MemberStatus.FROZEN)


def test_grown_ups_are_not_looked_at(child):
    numbered_member(birth_date=date(1980, 1, 1))
    numbered_member()

    assert mind_guardians(by="job", at=NOW) == 1


def test_old_codes_are_forgotten(outbox):
    ann = numbered_member()
    ask_to_bind(member=ann, kind="phone", value="13900000001", at=NOW - timedelta(days=3))
    ask_to_bind(member=ann, kind="phone", value="13900000002", at=NOW - timedelta(days=1))

    assert forget_codes(at=NOW) == 1
    assert ProofCode.objects.get().value == "+8613900000002"
