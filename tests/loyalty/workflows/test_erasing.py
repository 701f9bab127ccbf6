"""Who is erased, when, by whose word, and what waits for it."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from rest_framework.test import APIClient

from loyalty.workflows.erase_member import ErasureWaitsForHold, begin_erasure, erase_due
from loyalty.workflows.merge_members import merge_members
from members.data_keys import MemberErased
from members.models import (
    CodeOutcome,
    Erasure,
    Identity,
    IdentityKind,
    Member,
    MemberKey,
    MemberMerge,
    MemberStatus,
    ProofCode,
)
from members.services.lifecycle import reopen_member
from members.vault import UnknownFieldKey, unseal
from points.selectors.audit import audit
from points.services.holds import hold_points, void_hold
from tests.factories import NOW, balance, give, make_program, make_unit
from tests.members.factories import add_identity, enrol, token_of
from tests.members.services.test_enrolment_races import at_once
from tests.operators import grant, make_operator

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon(settings):
    settings.LOYALTY_FAKE_NOW = NOW.isoformat()


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def program(mall):
    return make_program("MALLPT", owner=mall)


def app(member):
    token = token_of(member, lifetime=timedelta(days=3650))
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")


def ok(answer, status=200):
    assert answer.status_code == status, answer.content
    return answer.json() if answer.content else None


def bind(client, kind, value):
    answer = client.post("/api/v1/me/identities", {"kind": kind, "value": value}, format="json")
    return ok(answer, 201 if kind == "plate" else 202)


def test_a_key_that_is_destroyed_makes_an_old_dump_unreadable(mall):
    """A backup holds the sealed bytes; with the keys of today they say nothing about who was erased."""
    member = enrol(mall, name="康纳睿鹂鸟", attributes={"x": "kanari"}).member
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM members_member WHERE id = %s", [member.pk])
        backup = bytes(cursor.fetchone()[0])
    before = bytes(MemberKey.objects.get(member_id=member.pk).wrapped)
    assert unseal(before + backup) == "康纳睿鹂鸟"

    begin_erasure(member_id=member.pk, by="test", at=NOW)

    after = bytes(MemberKey.objects.get(member_id=member.pk).wrapped)
    assert unseal(after + backup) == ""
    with pytest.raises(UnknownFieldKey):
        unseal(backup)


def test_points_lapse_and_the_books_balance(mall, program):
    member = enrol(mall, name="Ann").member
    give(member, program, 500, unit=mall)

    erasure = begin_erasure(member_id=member.pk, by="test", at=NOW)

    assert balance(member, program) == 0
    assert erasure.outcome["points_given_up"] == 500
    assert audit().is_clean


def test_a_sale_in_progress_is_waited_for(mall, program):
    member = enrol(mall, name="Ann").member
    give(member, program, 500, unit=mall)
    hold = hold_points(
        member=member, program=program, unit=mall, price=100, source_ref="S-1", by="test", at=NOW
    )

    with pytest.raises(ErasureWaitsForHold):
        begin_erasure(member_id=member.pk, by="test", at=NOW)

    assert Member.objects.get(pk=member.pk).name == "Ann"
    assert balance(member, program) == 500
    void_hold(hold_id=hold.hold.pk, units=[mall], at=NOW)
    assert begin_erasure(member_id=member.pk, by="test", at=NOW).done_at == NOW


def test_an_alias_is_erased_with_its_survivor_whichever_is_named(mall):
    ann, other = (enrol(mall, name=f"Ann {n}").member for n in range(2))
    Member.objects.filter(pk=other.pk).update(merged_into=ann)

    begin_erasure(member_id=other.pk, by="test", at=NOW)

    assert {one.name for one in Member.objects.filter(pk__in=[ann.pk, other.pk])} == {""}
    assert Erasure.objects.get().member == ann
    assert not Identity.objects.filter(member_id__in=[ann.pk, other.pk]).exists()


def test_what_stayed_with_another_when_a_merge_was_undone_is_still_read(mall):
    """An identity sealed by one and kept by the other: the one's key goes, the other's phone stays."""
    ann, ben = (enrol(mall, name=name).member for name in ("Ann", "Ben"))
    phone = add_identity(ann, IdentityKind.PHONE, "+8613812345678")
    Identity.objects.filter(pk=phone.pk).update(member=ben)
    MemberMerge.objects.create(survivor=ben, alias=ann, evidence="seen", by="test", at=NOW)

    begin_erasure(member_id=ann.pk, by="test", at=NOW)

    assert Identity.objects.get(pk=phone.pk).value == "+8613812345678"


def test_who_was_erased_is_neither_joined_nor_parted(mall):
    ann, ben = (enrol(mall, name=name).member for name in ("Ann", "Ben"))
    begin_erasure(member_id=ann.pk, by="test", at=NOW)

    with pytest.raises(MemberErased):
        merge_members(survivor_id=ben.pk, alias_id=ann.pk, evidence="seen", by="test", at=NOW)


def test_the_phone_is_free_and_makes_somebody_new(mall):
    member = enrol(mall, phone="13812345678", legacy_card="C-1", name="Ann").member

    begin_erasure(member_id=member.pk, by="test", at=NOW)

    again = enrol(mall, phone="13812345678", legacy_card="C-1", name="Ann")
    assert again.member_id != member.pk


def test_an_erased_membership_is_not_reopened(mall):
    member = enrol(mall, name="Ann").member
    begin_erasure(member_id=member.pk, by="test", at=NOW)

    with pytest.raises(MemberErased):
        reopen_member(member_id=member.pk, reason="came back", by="test", at=NOW)


def test_asking_again_changes_nothing(mall):
    member = enrol(mall, name="Ann").member
    begin_erasure(member_id=member.pk, by="test", at=NOW)

    begin_erasure(member_id=member.pk, by="test", at=NOW)

    assert MemberKey.objects.get(member_id=member.pk).destroyed_at is not None


def test_a_waiting_period_closes_first_and_erases_when_it_is_over(mall, settings):
    settings.ERASURE_WAIT_DAYS = 15
    member = enrol(mall, name="Ann").member

    erasure = begin_erasure(member_id=member.pk, by="test", at=NOW)

    assert (erasure.done_at, erasure.due_at) == (None, NOW + timedelta(days=15))
    stored = Member.objects.get(pk=member.pk)
    assert (stored.status, stored.name) == (MemberStatus.CLOSED, "Ann")
    assert erase_due(by="job", at=NOW + timedelta(days=14)) == {"erased": 0, "waiting_for_a_sale": 0}
    assert erase_due(by="job", at=NOW + timedelta(days=15)) == {"erased": 1, "waiting_for_a_sale": 0}
    assert erase_due(by="job", at=NOW + timedelta(days=16)) == {"erased": 0, "waiting_for_a_sale": 0}
    assert Member.objects.get(pk=member.pk).name == ""


def test_who_comes_back_in_time_is_not_erased(mall, settings):
    settings.ERASURE_WAIT_DAYS = 15
    member = enrol(mall, name="Ann").member
    begin_erasure(member_id=member.pk, by="test", at=NOW)

    reopen_member(member_id=member.pk, reason="came back", by="test", at=NOW)

    assert erase_due(by="job", at=NOW + timedelta(days=20))["erased"] == 0
    assert Member.objects.get(pk=member.pk).name == "Ann"


def test_a_wrong_code_erases_nobody_and_takes_a_try(mall, outbox):
    member = enrol(mall, phone="13812345678", name="Ann").member
    client = app(member)
    sent = ok(client.post("/api/v1/me/erasure-codes"), 202)
    wrong = f"{(int(outbox()[-1]['code']) + 1) % 1_000_000:06d}"

    answer = client.delete("/api/v1/me", HTTP_X_PROOF_ID=sent["id"], HTTP_X_PROOF_CODE=wrong)

    assert (answer.status_code, answer.json()["code"], answer.json()["tries_left"]) == (409, "code_wrong", 4)
    assert ProofCode.objects.get().outcome == CodeOutcome.OPEN
    assert Member.objects.get(pk=member.pk).name == "Ann"


def test_without_a_code_nothing_is_erased(mall):
    client = app(enrol(mall, name="Ann").member)

    for headers in ({}, {"HTTP_X_PROOF_ID": "x", "HTTP_X_PROOF_CODE": "123456"}):
        answer = client.delete("/api/v1/me", **headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "proof_missing")


def test_a_code_to_bind_a_phone_does_not_erase(mall, outbox):
    client = app(enrol(mall, phone="13812345678", name="Ann").member)
    sent = ok(
        client.post("/api/v1/me/identities", {"kind": "phone", "value": "13900000009"}, format="json"), 202
    )

    answer = client.delete("/api/v1/me", HTTP_X_PROOF_ID=sent["id"], HTTP_X_PROOF_CODE=outbox()[-1]["code"])

    assert answer.status_code == 404


def test_who_has_no_phone_is_sent_to_a_desk(mall):
    client = app(enrol(mall, legacy_card="C-1", name="Ann").member)

    answer = client.post("/api/v1/me/erasure-codes")

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_prove_by")


@pytest.mark.django_db(transaction=True)
def test_a_writer_who_came_first_is_waited_for_and_forgotten(mall):
    """An enrolment adds an identity while the erasure begins: it is erased with the rest."""
    member = enrol(mall, phone="13812345678", legacy_card="C-1", name="Ann").member
    wrote, may_end = threading.Event(), threading.Event()

    def write_slowly():
        with transaction.atomic():
            enrol(mall, phone="13812345678", email="ann@example.com", name="Ann")
            wrote.set()
            may_end.wait(timeout=10)

    def erase_meanwhile():
        wrote.wait(timeout=10)
        threading.Timer(0.5, may_end.set).start()
        return begin_erasure(member_id=member.pk, by="test", at=NOW)

    at_once(write_slowly, erase_meanwhile)

    assert not Identity.objects.filter(member=member).exists()


def test_an_operator_erases_by_typing_the_number_once_more(mall):
    member = enrol(mall, name="Ann").member
    operator = grant(make_operator(superuser=False), "erase_member", "view_erasure", "view_member")
    desk = Client()
    desk.force_login(operator)
    page = f"/admin/members/erasure/{member.pk}/ask/"

    refused = desk.post(page, {"number": "000000000000"})
    assert refused.status_code == 200
    assert Member.objects.get(pk=member.pk).name == "Ann"

    assert desk.post(page, {"number": member.number}).status_code == 302
    assert Member.objects.get(pk=member.pk).name == ""


def test_who_may_not_erase_is_refused(mall):
    member = enrol(mall, name="Ann").member
    desk = Client()
    desk.force_login(make_operator(superuser=False))

    assert desk.post(f"/admin/members/erasure/{member.pk}/ask/", {"number": member.number}).status_code == 403
