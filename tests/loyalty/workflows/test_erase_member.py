"""After an erasure nothing of the person is found anywhere, and the books still balance."""

import csv
import logging
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from rest_framework.test import APIClient

from activities.models import Activity
from activities.services.importing import activities_task
from common.bulk.importing import import_file
from loyalty.workflows.import_members import import_members_task
from members.models import (
    IdentityKind,
    MatchCandidate,
    ResidencyRole,
)
from members.selectors.members import member_by_phone
from members.services.guardians import record_guardian
from members.services.lifecycle import unfreeze_member
from members.services.residencies import Told, record_residency
from members.vault import blind_index
from parking.selectors.audit import parking_disagreements
from points.models import Posting
from points.selectors.audit import audit
from tests.conftest import ADMIN_URL
from tests.factories import NOW, make_program, make_unit
from tests.loyalty.canaries import dump_of, tables_with
from tests.loyalty.planting import WORDS, plant_words, readable_words, words_of_people
from tests.members.factories import add_identity, enrol, numbered_member, token_of
from tests.operators import PASSWORD, grant, make_operator
from units.models import Venue
from units.services.partner_keys import issue_partner_key

pytestmark = pytest.mark.django_db
BIRTH = "1931-02-07"
# What nobody else is called: each is planted through a door of its own, and looked for everywhere afterwards.
CANARY = {
    "name": "康纳睿鹂鸟",
    "phone": "13987650123",
    "second_phone": "+8613987650124",
    "asked_phone": "13987650125",
    "email": "kanari.0001@example.com",
    "plate": "沪AKN931",
    "openid": "okanari0001openid",
    "address": "金丝雀路九千号",
    "card": "KANARI-CARD-0001",
    "column": "kanari-hobby-0001",
    "hint": "kanari-tier-0001",
    "activity_column": "kanari-parcel-0001",
    "activity_note": "kanari-note-0001",
    "freeze_reason": "kanari-frozen-0001",
    "reveal_reason": "kanari-reveal-0001",
    "evidence": "kanari-evidence-0001",
    "room": "kanari-room-0001",
    "renamed": "康纳睿改名",
    "profile_address": "金丝雀里一万号",
    "birth": BIRTH,
}
SPELLINGS = [
    *CANARY.values(),
    *WORDS.values(),
    "+86" + CANARY["phone"],
    "+86" + CANARY["asked_phone"],
]


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


def till(*units, scopes):
    _key, token = issue_partner_key(name="POS", units=units, scopes=scopes, by="test", at=NOW)
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")


def ok(answer, status=200):
    assert answer.status_code == status, answer.content
    return answer.json() if answer.content else None


def bind(client, kind, value):
    answer = client.post("/api/v1/me/identities", {"kind": kind, "value": value}, format="json")
    return ok(answer, 201 if kind == "plate" else 202)


def import_person(mall, path):
    columns = {
        "legacy_card": CANARY["card"],
        "name": CANARY["name"],
        "phone": CANARY["phone"],
        "email": CANARY["email"],
        "birth_date": BIRTH,
        "gender": "female",
        "address": CANARY["address"],
        "tier_hint": CANARY["hint"],
        "points_balance": "700",
        "hobby": CANARY["column"],
    }
    write(path, columns)
    task = import_members_task(
        unit_code=mall.code, program_code=None, by="test", at=NOW, time_zone="Asia/Shanghai"
    )
    import_file(path, task=task, at=NOW, rejects_path=None)
    return member_by_phone(CANARY["phone"])


def plant_through_every_door(mall, outbox, tmp_path):
    """A person with a canary in every place that takes words about a person."""
    member = import_person(mall, tmp_path / "members.csv")
    client = app(member)
    asked = ok(
        client.post(
            "/api/v1/me/identities", {"kind": "phone", "value": CANARY["second_phone"]}, format="json"
        ),
        202,
    )
    code = next(one["code"] for one in outbox() if one["to"] == CANARY["second_phone"])
    ok(client.post(f"/api/v1/me/identities/{asked['id']}/prove", {"code": code}, format="json"))
    ok(client.post("/api/v1/me/identities", {"kind": "plate", "value": CANARY["plate"]}, format="json"), 201)
    ok(
        client.post(
            "/api/v1/me/identities", {"kind": "phone", "value": CANARY["asked_phone"]}, format="json"
        ),
        202,
    )
    ok(
        client.patch(
            "/api/v1/me", {"name": CANARY["renamed"], "address": CANARY["profile_address"]}, format="json"
        )
    )
    add_identity(member, IdentityKind.WECHAT, f"wx1:{CANARY['openid']}")
    partner = till(mall, scopes=("members:resolve", "members:enrol"))
    import_activity(mall, tmp_path / "activities.csv")
    Activity.objects.update(reason=CANARY["activity_note"])
    ok(partner.post("/partner/v1/members/resolve", {"phone": CANARY["phone"]}, format="json"))
    ok(
        partner.post(
            "/partner/v1/members",
            {"phone": CANARY["phone"], "name": CANARY["name"], "consent_text": "share-1"},
            format="json",
            HTTP_IDEMPOTENCY_KEY="k-1",
        )
    )
    # An operator's own words, through the form where they are typed.
    operator = grant(make_operator(superuser=True), "change_member", "reveal_member")
    desk = Client()
    desk.login(username=operator.username, password=PASSWORD)
    answer = desk.post(f"/admin/members/member/{member.pk}/freeze/", {"reason": CANARY["freeze_reason"]})
    assert answer.status_code == 302, answer.content
    unfreeze_member(member_id=member.pk, reason=CANARY["freeze_reason"], by="user:1", at=NOW)
    answer = desk.post(
        f"/admin/members/member/{member.pk}/reveal/",
        {"what": ["name", "phone"], "reason": CANARY["reveal_reason"]},
    )
    assert CANARY["phone"] in answer.content.decode(), "who may look sees it in full"
    child = numbered_member(name="child", birth_date=NOW.date() - timedelta(days=3650))
    record_guardian(child=child, guardian=member, evidence=CANARY["evidence"], by="user:1", at=NOW)
    live_somewhere(member, mall)
    ok(client.post("/api/v1/me/data-export"), 201)
    other = enrol(mall, name=CANARY["name"][:2] + "某").member
    MatchCandidate.objects.create(
        member=other, other=member, unit=mall, score=0.6, evidence={"name": "same"}, created_at=NOW
    )
    return member, client


def live_somewhere(member, mall):
    venue = Venue.objects.create(unit=mall, code="GARDEN1", name_zh="花园", name_en="Garden")
    told = Told(source_ref=CANARY["room"], role=ResidencyRole.OWNER, starts_on=NOW.date())
    record_residency(member=member, venue=venue, told=told, by="test", at=NOW)


def import_activity(mall, path):
    columns = {
        "source_ref": "R-1",
        "kind": "purchase",
        "member_ref": CANARY["phone"],
        "occurred_at": "2026-06-14T12:00:00+08:00",
        "amount": "10.00",
        "currency": "CNY",
        "parcel": CANARY["activity_column"],
    }
    write(path, columns)
    import_file(path, task=activities_task(unit=mall, by="test", at=NOW), at=NOW, rejects_path=None)


def write(path, columns):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([list(columns), list(columns.values())])


def indexes():
    """Who has the key of the index and guesses a plate or a phone finds nothing either."""
    plate, phone = blind_index("plate", CANARY["plate"]), blind_index("phone", "+86" + CANARY["phone"])
    return [plate.hex(), phone.hex()]


def erase(client, outbox):
    sent = ok(client.post("/api/v1/me/erasure-codes"), 202)
    code = outbox()[-1]["code"]
    return client.delete("/api/v1/me", HTTP_X_PROOF_ID=sent["id"], HTTP_X_PROOF_CODE=code)


@pytest.mark.django_db(transaction=True)
def test_after_an_erasure_twenty_canaries_are_found_nowhere(
    mall, program, outbox, tmp_path, admin_connection, app_dsn, caplog, settings
):
    caplog.set_level(logging.DEBUG)
    member, client = plant_through_every_door(mall, outbox, tmp_path)
    plant_words(member, mall, CANARY["plate"])
    # A merge that was undone ended the sign-ins.
    client = app(member)
    assert len(CANARY) == 20
    assert readable_words([member.pk]) == words_of_people(), "a canary in every column that takes words"
    held = tables_with(admin_connection, SPELLINGS + indexes())
    copy = ok(client.get(f"/api/v1/me/data-export/{ok(client.post('/api/v1/me/data-export'), 201)['id']}"))
    told = str(copy)
    for name in ("renamed", "profile_address", "card", "column", "activity_column", "freeze_reason", "plate"):
        assert CANARY[name] in told, f"the copy tells {name}"
    assert [name for name, word in WORDS.items() if word not in told] == []
    assert {CANARY["card"], CANARY["activity_column"], CANARY["room"], BIRTH} <= held.keys()
    assert CANARY["phone"] not in held, "what is sealed is no text in any table, before either"
    assert {WORDS["raised"], WORDS["parked"], WORDS["waiting"], *indexes()} <= held.keys()
    assert WORDS["asked"] not in held, "nor are words about an adjustment"

    settings.LOYALTY_FAKE_NOW = (NOW + timedelta(minutes=10)).isoformat()
    erased = erase(client, outbox)

    assert ok(erased)["done_at"] is not None
    assert readable_words([member.pk]) == set()
    assert tables_with(admin_connection, SPELLINGS + indexes()) == {}
    dump = dump_of(ADMIN_URL)
    for word in SPELLINGS:
        assert word not in dump
        assert word.encode().hex() not in dump
        assert word not in caplog.text
    assert not any(word in Path(settings.MESSAGE_FILE).read_text() for word in SPELLINGS)
    assert str(member.pk) in dump, "the surrogate id stays on the books"
    assert client.get("/api/v1/me").status_code == 401
    assert audit().is_clean
    assert Posting.objects.filter(source_ref__startswith=f"erasure:{member.pk}:").count() == 2, (
        "of two programs"
    )
    assert parking_disagreements() == []
