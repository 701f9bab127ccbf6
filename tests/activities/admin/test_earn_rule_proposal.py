"""Earn rules on the screen: written by a form, previewed on real activities, approved by another person."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.urls import reverse

from activities.models import EarnRule, EarnRuleProposal
from activities.rules.reading import ActivityReport
from activities.services.recording import record_activities
from common import clock
from points.models import Posting
from tests.operators import make_operator, tell_story

pytestmark = pytest.mark.django_db
ADD = reverse("admin:activities_earnruleproposal_add")
PREVIEW = reverse("admin:activities_earnruleproposal_preview")


@pytest.fixture
def story(client):
    told = tell_story()
    client.force_login(make_operator())
    client.cookies["django_language"] = "en"
    return told


def form(story, **fields):
    return {
        "code": "WEEKEND",
        "name_zh": "周末多倍",
        "name_en": "Weekend",
        "program": story.mall_points.pk,
        "unit": story.mall.pk,
        "effect": "base",
        "priority": "0",
        "points_per_currency_unit": "2",
        "fixed_points": "0",
        "starts_at_0": "",
        "starts_at_1": "",
        "ends_at_0": "",
        "ends_at_1": "",
        "is_successor": "on",
    } | fields


def test_a_rule_is_proposed_with_all_that_the_form_says(client, story):
    said = form(
        story,
        categories="food/*\n tea ",
        weekdays=["6", "7"],
        hours_from="18:00",
        hours_to="02:00",
        minimum_spend="99.90",
        per_day="100",
        pending_days="7",
    )

    answer = client.post(ADD, said)

    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert EarnRuleProposal.objects.get().terms == {
        "conditions": {
            "categories": ["food/*", "tea"],
            "weekdays": [6, 7],
            "hours": ["18:00", "02:00"],
            "minimum_spend": "99.90",
        },
        "caps": {"per_day": 100},
        "pending_days": 7,
    }
    assert EarnRule.objects.count() == 1


def test_another_person_approves_and_who_asked_cannot(client, story):
    client.post(ADD, form(story))
    asked = EarnRuleProposal.objects.get()
    approve = reverse("admin:activities_earnruleproposal_approve", args=[asked.pk])
    assert client.post(approve, {"note": ""}).status_code == 403

    client.force_login(make_operator(name="OPERATOR2"))
    assert client.post(approve, {"note": ""}).status_code == 302

    assert str(EarnRule.objects.get(code="WEEKEND")) == "WEEKEND v1"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"code": "weekend"}, "code"),
        ({"effect": "multiplier", "points_per_currency_unit": "0"}, "factor"),
        ({"hours_from": "18:00"}, "hours_to"),
        ({"dates": "1 May"}, "dates"),
        ({"first_visit": "on"}, "sectors"),
        ({"expires_after_days": "3", "pending_days": "3"}, "expires_after_days"),
        ({"per_day": "0"}, "per_day"),
    ],
)
def test_what_cannot_be_is_told_beside_its_field(client, story, wrong, field):
    answer = client.post(ADD, form(story, **wrong))

    assert answer.status_code == 200
    assert field in answer.context["adminform"].form.errors
    assert not EarnRuleProposal.objects.exists()


def test_the_preview_says_what_the_rule_would_have_given_and_stores_nothing(client, story):
    at = clock.now()
    who = story.member.pk
    from_sales = [
        ActivityReport(
            f"P{n}",
            "purchase",
            None,
            None,
            at - timedelta(days=n + 1),
            Decimal(100),
            "CNY",
            member_id=who,
        )
        for n in range(3)
    ]
    with transaction.atomic():
        record_activities(unit=story.mall, reports=from_sales, by="test", at=at)
    before = Posting.objects.count()

    told = client.post(PREVIEW, form(story)).json()

    # Two points each for 300 here and 600 of the story's own sale.
    assert "would have given 1,800 points to 1 members" in told["words"], told
    assert "gave 0 points" in told["note"]
    assert Posting.objects.count() == before
    assert not EarnRuleProposal.objects.exists()
    # The next version of a rule is reckoned against the one in force.
    again = client.post(PREVIEW, form(story, code="MALL-BASE")).json()
    assert "would have given 1,800 points" in again["words"]
    assert "gave 900 points" in again["note"]


def test_a_half_filled_form_is_asked_for_the_rest(client, story):
    assert "Fill in the rule" in client.post(PREVIEW, form(story, code="")).json()["words"]


def test_a_rule_in_force_is_ended_and_its_terms_are_shown(client, story):
    page = client.get(reverse("admin:activities_earnrule_change", args=[story.rule.pk]))
    assert "any activity" in page.content.decode()
    end = clock.now() + timedelta(days=3)

    answer = client.post(
        reverse("admin:activities_earnrule_end", args=[story.rule.pk]),
        {"ends_at_0": f"{end:%Y-%m-%d}", "ends_at_1": "00:00:00"},
    )

    assert answer.status_code == 302
    story.rule.refresh_from_db()
    assert story.rule.during.upper is not None
