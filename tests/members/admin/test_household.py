"""Operators look at households: by anybody in them, with masked names, and change nothing."""

import pytest
from django.urls import reverse

from members.services.households import accept_invitation, found_household, invite_to_household
from tests.factories import NOW
from tests.members.factories import numbered_member
from tests.operators import make_operator

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client):
    client.force_login(make_operator())
    return client


@pytest.fixture
def household():
    head, guest = numbered_member(name="王小明"), numbered_member(name="李雷雷")
    made = found_household(member=head, shares_points=False, at=NOW)
    place = invite_to_household(by=head, invited={"number": guest.number}, at=NOW)
    accept_invitation(member=guest, place_id=place.pk, shares_points=True, at=NOW)
    return made, head, guest


def test_the_page_shows_who_is_in_it_masked(operator, household):
    made, head, guest = household

    page = operator.get(reverse("admin:members_household_change", args=[made.pk])).content.decode()

    assert head.number in page
    assert guest.number in page
    assert "李**" in page
    assert "李雷雷" not in page
    assert 'name="_save"' not in page


def test_a_household_is_found_by_anybody_in_it(operator, household):
    made, _head, guest = household
    other = found_household(member=numbered_member(), shares_points=False, at=NOW)

    page = operator.get(reverse("admin:members_household_changelist"), {"q": guest.number}).content.decode()

    assert str(made.pk) in page
    assert str(other.pk) not in page


def test_a_members_page_shows_their_household(operator, household):
    made, head, guest = household

    page = operator.get(reverse("admin:members_member_change", args=[guest.pk])).content.decode()

    assert reverse("admin:members_household_change", args=[made.pk]) in page
    assert head.number in page
