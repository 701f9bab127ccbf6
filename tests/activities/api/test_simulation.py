"""The doors to what an activity would earn, and to why one earned what it did."""

import pytest
from django.utils import translation

from activities.models import Activity
from activities.rules.trace_words import reason_told
from points.models import Posting
from tests.factories import NOW, make_earn_rule, make_member, make_program, make_unit
from tests.points.api.conftest import Till

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon(settings):
    settings.LOYALTY_FAKE_NOW = NOW.isoformat()


@pytest.fixture
def mall():
    mall = make_unit("MALL")
    program = make_program("MALL", owner=mall)
    make_earn_rule(mall, program, "1.5")
    stays = {"conditions": {"kinds": ["stay"]}}
    make_earn_rule(mall, program, "0", code="STAYS", fixed_points=9, terms=stays)
    return mall


@pytest.fixture
def till(mall):
    return Till([mall], scopes=["activities:report"])


def asked(**said):
    return {
        "kind": "purchase",
        "occurred_at": "2026-06-01T08:00:00+08:00",
        "amount": {"amount": "10.90", "currency": "CNY"},
    } | said


def test_a_till_hears_what_would_be_earned_and_why_and_nothing_is_stored(till):
    member = make_member()

    response = till.client.post(
        "/partner/v1/activities/simulate",
        asked(member={"id": str(member.pk)}),
        format="json",
        HTTP_ACCEPT_LANGUAGE="en",
    )

    assert response.status_code == 200, response.content
    assert response.json() == {
        "would_earn": [
            {
                "program": "MALL",
                "points": 16,
                "pending_days": 0,
                "expires_after_days": None,
                "rule": "earn:MALL-MALL v1",
            }
        ],
        "trace": [
            {
                "rule": "earn:MALL-MALL v1",
                "program": "MALL",
                "taken": True,
                "reason": "base_rate",
                "words": "Points for money by this rate",
                "points": 16,
                "exact": "16.35",
            },
            {
                "rule": "earn:STAYS v1",
                "program": "MALL",
                "taken": False,
                "reason": "other_kind",
                "words": "For other kinds of activities",
                "points": 0,
                "exact": "0",
            },
        ],
    }
    assert not Activity.objects.exists()
    assert not Posting.objects.exists()


def test_the_words_are_chinese_where_chinese_is_asked_for(till):
    with translation.override("zh-hans"):
        words = reason_told("anonymous")

    assert words == "未指明会员，不积分"
    assert {line["words"] for line in till.post("activities/simulate", asked()).json()["trace"]} == {
        "Nobody is named, so nobody earns"
    }


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"amount": {"amount": "10.90", "currency": "USD"}}, 400, "other_currency"),
        ({"occurred_at": "2036-06-01T08:00:00+08:00"}, 400, "date_in_future"),
        ({"member": {"card": "C9"}}, 404, "not_found"),
        ({"outlet": "NONE"}, 404, "not_found"),
        ({"kind": "refund"}, 400, "invalid_request"),
    ],
)
def test_what_could_not_be_reported_cannot_be_simulated(till, wrong, status, code):
    response = till.client.post("/partner/v1/activities/simulate", asked(**wrong), format="json")

    assert (response.status_code, response.json()["code"]) == (status, code)
