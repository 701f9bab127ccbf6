"""Earn rules on the screen: a new version follows the one in force; overlaps are told on the form."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from activities.models import EarnRule
from common import clock
from tests.operators import make_operator, tell_story

pytestmark = pytest.mark.django_db
ADD = reverse("admin:activities_earnrule_add")


@pytest.fixture
def story(client):
    told = tell_story()
    client.force_login(make_operator())
    client.cookies["django_language"] = "en"
    return told


def form(story, *, starts_at=None, **fields):
    local = timezone.localtime(starts_at) if starts_at else None
    return {
        "unit": story.mall.pk,
        "program": story.mall_points.pk,
        "points_per_currency_unit": "1.5",
        "starts_at_0": f"{local:%Y-%m-%d}" if local else "",
        "starts_at_1": f"{local:%H:%M:%S}" if local else "",
        "ends_at_0": "",
        "ends_at_1": "",
    } | fields


def test_a_successor_takes_the_next_version_and_ends_the_one_before(client, story):
    answer = client.post(ADD, form(story, is_successor="on"))

    assert answer.status_code == 302
    new = EarnRule.objects.get(version=2)
    story.rule.refresh_from_db()
    assert story.rule.during.upper == new.during.lower


def test_an_overlap_is_told_on_the_form(client, story):
    answer = client.post(ADD, form(story))

    assert "is in force in that time" in answer.context["adminform"].form.non_field_errors()[0]
    assert EarnRule.objects.count() == 1


def test_a_rule_may_start_in_the_past_for_a_history_to_be_imported(client, story):
    past = clock.now() - timedelta(days=2000)

    client.post(ADD, form(story, unit=story.hotel.pk, starts_at=past))

    assert EarnRule.objects.get(unit=story.hotel).during.lower == past.replace(microsecond=0)


def test_a_rule_in_force_keeps_its_rate(client, story):
    client.post(
        reverse("admin:activities_earnrule_change", args=[story.rule.pk]),
        form(story, points_per_currency_unit="99"),
    )

    story.rule.refresh_from_db()
    assert story.rule.points_per_currency_unit == 1
