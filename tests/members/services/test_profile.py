"""A member changes what is theirs to change."""

from datetime import date

import pytest

from common.errors import PreconditionFailed
from members.models import Member
from members.rules.normalise import BadDate, BadGender, BadText, FutureDate
from members.services.profile import BirthDateIsSet, NameMissing, edit_profile
from tests.factories import NOW
from tests.members.factories import numbered_member

pytestmark = pytest.mark.django_db


def edit(member, expect=lambda _member: None, **changes):
    return edit_profile(member_id=member.pk, changes=changes, expect=expect, at=NOW)


def test_what_is_named_changes_and_the_rest_stays():
    member = numbered_member(name="Ann", address="here")

    edit(member, name=" Ann  Lee ", gender="女")

    stored = Member.objects.get(pk=member.pk)
    assert (stored.name, stored.gender, stored.address) == ("Ann Lee", "female", "here")


def test_a_birth_date_is_given_once():
    member = numbered_member()
    edit(member, birth_date=date(1990, 3, 31))

    edit(member, birth_date=date(1990, 3, 31))
    with pytest.raises(BirthDateIsSet):
        edit(member, birth_date=date(1990, 4, 1))

    assert Member.objects.get(pk=member.pk).birth_date == date(1990, 3, 31)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"name": " "}, NameMissing),
        ({"name": "a\x00"}, BadText),
        ({"gender": "x?"}, BadGender),
        ({"address": "x" * 401}, BadText),
        ({"birth_date": date(2026, 6, 17)}, FutureDate),
        ({"birth_date": date(1899, 12, 31)}, BadDate),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(changes, refusal):
    member = numbered_member(name="Ann")

    with pytest.raises(refusal):
        edit(member, **changes)

    assert Member.objects.get(pk=member.pk).name == "Ann"


def test_a_member_that_is_not_as_expected_stays_as_it_is():
    def refuse(_member):
        raise PreconditionFailed

    member = numbered_member(name="Ann")

    with pytest.raises(PreconditionFailed):
        edit(member, refuse, name="Bob")

    assert Member.objects.get(pk=member.pk).name == "Ann"
