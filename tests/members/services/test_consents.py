"""A member's word on who may have their data: kept, versioned, and in force at once."""

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from common.models import OutboxEvent
from members.models import Consent, ConsentEvent, ConsentPurpose, ConsentText, DataAccess, Member
from members.selectors.consents import Ground, ground_of, has_consent, members_who_consent, standings_of
from members.services.consents import (
    Choice,
    ConsentTextMissing,
    ConsentTextOutdated,
    TextVersionTaken,
    publish_text,
    say_consents,
)
from members.services.looking import (
    NothingToReveal,
    RevealReasonMissing,
    TooManyReveals,
    look_as_unit,
    reveal_member,
)
from tests.factories import NOW, make_unit
from tests.members.factories import enrol, numbered_member
from tests.members.services.test_enrolment_races import at_once

pytestmark = pytest.mark.django_db
SHARE = ConsentPurpose.SHARE


@pytest.fixture
def hotel():
    return make_unit("HOTEL", "hotel")


@pytest.fixture
def ann(db):
    return enrol(make_unit("MALL"), phone="13812345678", name="安娜").member


def say(member, unit, *, is_given=True, purpose=SHARE, version="share-1", at=NOW):
    choice = Choice(purpose, unit, is_given=is_given, version=version if is_given else "")
    return say_consents(member_id=member.pk, choices=[choice], channel="app", by="test", at=at)


def look(member, unit, at=NOW):
    return look_as_unit(member_id=member.pk, unit=unit, fields=["name", "phone"], by="partner:x", at=at)


def ask_anew(version="share-2", *, asks_again=True, at=NOW + timedelta(days=1)):
    words = {"title_zh": "题", "title_en": "T", "words_zh": "文", "words_en": "W"}
    return publish_text(purpose=SHARE, version=version, asks_again=asks_again, by="test", at=at, **words)


def test_a_sister_unit_sees_nothing_until_it_is_let(ann, hotel):
    assert look(ann, hotel) is None

    say(ann, hotel)

    seen = look(ann, hotel)
    assert seen.ground is Ground.CONSENT
    assert seen.values == {"name": "安娜", "phone": "+8613812345678"}


def test_a_unit_sees_its_own_customers_without_a_row(ann):
    mall = ann.enrolments.get().unit

    assert look(ann, mall).ground is Ground.ENROLMENT
    assert not DataAccess.objects.exists()


def test_a_no_holds_against_a_members_own_unit_too(ann):
    mall = ann.enrolments.get().unit
    say(ann, mall)

    say(ann, mall, is_given=False)

    assert look(ann, mall) is None


def test_a_look_under_consent_leaves_a_row_that_says_what_was_seen_and_not_what_it_was(ann, hotel):
    say(ann, hotel)

    look(ann, hotel)

    row = DataAccess.objects.get()
    assert (row.member, row.unit, row.fields, row.by) == (ann, hotel, ["name", "phone"], "partner:x")


def test_withdrawing_holds_at_once_and_names_no_version(ann, hotel):
    say(ann, hotel)

    say(ann, hotel, is_given=False)

    assert look(ann, hotel) is None
    assert not has_consent(member_id=ann.pk, purpose=SHARE, unit=hotel)


def test_each_word_is_kept_and_saying_it_again_adds_none(ann, hotel):
    say(ann, hotel)
    assert say(ann, hotel) == []
    say(ann, hotel, is_given=False, at=NOW + timedelta(hours=1))
    assert say(ann, hotel, is_given=False) == []
    say(ann, hotel, at=NOW + timedelta(hours=2))

    acts = list(ConsentEvent.objects.order_by("id").values_list("act", flat=True))
    assert acts == ["given", "withdrawn", "given"]
    assert Consent.objects.get().since == NOW + timedelta(hours=2)


def test_one_unit_and_one_purpose_say_nothing_about_another(ann, hotel):
    estate = make_unit("ESTATE", "residential")

    say(ann, hotel)

    assert look(ann, estate) is None
    assert not has_consent(member_id=ann.pk, purpose=ConsentPurpose.MARKETING, unit=hotel)


def test_a_yes_names_the_text_in_force(ann, hotel):
    with pytest.raises(ConsentTextMissing):
        say(ann, hotel, version="")
    with pytest.raises(ConsentTextOutdated) as refusal:
        say(ann, hotel, version="share-0")

    assert refusal.value.facts == {"version": "share-1"}


def test_a_text_that_asks_again_ends_what_was_agreed_before(ann, hotel):
    say(ann, hotel)

    ask_anew()

    assert look(ann, hotel) is None
    assert members_who_consent(member_ids=[ann.pk], purpose=SHARE, unit=hotel) == set()
    standing = next(one for one in standings_of(member_id=ann.pk) if one.unit == hotel and one.is_given)
    assert (standing.holds, standing.version) == (False, "share-1")
    say(ann, hotel, version="share-2", at=NOW + timedelta(days=2))
    assert look(ann, hotel) is not None


def test_a_text_that_says_the_same_better_ends_nothing(ann, hotel):
    say(ann, hotel)

    ask_anew(asks_again=False)

    assert look(ann, hotel) is not None
    assert members_who_consent(member_ids=[ann.pk], purpose=SHARE, unit=hotel) == {ann.pk}


def test_a_version_names_one_text_for_ever():
    ask_anew()

    with pytest.raises(TextVersionTaken):
        ask_anew()


def test_who_was_merged_said_it_under_either_id_and_the_last_word_counts(ann, hotel):
    other = numbered_member(name="安娜")
    say(other, hotel)
    Member.objects.filter(pk=other.pk).update(merged_into=ann)
    assert look(ann, hotel) is not None

    say(ann, hotel)
    say(ann, hotel, is_given=False, at=NOW + timedelta(hours=1))

    assert look(ann, hotel) is None


def test_the_floors_above_hear_of_it_by_ids_and_codes_only(ann, hotel):
    say(ann, hotel)

    event = OutboxEvent.objects.get(kind="members.consent_changed")
    assert event.subject == str(ann.pk)
    assert event.payload == {"purpose": "share", "unit": "HOTEL", "is_given": True}


@pytest.mark.parametrize("model", [ConsentEvent, ConsentText, DataAccess])
def test_what_was_said_and_who_looked_is_never_rewritten(ann, hotel, model):
    say(ann, hotel)
    look(ann, hotel)

    column = {"ConsentText": "published_by"}.get(model.__name__, "by")
    for act in (lambda rows: rows.update(**{column: "x"}), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            act(model.objects.all())


def test_what_holds_cannot_be_written_past_what_was_said(ann, hotel):
    say(ann, hotel, is_given=True)

    for statement in (
        "UPDATE members_consent SET is_given = true",
        "DELETE FROM members_consent",
        "INSERT INTO members_consent SELECT * FROM members_consent",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_lists_of_many_cost_two_statements(hotel, django_assert_num_queries):
    people = [numbered_member() for _ in range(5)]
    for person in people[:4]:
        say(person, hotel)
    say(people[3], hotel, is_given=False, at=NOW + timedelta(hours=1))

    with django_assert_num_queries(2):
        may = members_who_consent(member_ids=[one.pk for one in people], purpose=SHARE, unit=hotel)

    assert may == {one.pk for one in people[:3]}


@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_waits_for_who_is_reading_and_whoever_comes_after_it_sees_nothing(hotel):
    """A partner is in the midst of a read: the withdrawal commits after it, and its row is there already."""
    ann = numbered_member(name="安娜")
    say(ann, hotel)
    is_reading, order = threading.Event(), []

    def read_slowly():
        with transaction.atomic():
            seen = look(ann, hotel)
            is_reading.set()
            # Whoever waits for the lock would have come by now.
            threading.Event().wait(0.7)
            order.append("read")
        return seen

    def withdraw():
        assert is_reading.wait(10)
        say(ann, hotel, is_given=False)
        order.append("withdrawn")
        return look(ann, hotel)

    seen, after = at_once(read_slowly, withdraw)

    assert order == ["read", "withdrawn"]
    assert seen is not None
    assert after is None
    assert DataAccess.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_no_look_after_a_committed_withdrawal_returns_anything(hotel):
    """Readers hammer while the member withdraws: whatever began after the commit saw nothing."""
    ann = numbered_member(name="安娜")
    say(ann, hotel)
    withdrawn = threading.Event()

    def read():
        late = []
        for _ in range(25):
            is_late = withdrawn.is_set()
            seen = look(ann, hotel)
            if is_late:
                late.append(seen)
        return late

    def withdraw():
        threading.Event().wait(0.05)
        say(ann, hotel, is_given=False)
        withdrawn.set()
        return []

    late = [one for seen in at_once(read, read, read, withdraw) for one in seen]

    assert set(late) <= {None}


def test_an_operator_sees_in_full_with_a_reason_that_the_member_reads(ann):
    seen = reveal_member(member_id=ann.pk, fields=["phone"], reason="lost parcel", by="user:1", at=NOW)

    assert seen == {"phone": "+8613812345678"}
    row = DataAccess.objects.get()
    assert (row.kind, row.fields, row.reason, row.by) == ("reveal", ["phone"], "lost parcel", "user:1")


def test_without_a_reason_or_a_field_nothing_is_shown(ann):
    with pytest.raises(RevealReasonMissing):
        reveal_member(member_id=ann.pk, fields=["phone"], reason="  ", by="user:1", at=NOW)
    for fields in ([], ["password"]):
        with pytest.raises(NothingToReveal):
            reveal_member(member_id=ann.pk, fields=fields, reason="x", by="user:1", at=NOW)
    assert not DataAccess.objects.exists()


def test_an_operator_sees_so_many_a_day(ann, settings):
    settings.REVEALS_PER_DAY = 1
    other = numbered_member(name="Ben")
    reveal_member(member_id=ann.pk, fields=["name"], reason="x", by="user:1", at=NOW)
    reveal_member(member_id=ann.pk, fields=["phone"], reason="x", by="user:1", at=NOW)

    with pytest.raises(TooManyReveals):
        reveal_member(member_id=other.pk, fields=["name"], reason="x", by="user:1", at=NOW)

    reveal_member(member_id=other.pk, fields=["name"], reason="x", by="user:2", at=NOW)
    later = NOW + timedelta(days=1, seconds=1)
    reveal_member(member_id=other.pk, fields=["name"], reason="x", by="user:1", at=later)


def test_the_ground_is_the_enrolment_where_nothing_was_said(ann, hotel):
    assert ground_of(member_id=ann.pk, unit=ann.enrolments.get().unit) is Ground.ENROLMENT
    assert ground_of(member_id=ann.pk, unit=hotel) is None
