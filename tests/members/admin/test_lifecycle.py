"""Operators act on a membership with a reason, if they may; companies are kept through the service."""

from datetime import date

import pytest
from django.urls import reverse

from members.models import CorporateAccount, Guardianship, Member, MemberEvent, MemberStatus
from members.selectors.members import member_by_plate
from tests.factories import make_unit
from tests.members.factories import numbered_member
from tests.operators import grant, make_operator
from units.models import Venue

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann():
    return numbered_member(name="Ann")


@pytest.fixture(autouse=True)
def signed_in(client):
    client.force_login(make_operator())
    client.cookies["django_language"] = "en"


def act(client, member, name, **said):
    return client.post(reverse(f"admin:members_member_{name}", args=[member.pk]), said)


def test_an_operator_freezes_and_unfreezes_with_a_reason(client, ann):
    assert act(client, ann, "freeze", reason="card lost").status_code == 302
    frozen = Member.objects.get(pk=ann.pk).status
    act(client, ann, "unfreeze", reason="found")

    events = MemberEvent.objects.filter(member=ann).order_by("id")
    assert (frozen, [(e.kind, e.reason) for e in events]) == (
        MemberStatus.FROZEN,
        [("frozen", "card lost"), ("unfrozen", "found")],
    )
    assert events[0].by.startswith("user:")


def test_without_a_reason_nothing_happens(client, ann):
    assert act(client, ann, "close", reason=" ").status_code == 200
    assert Member.objects.get(pk=ann.pk).status == MemberStatus.ACTIVE


def test_closed_is_reopened(client, ann):
    act(client, ann, "close", reason="left")
    act(client, ann, "reopen", reason="came back")

    assert Member.objects.get(pk=ann.pk).status == MemberStatus.ACTIVE


@pytest.mark.parametrize("name", ["freeze", "close", "guard", "award"])
def test_who_may_only_look_changes_nothing(client, ann, name):
    client.force_login(grant(make_operator(superuser=False, name="LOOKER"), "view_member"))

    assert act(client, ann, name, reason="x").status_code == 403
    assert Member.objects.get(pk=ann.pk).status == MemberStatus.ACTIVE


def test_a_guardian_is_recorded_by_member_number(client, ann):
    child = numbered_member(birth_date=date(2020, 1, 1), status=MemberStatus.FROZEN)

    act(client, child, "guard", guardian=ann.number, evidence="register seen")

    assert Guardianship.objects.get().guardian == ann


def test_a_refusal_is_told_above_the_form(client, ann):
    answer = act(client, ann, "guard", guardian=ann.number, evidence="register seen")

    assert "Only members under 14" in answer.content.decode()


def test_a_plate_goes_to_who_showed_the_licence(client, ann):
    act(client, ann, "award", plate="沪a12345", reason="vehicle licence seen")

    assert member_by_plate("沪A12345") == ann


def test_a_company_is_taken_up_and_changed(client):
    venue = Venue.objects.create(unit=make_unit(), code="TOWER", name_zh="塔", name_en="Tower")
    terms = {"company_name": "Acme", "seats": 5, "starts_on": "2026-06-01", "ends_on": "", "contact": "Lee"}

    client.post(reverse("admin:members_corporateaccount_add"), {"venue": venue.pk, "code": "ACME", **terms})
    acme = CorporateAccount.objects.get()
    client.post(
        reverse("admin:members_corporateaccount_change", args=[acme.pk]),
        {**terms, "seats": 9, "contact": "Wu"},
    )

    acme.refresh_from_db()
    assert (acme.code, acme.seats, acme.contact) == ("ACME", 9, "Wu")
    assert acme.recorded_by.startswith("user:")
