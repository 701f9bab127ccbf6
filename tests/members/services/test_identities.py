"""An identity is bound with its proof, and goes from one member to another by no member's own doing."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from common.errors import NotFound
from members.data_keys import key_of
from members.models import (
    CodeOutcome,
    CodePurpose,
    EventKind,
    Identity,
    IdentityKind,
    MemberEvent,
    MemberStatus,
    ProofCode,
)
from members.selectors.identities import WechatContradicts, contested_proofs, member_by_wechat
from members.selectors.members import member_by_phone, member_by_plate
from members.services.households import MemberSuspended
from members.services.identities import (
    IdentityOfAnother,
    LastPhone,
    NoCodeForThis,
    PlateOfAnother,
    TooManyIdentities,
    ask_to_bind,
    award_plate,
    bind_wechat,
    claim_plate,
    prove_identity,
    unbind_identity,
)
from members.services.proving import CodeEnded, CodeWrong, TooManyCodes, tried_code
from members.services.sending import MessageNotSent
from tests.factories import NOW
from tests.members.factories import add_identity, numbered_member

pytestmark = pytest.mark.django_db
PHONE, OTHER = "+8613912345678", "+8613912345679"
APP, OPENID, UNIONID = "wx0123456789abcdef", "oA234567890123456789", "uA234567890123456789"


@pytest.fixture
def ann():
    return numbered_member(name="Ann")


@pytest.fixture
def bob():
    return numbered_member(name="Bob")


def ask(member, value=PHONE, kind="phone", at=NOW):
    return ask_to_bind(member=member, kind=kind, value=value, at=at)


def prove(member, proof, code, at=NOW):
    return prove_identity(member=member, proof_id=proof.pk, code=code, by="test", at=at)


def bind(member, outbox, value=PHONE, kind="phone", at=NOW):
    proof = ask(member, value, kind, at)
    return prove(member, proof, outbox()[-1]["code"], at)


def unbind(member, identity):
    return unbind_identity(member=member, key=identity.key, by="test", at=NOW)


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06}"


def test_a_proven_phone_finds_the_member(ann, outbox):
    proof = ask(ann, "139 1234 5678")
    bound = prove(ann, proof, outbox()[0]["code"], at=NOW + timedelta(minutes=2))

    assert member_by_phone(PHONE) == ann
    assert (bound.key, bound.proof, bound.proven_at) == (proof.pk, "code", NOW + timedelta(minutes=2))
    assert outbox()[0]["to"] == PHONE
    assert MemberEvent.objects.get().kind == EventKind.BOUND


def test_before_the_code_is_entered_nothing_is_bound(ann, outbox):
    ask(ann)

    with pytest.raises(NotFound):
        member_by_phone(PHONE)


def test_the_code_is_not_stored(ann, outbox):
    proof = ask(ann)

    code = outbox()[0]["code"]
    assert code.encode() not in bytes(ProofCode.objects.get(pk=proof.pk).code_digest)
    assert len(code) == 6


def test_five_wrong_tries_end_a_code(ann, outbox):
    proof = ask(ann)
    code = outbox()[0]["code"]

    left = []
    for _ in range(5):
        with pytest.raises(CodeWrong) as refusal:
            prove(ann, proof, wrong(code))
        left.append(refusal.value.facts["tries_left"])

    assert left == [4, 3, 2, 1, 0]
    with pytest.raises(CodeEnded):
        prove(ann, proof, code)


def test_a_code_ends_after_five_minutes(ann, outbox):
    proof = ask(ann)
    code = outbox()[0]["code"]

    with pytest.raises(CodeEnded):
        prove(ann, proof, code, at=NOW + timedelta(minutes=5))


def test_a_code_is_used_once(ann, outbox):
    proof = ask(ann)
    code = outbox()[0]["code"]
    prove(ann, proof, code)

    with pytest.raises(CodeEnded):
        prove(ann, proof, code)


def test_a_code_is_nobody_elses(ann, bob, outbox):
    proof = ask(ann)

    with pytest.raises(NotFound):
        prove(bob, proof, outbox()[0]["code"])


@transaction.atomic
def test_a_code_to_bind_a_phone_erases_nobody(ann, outbox):
    proof = ask(ann)

    with pytest.raises(NotFound):
        tried_code(member=ann, proof_id=proof.pk, purpose=CodePurpose.ERASE, code=outbox()[0]["code"], at=NOW)


def test_a_code_for_one_value_proves_no_other(ann, outbox):
    first, second = ask(ann, PHONE), ask(ann, OTHER)
    codes = [message["code"] for message in outbox()]

    if codes[0] != codes[1]:
        with pytest.raises(CodeWrong):
            prove(ann, second, codes[0])
    assert prove(ann, first, codes[0]).value == PHONE


def test_a_second_code_within_a_minute_waits_whoever_asks(ann, bob, outbox):
    ask(ann)

    with pytest.raises(TooManyCodes) as refusal:
        ask(bob, at=NOW + timedelta(seconds=45))

    assert refusal.value.retry_after == 15
    assert len(outbox()) == 1


def test_an_hour_sees_five_codes_and_a_day_ten(ann, outbox):
    sent = 0
    for minute in range(0, 24 * 60, 7):
        try:
            ask(ann, at=NOW + timedelta(minutes=minute))
        except TooManyCodes:
            continue
        sent += 1

    assert sent == len(outbox()) == 10


def test_one_member_sends_twenty_a_day_to_whatever_phones(ann, outbox):
    for number in range(20):
        ask(ann, f"139000000{number:02}", at=NOW + timedelta(minutes=number))

    with pytest.raises(TooManyCodes):
        ask(ann, "13900000099", at=NOW + timedelta(minutes=30))


def test_asking_for_anothers_phone_looks_like_asking_for_a_free_one(
    ann, bob, outbox, django_assert_num_queries
):
    add_identity(bob, IdentityKind.PHONE, PHONE)
    key_of(ann.pk)
    with django_assert_num_queries(8):
        known = ask(ann, PHONE)
    with django_assert_num_queries(8):
        free = ask(ann, OTHER)

    assert (known.kind, known.tries_left, known.expires_at) == (free.kind, free.tries_left, free.expires_at)


@pytest.mark.parametrize("proof", ["code", "import"])
def test_a_phone_of_another_stays_theirs_and_the_proof_stays_on_record(ann, bob, outbox, proof):
    add_identity(bob, IdentityKind.PHONE, PHONE, proof=proof)

    with pytest.raises(IdentityOfAnother):
        bind(ann, outbox)

    assert member_by_phone(PHONE) == bob
    assert [(p.member, p.outcome) for p in contested_proofs()] == [(ann, CodeOutcome.OF_ANOTHER)]


def test_a_phone_that_a_list_told_becomes_a_proven_one(ann, outbox):
    told = add_identity(ann, IdentityKind.PHONE, PHONE, proof="import", proven_at=NOW - timedelta(days=9))

    bound = bind(ann, outbox)

    assert (bound.pk, bound.proof, bound.proven_at) == (told.pk, "code", NOW)


def test_an_email_is_proven_by_a_code_too(ann, outbox):
    assert bind(ann, outbox, "Ann@Example.com", "email").value == "ann@example.com"
    assert outbox()[0]["kind"] == "email"


def test_the_old_phone_hears_of_the_new_one(ann, outbox, django_capture_on_commit_callbacks):
    bind(ann, outbox)

    with django_capture_on_commit_callbacks(execute=True):
        bind(ann, outbox, OTHER)

    last = outbox()[-1]
    assert (last["to"], last["code"]) == (PHONE, "")
    assert "139****5679" in last["words"]


def test_an_unbound_phone_finds_nobody_and_hears_so(ann, outbox, django_capture_on_commit_callbacks):
    old = bind(ann, outbox)
    bind(ann, outbox, OTHER)

    with django_capture_on_commit_callbacks(execute=True):
        gone = unbind(ann, old)

    assert (gone.is_active, gone.ended_at, outbox()[-1]["to"]) == (False, NOW, PHONE)
    with pytest.raises(NotFound):
        member_by_phone(PHONE)


def test_the_last_phone_stays(ann, outbox):
    only = bind(ann, outbox)

    with pytest.raises(LastPhone):
        unbind(ann, only)


def test_the_last_phone_stays_though_only_a_list_told_it(ann):
    only = add_identity(ann, IdentityKind.PHONE, OTHER, proof="import")

    with pytest.raises(LastPhone):
        unbind(ann, only)


def test_a_phone_that_was_only_told_does_not_replace_the_last_proven_one(ann, outbox):
    proven = bind(ann, outbox)
    told = add_identity(ann, IdentityKind.PHONE, OTHER, proof="import")

    with pytest.raises(LastPhone):
        unbind(ann, proven)
    assert not unbind(ann, told).is_active


def test_an_unbound_value_can_be_bound_by_another(ann, bob, outbox):
    mail = bind(ann, outbox, "a@example.com", "email")
    unbind(ann, mail)

    assert bind(bob, outbox, "a@example.com", "email", at=NOW + timedelta(minutes=2)).member == bob


def test_what_was_let_go_of_is_let_go_of_once(ann, outbox):
    mail = bind(ann, outbox, "a@example.com", "email")
    unbind(ann, mail)

    with pytest.raises(NotFound):
        unbind(ann, mail)


def test_somebody_elses_identity_is_not_there(ann, bob, outbox):
    mail = bind(ann, outbox, "a@example.com", "email")

    with pytest.raises(NotFound):
        unbind(bob, mail)


@pytest.mark.parametrize("kind", ["wechat", "plate", "legacy_card"])
def test_codes_go_to_phones_and_mailboxes_only(ann, kind):
    with pytest.raises(NoCodeForThis):
        ask(ann, "沪A12345", kind)


def test_a_frozen_member_changes_no_identity(ann, outbox):
    phone = bind(ann, outbox)
    ann.status = MemberStatus.FROZEN
    ann.save()

    for act in (
        lambda: ask(ann, OTHER),
        lambda: claim_plate(member=ann, plate="沪A12345", by="test", at=NOW),
        lambda: unbind(ann, phone),
    ):
        with pytest.raises(MemberSuspended):
            act()


def test_a_sixth_phone_is_one_too_many(ann, outbox):
    for number in range(5):
        add_identity(ann, IdentityKind.PHONE, f"+861390000000{number}")

    with pytest.raises(TooManyIdentities):
        bind(ann, outbox)


def test_without_a_channel_nothing_pretends_to_be_sent(ann, settings):
    settings.MESSAGE_CHANNEL = ""

    with pytest.raises(MessageNotSent):
        ask(ann)


def test_production_refuses_the_file_that_holds_codes(ann, settings, outbox):
    settings.PRODUCTION = True

    with pytest.raises(MessageNotSent):
        ask(ann)


def test_a_plate_is_claimed_and_found_in_any_spelling(ann):
    bound = claim_plate(member=ann, plate="沪a·ｄ12345", by="test", at=NOW)

    assert (bound.value, bound.proof) == ("沪AD12345", "claim")
    assert member_by_plate("沪AD12345") == ann
    assert claim_plate(member=ann, plate="沪AD12345", by="test", at=NOW) == bound


def test_who_claims_a_plate_second_is_refused(ann, bob):
    claim_plate(member=ann, plate="沪A12345", by="test", at=NOW)

    with pytest.raises(PlateOfAnother):
        claim_plate(member=bob, plate="沪A12345", by="test", at=NOW)


def test_who_shows_the_vehicle_licence_gets_the_plate(ann, bob):
    claim_plate(member=ann, plate="沪A12345", by="test", at=NOW)

    award_plate(member=bob, plate="沪A12345", reason="vehicle licence seen", by="user:1", at=NOW)

    assert member_by_plate("沪A12345") == bob
    events = MemberEvent.objects.filter(by="user:1").order_by("id")
    assert [(event.member, event.kind) for event in events] == [(ann, "unbound"), (bob, "bound")]


def test_wechat_finds_a_member_by_the_unionid_in_every_app(ann):
    bind_wechat(member=ann, app_id=APP, openid=OPENID, unionid=UNIONID, by="test", at=NOW)

    other_app = "wxfedcba9876543210"
    assert member_by_wechat(app_id=other_app, openid="oB" + OPENID, unionid=UNIONID) == ann
    assert member_by_wechat(app_id=APP, openid=OPENID, unionid=None) == ann
    with pytest.raises(NotFound):
        member_by_wechat(app_id=other_app, openid=OPENID, unionid=None)


def test_a_wechat_of_another_is_refused(ann, bob):
    bind_wechat(member=ann, app_id=APP, openid=OPENID, unionid=UNIONID, by="test", at=NOW)

    with pytest.raises(IdentityOfAnother):
        bind_wechat(member=bob, app_id=APP, openid="oB" + OPENID, unionid=UNIONID, by="test", at=NOW)


def test_an_openid_and_a_unionid_of_two_people_name_neither(ann, bob):
    bind_wechat(member=ann, app_id=APP, openid=OPENID, unionid=None, by="test", at=NOW)
    bind_wechat(member=bob, app_id=APP, openid="oB" + OPENID, unionid=UNIONID, by="test", at=NOW)

    with pytest.raises(WechatContradicts):
        member_by_wechat(app_id=APP, openid=OPENID, unionid=UNIONID)


def test_an_event_of_a_membership_is_neither_changed_nor_deleted(ann, outbox):
    bind(ann, outbox)

    for act in (lambda rows: rows.update(by="x"), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            act(MemberEvent.objects.filter(member=ann))
    assert Identity.objects.filter(member=ann).count() == 1
