"""Blocks: who shares a keyed hash is found, large blocks are passed over, and they can be made anew."""

from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command

from members.models import MatchKey, MatchKeyKind
from members.services import blocking
from members.services.blocking import key_of, match_keys, members_in_blocks, refresh_match_keys
from tests.factories import make_unit
from tests.members.factories import enrol

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    unit = make_unit()
    return enrol(unit, name="张伟", birth_date=date(1985, 6, 17), address="世纪大道88弄3号502室").member


def test_every_door_puts_a_new_member_into_blocks(person):
    (features,) = blocking.features_of_members([person.pk]).values()

    keys = match_keys(features)

    assert set(MatchKey.objects.values_list("key", flat=True)) == set(keys)
    assert all(block == [person.pk] for block in members_in_blocks(keys).values())


def test_a_block_that_is_too_large_tells_nobody(person, monkeypatch):
    monkeypatch.setattr(blocking, "BLOCK_MEMBERS_MAX", 0)
    key = key_of("day", "1985-06-17 z")

    assert members_in_blocks({key: MatchKeyKind.DAY}) == {}


def test_blocks_are_made_anew_as_they_were(person):
    before = set(MatchKey.objects.values_list("key", "kind"))
    MatchKey.objects.all().delete()

    call_command("build_match_keys", "--batch", "1", stdout=StringIO())
    refresh_match_keys([person.pk])

    assert set(MatchKey.objects.values_list("key", "kind")) == before
