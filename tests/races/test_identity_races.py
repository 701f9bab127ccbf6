"""Two members and one phone: whoever commits first has it. Tries and sends are counted exactly.

Seen red without: the second look of who lost a race, the locks of member and code, the lock of the value.
"""

from collections import Counter
from contextlib import closing
from datetime import timedelta

import psycopg2
import pytest
from django.db import DatabaseError, connection, transaction

from common.errors import DomainError
from members.models import Identity, IdentityKind, ProofCode
from members.services.identities import ask_to_bind, claim_plate, prove_identity, unbind_identity
from tests.factories import NOW
from tests.members.factories import add_identity, numbered_member
from tests.races.test_approval_races import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]
PHONE = "+8613912345678"


def outcome_of(operation):
    def job():
        try:
            operation()
        except DomainError as refusal:
            return refusal.code
        return "done"

    return job


def sent_to(member, minute):
    """A code of `member` for the phone, each a minute after the other."""
    return ask_to_bind(member=member, kind="phone", value=PHONE, at=NOW + timedelta(minutes=minute))


def proving(member, proof, code):
    return lambda: prove_identity(member=member, proof_id=proof.pk, code=code, by="test", at=proof.sent_at)


def test_of_four_members_who_prove_one_phone_at_once_one_has_it(outbox):
    members = [numbered_member() for _ in range(4)]
    proofs = [sent_to(member, minute) for minute, member in enumerate(members)]
    codes = [message["code"] for message in outbox()]

    jobs = [outcome_of(proving(*one)) for one in zip(members, proofs, codes, strict=True)]
    answers = at_once(4, jobs)

    assert Counter(answers) == {"done": 1, "identity_of_another": 3}
    assert Identity.objects.filter(kind=IdentityKind.PHONE, is_active=True).count() == 1


def test_twenty_guesses_at_once_are_five_tries(outbox):
    member = numbered_member()
    proof = sent_to(member, 0)
    wrong = f"{(int(outbox()[0]['code']) + 1) % 10**6:06}"

    answers = at_once(10, [outcome_of(proving(member, proof, wrong))] * 20)

    assert Counter(answers) == {"code_wrong": 5, "code_ended": 15}


def test_ten_who_ask_for_one_phone_at_once_send_one_code(outbox):
    members = [numbered_member() for _ in range(10)]

    answers = at_once(10, [outcome_of(lambda m=member: sent_to(m, 0)) for member in members])

    assert Counter(answers) == {"done": 1, "too_many_codes": 9}
    assert (ProofCode.objects.count(), len(outbox())) == (1, 1)


def test_of_ten_who_claim_one_plate_at_once_one_has_it():
    members = [numbered_member() for _ in range(10)]

    def claiming(member):
        return outcome_of(lambda: claim_plate(member=member, plate="沪A12345", by="test", at=NOW))

    answers = at_once(10, [claiming(member) for member in members])

    assert Counter(answers) == {"done": 1, "plate_of_another": 9}


def test_a_members_identities_change_one_at_a_time(app_dsn):
    """Else the last two phones, let go of at once, would both go."""
    ann = numbered_member()
    phones = [
        add_identity(ann, IdentityKind.PHONE, phone, proof="import") for phone in (PHONE, "+8613912345679")
    ]

    @transaction.atomic
    def at_the_same_time():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '50ms'")
        unbind_identity(member=ann, key=phones[1].key, by="test", at=NOW)

    with closing(psycopg2.connect(app_dsn)) as other, other.cursor() as cursor:
        cursor.execute("SELECT FROM members_member WHERE id = %s FOR NO KEY UPDATE", [str(ann.pk)])
        with pytest.raises(DatabaseError, match="lock timeout"):
            at_the_same_time()

    assert Identity.objects.filter(member=ann, is_active=True).count() == 2
