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


def back(story, **fields):
    """A rate the other way: 2 mall = 1 hotel gains nothing."""
    terms = {
        "source": story.mall_points.pk,
        "target": story.hotel_points.pk,
        "numerator": 1,
        "denominator": 2,
    }
    return form(story, **terms | fields)


def test_a_cap_is_offered_kept_and_listed(client, story):
    client.post(ADD, back(story, cap_per_member_day=5000))

    assert ExchangeRate.objects.get(source=story.mall_points).cap_per_member_day == 5000
    page = client.get(reverse("admin:points_exchangerate_changelist")).content.decode()
    assert "5,000 MALLPT" in page


def test_a_cap_to_come_can_be_replanned(client, story):
    starts_at = (clock.now() + timedelta(days=5)).replace(microsecond=0)
    client.post(ADD, back(story, starts_at=starts_at, cap_per_member_day=5000))
    rate = ExchangeRate.objects.get(source=story.mall_points)

    client.post(change(rate), back(story, starts_at=starts_at, cap_per_member_day=""))

    rate.refresh_from_db()
    assert rate.cap_per_member_day is None


def test_the_cap_of_what_has_begun_stays(client, story):
    client.post(change(story.rate), form(story, cap_per_member_day=7))

    story.rate.refresh_from_db()
    assert story.rate.cap_per_member_day is None


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("cap_per_member_day", 0, "A cap lets at least one point by. Empty: any number."),
        ("cap_per_member_day", 2**31, "Ensure this value is less than or equal to 2147483647."),
        ("numerator", 0, "Ensure this value is greater than or equal to 1."),
        ("denominator", 1_000_001, "Ensure this value is less than or equal to 1000000."),
    ],
)
def test_what_the_database_demands_is_told_beside_the_field(client, story, field, value, words):
    answer = client.post(ADD, back(story, **{field: value}))

    assert words in answer.context["adminform"].form.errors[field]
    assert ExchangeRate.objects.count() == 1


def test_a_circle_that_gains_is_told_on_the_form_and_writes_nothing(client, story):
    answer = client.post(ADD, back(story, numerator=51, denominator=100))

    assert answer.status_code == 200
    (words,) = answer.context["adminform"].form.non_field_errors()
    assert "exchanging them in a circle: " in words
    assert "HOTELPT → MALLPT" in words
    assert ExchangeRate.objects.count() == 1


def test_a_successor_is_judged_without_the_rate_whose_place_it_takes(client, story):
    """1 hotel = 2 mall would gain with 1 mall = 1 hotel in five days, had it not ended in one."""
    tomorrow = (clock.now() + timedelta(days=1)).replace(microsecond=0)
    in_five_days = tomorrow + timedelta(days=4)
    story.rate.during = DateTimeTZRange(story.rate.during.lower, in_five_days)
    story.rate.save()
    client.post(ADD, back(story, starts_at=in_five_days, denominator=1))

    refused = client.post(ADD, form(story, starts_at=tomorrow, numerator=3, is_successor="on"))
    taken = client.post(ADD, form(story, starts_at=tomorrow, numerator=1, is_successor="on"))

    assert "in a circle" in refused.context["adminform"].form.non_field_errors()[0]
    assert taken.status_code == 302
    assert ExchangeRate.objects.count() == 3


def test_a_rate_cannot_be_lengthened_into_a_circle_that_gains(client, story):
    ends_at = (clock.now() + timedelta(days=1)).replace(microsecond=0)
    client.post(change(story.rate), form(story, ends_at=ends_at))
    client.post(ADD, back(story, starts_at=ends_at, denominator=1))

    answer = client.post(change(story.rate), form(story))

    assert "in a circle" in answer.context["adminform"].form.non_field_errors()[0]
    story.rate.refresh_from_db()
    assert story.rate.during.upper == ends_at


def test_a_rate_to_come_is_judged_without_its_former_terms(client, story):
    """1 hotel = 2 mall for a day, and 1 mall = 1 hotel after it; replanned to 1 : 1, it may last."""
    first = (clock.now() + timedelta(days=5)).replace(microsecond=0)
    story.rate.during = DateTimeTZRange(first, first + timedelta(days=1))
    story.rate.save()
    client.post(ADD, back(story, starts_at=first + timedelta(days=1), denominator=1))

    refused = client.post(change(story.rate), form(story, starts_at=first, numerator=2))
    taken = client.post(change(story.rate), form(story, starts_at=first, numerator=1))

    assert "in a circle" in refused.context["adminform"].form.non_field_errors()[0]
    assert taken.status_code == 302


def test_a_circle_closed_meanwhile_is_told_and_is_no_server_error(client, story, monkeypatch):
    """The form saw no circle; by the time it saves, another operator's rate closes one."""
    monkeypatch.setattr("points.admin.exchange_rate.gaining_loop_during", lambda *_args, **_kwargs: None)

    answer = client.post(ADD, back(story, denominator=1), follow=True)

    assert answer.status_code == 200
    (message,) = answer.context["messages"]
    assert "in a circle: " in str(message)
    assert ExchangeRate.objects.count() == 1
