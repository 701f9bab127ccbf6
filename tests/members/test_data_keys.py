"""A key a member: what it closed, only it opens; destroyed, it is gone for good."""

import base64
import os
from uuid import uuid4

import psycopg2
import pytest
from cryptography.exceptions import InvalidTag
from django.db import connection, transaction

from members.data_keys import MemberErased, destroy_keys, key_of, keys_of
from members.models import Enrolment, Identity, IdentityKind, Member, MemberKey
from members.sealing import seal_column
from members.services.rotating import ring_census, rotate_keys
from members.vault import UnknownFieldKey, seal, unseal
from tests.factories import make_unit
from tests.members.factories import add_identity, enrol, numbered_member
from tests.members.services.test_enrolment_races import at_once

pytestmark = pytest.mark.django_db
OLD, NEW = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))


def stored_name(member):
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM members_member WHERE id = %s", [member.pk])
        return bytes(cursor.fetchone()[0])


def test_two_members_of_one_name_are_closed_with_two_keys():
    ann, other = numbered_member(name="Ann"), numbered_member(name="Ann")

    assert MemberKey.objects.count() == 2
    assert stored_name(ann)[1:17] == ann.pk.bytes
    assert stored_name(other)[1:17] == other.pk.bytes


def test_a_key_comes_with_the_first_personal_word():
    bare = numbered_member()

    assert not MemberKey.objects.filter(member_id=bare.pk).exists()


def test_a_box_does_not_open_with_anothers_key():
    ann, ben = numbered_member(name="Ann"), numbered_member(name="Ben")
    box = stored_name(ann)
    key = bytes(MemberKey.objects.get(member_id=ben.pk).wrapped)

    with pytest.raises(InvalidTag):
        unseal(key + box)
    with pytest.raises(UnknownFieldKey):
        unseal(box)


def test_an_identity_that_changes_hands_opens_under_its_first_owners_key():
    """A merge moves rows; nothing has to be closed again, and both keys are destroyed at an erasure."""
    ann, ben = numbered_member(name="Ann"), numbered_member(name="Ben")
    phone = add_identity(ann, IdentityKind.PHONE, "+8613812345678")

    Identity.objects.filter(pk=phone.pk).update(member=ben)

    assert Identity.objects.get(pk=phone.pk).value == "+8613812345678"


def test_a_list_opens_in_one_statement(django_assert_num_queries):
    for name in ("Ann", "Ben", "Cem"):
        numbered_member(name=name)

    with django_assert_num_queries(1):
        names = {member.name for member in Member.objects.all()}

    assert names == {"Ann", "Ben", "Cem"}


def test_a_destroyed_key_leaves_nothing_to_read_and_nothing_to_write():
    member = enrol(make_unit(), name="安娜", attributes={"hobby": "golf"}).member

    destroy_keys([member.pk])

    stored = Member.objects.get(pk=member.pk)
    assert stored.name == ""
    assert Enrolment.objects.get(member=member).attributes == {}
    stored.name = "again"
    with pytest.raises(MemberErased), transaction.atomic():
        stored.save()


def test_who_had_no_key_never_gets_one_after_an_erasure():
    bare = numbered_member()

    destroy_keys([bare.pk])

    with pytest.raises(MemberErased):
        key_of(bare.pk)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE members_memberkey SET destroyed_at = NULL, wrapped = 'x'",
        "UPDATE members_memberkey SET wrapped = 'x'",
        "DELETE FROM members_memberkey",
    ],
)
@pytest.mark.django_db(transaction=True)
def test_a_destroyed_key_never_comes_back(owner_connection, statement):
    member = numbered_member(name="Ann")
    destroy_keys([member.pk])

    with owner_connection.cursor() as cursor, pytest.raises(psycopg2.Error):
        cursor.execute(statement)


def test_a_row_that_lost_its_key_is_a_fault_and_no_empty_name(admin_connection):
    box = key_of(uuid4()).seal("Ann")

    with pytest.raises(UnknownFieldKey, match="no key"):
        unseal(box)


@pytest.mark.django_db(transaction=True)
def test_two_writers_make_one_key():
    owner = uuid4()

    wrapped = at_once(*[lambda: key_of(owner).wrapped] * 4)

    assert len(set(wrapped)) == 1


def test_many_keys_cost_the_same_statements_as_one(django_assert_num_queries):
    owners = [uuid4() for _ in range(300)]

    with django_assert_num_queries(1):  # and one by the driver itself, which Django does not count
        made = keys_of(owners)
    with django_assert_num_queries(1):
        again = keys_of(owners)

    assert {key.wrapped for key in made.values()} == {key.wrapped for key in again.values()}


def test_rotation_wraps_every_key_anew_and_goes_on_where_it_was_stopped(settings):
    settings.FIELD_KEYS = [OLD]
    members = [numbered_member(name=f"Ann {n}") for n in range(5)]
    gone = numbered_member(name="gone")
    destroy_keys([gone.pk])
    settings.FIELD_KEYS = [NEW, OLD]
    before = stored_name(members[0])

    first = rotate_keys(chunk_rows=2, chunks_max=1)
    rest = rotate_keys(chunk_rows=2)

    assert (first.keys, rest.keys) == (2, 3)
    settings.FIELD_KEYS = [NEW]
    assert {one.name for one in Member.objects.exclude(pk=gone.pk)} == {f"Ann {n}" for n in range(5)}
    assert stored_name(members[0]) == before, "no field is written again"


def test_the_census_says_which_key_may_leave_the_ring(settings):
    settings.FIELD_KEYS = [OLD]
    numbered_member(name="Ann")
    old_id = seal("x")[1:5].hex()
    assert ring_census() == {old_id: 1}
    settings.FIELD_KEYS = [NEW, OLD]

    rotate_keys()

    assert old_id not in ring_census()


def test_a_field_that_was_closed_with_the_ring_itself_is_given_its_members_key(settings):
    member = numbered_member(name="Ann")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE members_member SET name = %s WHERE id = %s", [seal("Ann"), member.pk])
    assert Member.objects.get(pk=member.pk).name == "Ann", "it opens meanwhile"

    rotated = rotate_keys()

    assert rotated.fields == 1
    assert stored_name(member)[:1] == b"\x02"
    assert Member.objects.get(pk=member.pk).name == "Ann"


def test_a_column_of_words_is_closed_with_the_key_of_whom_each_row_is_about():
    """What a migration does to rows that are there already."""
    ann, gone = numbered_member(), numbered_member()
    destroy_keys([gone.pk])
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE said (id int, member_id uuid, words varchar(9) NOT NULL DEFAULT '')"
        )
        cursor.execute(
            "INSERT INTO said VALUES (1, %s, 'kanari'), (2, %s, 'other'), (3, %s, '')",
            [ann.pk, gone.pk, ann.pk],
        )

    done = seal_column(connection, table="said", column="words", owner="t.member_id")

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce((SELECT wrapped FROM members_memberkey k WHERE k.member_id = s.member_id"
            " AND substring(s.words from 1 for 1) = '\\x02'), '') || s.words FROM said s ORDER BY id"
        )
        told = [bytes(box) for (box,) in cursor.fetchall()]
    assert done == 2
    assert told[1], "a constraint may ask that something is there"
    assert [unseal(box) if box else "" for box in told] == ["kanari", "", ""]
