"""The migration that closes words about vouchers, over rows as they were before it.

Tables of the session stand before the real ones, whose guards only their owner may rest.
"""

from importlib import import_module
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import connection

from members.data_keys import destroy_keys
from members.vault import DESTROYED, data_key
from tests.factories import make_member

pytestmark = pytest.mark.django_db
migration = import_module("benefits.migrations.0004_sealed_words")


@pytest.fixture
def before():
    """The two tables as the migration finds them, with a guard that refuses every change."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE benefits_voucher (id uuid, member_id uuid) ON COMMIT DROP")
        cursor.execute(
            "CREATE TEMPORARY TABLE benefits_voucherevent"
            " (id uuid, voucher_id uuid, kind text, reason text, words bytea DEFAULT '') ON COMMIT DROP"
        )
        cursor.execute(
            "CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'append-only'; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER append_only BEFORE UPDATE ON benefits_voucherevent"
            " FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse()"
        )


def event(member, kind, reason):
    """The id of an event of a voucher of `member`, or of nobody's."""
    voucher, made = uuid4(), uuid4()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO benefits_voucher VALUES (%s, %s)", [voucher, member and member.pk])
        cursor.execute(
            "INSERT INTO benefits_voucherevent (id, voucher_id, kind, reason) VALUES (%s, %s, %s, %s)",
            [made, voucher, kind, reason],
        )
    return made


def move():
    migration.move_words(None, SimpleNamespace(connection=connection))


def told(event_id):
    with connection.cursor() as cursor:
        cursor.execute("SELECT reason, words FROM benefits_voucherevent WHERE id = %s", [event_id])
        reason, words = cursor.fetchone()
    return reason, bytes(words)


def opened(member, box):
    """What the key of `member` opens: the box names its owner, so another's key would not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT wrapped FROM members_memberkey WHERE member_id = %s", [member.pk])
        key = data_key(member.pk, bytes(cursor.fetchone()[0]))
    head = 17
    nonce = box[head : head + 12]
    return key.cipher.decrypt(nonce, box[head + 12 :], box[:head]).decode()


@pytest.mark.parametrize("kind", ["issued", "voided"])
def test_words_about_a_members_voucher_leave_the_clear_and_open_with_their_key(before, kind):
    ann, bob = make_member(), make_member()
    of_ann, of_bob = event(ann, kind, "张女士致歉，蛋糕掉了"), event(bob, kind, "生日")

    move()

    (clear, box), (clear_too, box_too) = told(of_ann), told(of_bob)
    assert (clear, clear_too) == ("", "")
    assert (opened(ann, box), opened(bob, box_too)) == ("张女士致歉，蛋糕掉了", "生日")
    assert "致歉".encode() not in box


def test_words_of_a_batch_of_ours_and_of_sales_stay_where_they_are(before):
    ann = make_member()
    of_batch, of_ours = (
        event(None, "voided", "recalled by its maker"),
        event(ann, "expired", "its time was over"),
    )
    silent = event(ann, "issued", "")

    move()

    assert told(of_batch) == ("recalled by its maker", b"")
    assert told(of_ours) == ("its time was over", b"")
    assert told(silent) == ("", b"")


def test_words_about_who_was_erased_are_gone(before):
    ann = make_member()
    made = event(ann, "issued", "for the wedding")
    destroy_keys([ann.pk])

    move()

    assert told(made) == ("", DESTROYED)


def test_the_guard_of_the_events_stands_again_afterwards(before):
    event(make_member(), "issued", "for the wedding")

    move()

    with connection.cursor() as cursor, pytest.raises(Exception, match="append-only"):
        cursor.execute("UPDATE benefits_voucherevent SET reason = 'rewritten'")
