"""Personal texts are sealed on their way to the table and opened on their way back."""

import pytest
from cryptography.exceptions import InvalidTag
from django.core.exceptions import FieldError
from django.db import connection

from members.models import Identity, IdentityKind, Member
from tests.factories import make_unit
from tests.members.factories import enrol, numbered_member

pytestmark = pytest.mark.django_db

PHONE, EMAIL, NAME, ADDRESS = "13812345678", "ann.lee@example.com", "安娜贝尔", "世纪大道100号"


def test_a_text_comes_back_as_it_went():
    member = numbered_member(name=NAME, address="")

    stored = Member.objects.get(pk=member.pk)

    assert (stored.name, stored.address) == (NAME, "")


def test_no_plain_text_reaches_any_table_of_members():
    enrolment = enrol(make_unit(), phone=PHONE, email=EMAIL, name=NAME, address=ADDRESS)
    member = enrolment.member
    member.name = NAME + "二"
    member.save()

    with connection.cursor() as cursor:
        found = []
        for table in ("members_member", "members_identity", "members_enrolment"):
            # As bytes in any column: a sealed column would show a plain text in its escape format.
            cursor.execute(f"SELECT encode(convert_to(t::text, 'UTF8'), 'escape'), t::text FROM {table} t")
            found += [text for row in cursor.fetchall() for text in row]
    everything = "\n".join(found)
    for plain in (PHONE, EMAIL, NAME, ADDRESS):
        assert plain not in everything
        assert plain.encode().hex() not in everything, "nor as the hex of its bytes"


def test_a_changed_box_is_refused_when_it_is_read():
    member = numbered_member(name=NAME)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE members_member SET name = set_byte(name, last, 255 - get_byte(name, last))"
            " FROM (SELECT length(name) - 1 AS last FROM members_member) AS l"
        )

    with pytest.raises(InvalidTag):
        Member.objects.get(pk=member.pk)


def test_a_filter_that_could_find_nothing_is_a_bug_told_at_once():
    for lookup in ("name", "name__icontains", "name__in"):
        with pytest.raises(FieldError, match="blind index"):
            Member.objects.filter(**{lookup: NAME})

    assert Identity.objects.filter(value__isnull=True).count() == 0


def test_a_dump_carries_no_plain_text():
    member = numbered_member(name=NAME)
    field = Member._meta.get_field("name")

    assert NAME not in field.value_to_string(member)


def test_any_of_finds_what_in_finds(django_assert_num_queries):
    members = [numbered_member() for _ in range(5)]
    enrol(make_unit(), phone=PHONE)
    indexes = [bytes(index) for index in Identity.objects.values_list("blind_index", flat=True)]

    with django_assert_num_queries(1):
        found = set(Member.objects.filter(pk__any_of=[m.pk for m in members[:3]]))

    assert found == set(members[:3])
    assert Identity.objects.filter(blind_index__any_of=indexes, kind=IdentityKind.PHONE).count() == 1
    assert not Member.objects.filter(number__any_of=[]).exists()
