"""Exchange rates on the screen: overlaps are told on the form, what has begun can only be ended."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone
from psycopg2.extras import DateTimeTZRange

from common import clock
from points.models import ExchangeRate
from points.services import periods
from tests.operators import make_operator, tell_story

pytestmark = pytest.mark.django_db
ADD = reverse("admin:points_exchangerate_add")


@pytest.fixture
def story(client):
    told = tell_story()
    client.force_login(make_operator())
    client.cookies["django_language"] = "en"
    return told


def form(story, *, starts_at=None, ends_at=None, **fields):
    said = {
        "source": story.hotel_points.pk,
        "target": story.mall_points.pk,
        "numerator": 3,
        "denominator": 1,
    }
    for name, instant in (("starts_at", starts_at), ("ends_at", ends_at)):
        local = timezone.localtime(instant) if instant else None
        said[f"{name}_0"] = f"{local:%Y-%m-%d}" if local else ""
        said[f"{name}_1"] = f"{local:%H:%M:%S}" if local else ""
    return said | fields


def change(rate):
    return reverse("admin:points_exchangerate_change", args=[rate.pk])


def test_an_overlap_is_told_on_the_form_and_writes_nothing(client, story):
    answer = client.post(ADD, form(story, starts_at=clock.now() + timedelta(days=1)))

    assert answer.status_code == 200
    (words,) = answer.context["adminform"].form.non_field_errors()
    assert "1 HOTELPT = 2 MALLPT is in force in that time" in words
    assert ExchangeRate.objects.count() == 1


def test_a_successor_ends_the_rate_in_force_where_it_starts(client, story):
    starts_at = (clock.now() + timedelta(days=1)).replace(microsecond=0)

    answer = client.post(ADD, form(story, starts_at=starts_at, is_successor="on"))

    assert answer.status_code == 302
    new = ExchangeRate.objects.get(numerator=3)
    story.rate.refresh_from_db()
    assert story.rate.during.upper == new.during.lower == starts_at
    assert LogEntry.objects.get().object_id == str(new.pk)


def test_a_rate_cannot_start_in_the_past(client, story):
    answer = client.post(ADD, form(story, starts_at=clock.now() - timedelta(hours=1), is_successor="on"))

    assert "starts_at" in answer.context["adminform"].form.errors


def test_without_a_start_a_rate_holds_from_now(client, story):
    client.post(
        ADD,
        form(story, source=story.mall_points.pk, target=story.hotel_points.pk, numerator=1, denominator=2),
    )

    rate = ExchangeRate.objects.get(source=story.mall_points)
    assert abs(rate.during.lower - clock.now()) < timedelta(minutes=1)
    assert rate.during.upper is None


def test_what_has_begun_keeps_its_terms_and_can_be_ended(client, story):
    ends_at = (clock.now() + timedelta(days=3)).replace(microsecond=0)

    client.post(change(story.rate), form(story, ends_at=ends_at, numerator=9))

    story.rate.refresh_from_db()
    assert story.rate.during.upper == ends_at
    assert story.rate.numerator == 2


def test_what_has_begun_cannot_end_in_the_past_or_be_deleted(client, story):
    answer = client.post(change(story.rate), form(story, ends_at=clock.now() - timedelta(days=3)))

    assert "ends_at" in answer.context["adminform"].form.errors
    assert client.post(reverse("admin:points_exchangerate_delete", args=[story.rate.pk])).status_code == 403


def test_what_is_to_come_can_be_replanned_and_withdrawn(client, story):
    starts_at = (clock.now() + timedelta(days=5)).replace(microsecond=0)
    rate = ExchangeRate.objects.create(
        source=story.mall_points,
        target=story.hotel_points,
        numerator=1,
        denominator=4,
        during=DateTimeTZRange(starts_at, None),
    )
    later = starts_at + timedelta(days=1)

    client.post(change(rate), form(story, starts_at=later, numerator=1, denominator=3))

    rate.refresh_from_db()
    assert (rate.denominator, rate.during.lower) == (3, later)
    client.post(reverse("admin:points_exchangerate_delete", args=[rate.pk]), {"post": "yes"})
    assert not ExchangeRate.objects.filter(pk=rate.pk).exists()


def test_a_race_for_the_same_time_is_told_and_is_no_server_error(client, story, monkeypatch):
    """The form saw no overlap; by the time it saves, another operator's rate is there."""
    monkeypatch.setattr("points.admin.periods.PeriodForm._refuse_overlap", lambda *_args, **_kwargs: None)

    answer = client.post(ADD, form(story, starts_at=clock.now() + timedelta(days=1)), follow=True)

    assert answer.status_code == 200
    assert [str(message) for message in answer.context["messages"]] == [str(periods.PeriodOverlaps.title)]
    assert ExchangeRate.objects.count() == 1
