"""Seeding: the same people and deeds for the same number, more when asked for more, nothing twice."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import transaction

from activities.models import Activity
from common.models import JobRun
from loyalty.demo.seeding import OtherSeed, seed_group
from members.models import Enrolment, Identity, Member
from points.models import Posting
from points.selectors.audit import audit

AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def content():
    """What a seed decides: all but ids and numbers drawn at random."""
    return (
        sorted(Member.objects.values_list("name", "birth_date", "gender")),
        sorted(Identity.objects.values_list("value", flat=True)),
        sorted(Enrolment.objects.values_list("unit__code", "legacy_card", "member__name", "joined_at")),
        sorted(
            Activity.objects.values_list("unit__code", "source_ref", "occurred_at", "amount", "member__name")
        ),
        sorted(Posting.objects.values_list("unit__code", "source_ref", "points", "member__name")),
    )


@pytest.mark.django_db
def test_the_second_time_changes_nothing_even_on_another_day():
    first = seed_group(seed=7, members=40, at=AT)
    before = content()

    again = seed_group(seed=7, members=40, at=AT + timedelta(days=3))

    assert first.activities == Activity.objects.count() > 40
    assert (again.enrolments, again.activities, again.points) == (0, 0, 0)
    assert content() == before
    assert audit().is_clean


@pytest.mark.django_db
def test_a_block_that_was_cut_off_is_told_again_to_the_same_end():
    seed_group(seed=7, members=40, at=AT)
    before = content()
    JobRun.objects.filter(job="seed", period="7: 1-40").update(finished_at=None, outcome=None)

    again = seed_group(seed=7, members=40, at=AT)

    assert (again.enrolments, again.activities) == (0, 0)
    assert content() == before


@pytest.mark.django_db
def test_the_same_number_makes_the_same_group():
    with transaction.atomic():
        seed_group(seed=7, members=25, at=AT)
        once = content()
        transaction.set_rollback(True)

    seed_group(seed=7, members=25, at=AT)

    assert content() == once


@pytest.mark.django_db
def test_more_members_add_to_those_that_are_there():
    seed_group(seed=7, members=20, at=AT)
    few = {name for name, *_ in content()[0]}

    more = seed_group(seed=7, members=30, at=AT)

    assert more.enrolments > 0
    assert Member.objects.count() == 30
    assert few <= {name for name, *_ in content()[0]}


@pytest.mark.django_db
def test_all_of_it_says_that_it_is_generated():
    call_command("seed", "--seed", "3", "--members", "12")

    assert Member.objects.count() == 12
    assert not Member.objects.filter(is_generated=False).exists()
    assert not Activity.objects.filter(is_generated=False).exists()


@pytest.mark.django_db
def test_another_seed_is_refused_since_its_people_have_the_same_phones():
    seed_group(seed=7, members=5, at=AT)

    with pytest.raises(OtherSeed):
        seed_group(seed=8, members=5, at=AT)
