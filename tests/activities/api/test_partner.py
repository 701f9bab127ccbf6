"""The partner surface's doors to activities, through the client with real keys."""

import pytest
from psycopg2.extras import DateTimeTZRange

from activities.models import Activity, DailyTotal, EarnRule
from members.models import Enrolment, MemberStatus
from points.models import Posting
from points.services.periods import end_predecessor
from tests.factories import LONG_AGO, NOW, make_earn_rule, make_member, make_outlet, make_program, make_unit
from tests.points.api.conftest import Till

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon(settings):
    settings.LOYALTY_FAKE_NOW = NOW.isoformat()


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def rule(mall):
    return make_earn_rule(mall, make_program("MALL", owner=mall))


@pytest.fixture
def member(mall):
    member = make_member()
    Enrolment.objects.create(
        member=member, unit=mall, legacy_card="C1", joined_at=LONG_AGO, created_at=LONG_AGO
    )
    return member


@pytest.fixture
def till(mall):
    return Till([mall], scopes=["activities:report"])


@pytest.fixture
def sale(member, rule):
    return {
        "source_ref": "till-1/000123",
        "kind": "purchase",
        "member": {"card": "C1"},
        "occurred_at": "2026-03-31T08:00:00+08:00",
        "amount": {"amount": "128.50", "currency": "CNY"},
        "paid_with_points": {"amount": "28.00", "currency": "CNY"},
        "category": "coffee",
        "channel": "app",
        "quantity": "2",
    }


def told(response, status, code):
    assert (response.status_code, response.json().get("code")) == (status, code), response.content
    assert response["Content-Type"] == "application/problem+json"
    return response.json()


def test_a_till_waits_for_twenty_statements(till, sale, rule, mall, django_assert_num_queries):
    make_outlet(mall, "CAFE")
    till.post("activities", {**sale, "outlet": "CAFE"})

    # Two pairs of them stand for begin and commit here.
    with django_assert_num_queries(20):
        till.post("activities", {**sale, "outlet": "CAFE", "source_ref": "second"})


def test_a_sale_earns_and_says_by_which_rule(till, sale, rule, member, mall):
    make_outlet(mall, "CAFE")

    response = till.post("activities", {**sale, "outlet": "CAFE"})

    assert response.status_code == 201, response.content
    answer = response.json()
    posting = Posting.objects.get()
    assert answer == {
        **sale,
        "id": str(Activity.objects.get().pk),
        "unit": "MALL",
        "outlet": "CAFE",
        "occurred_at": "2026-03-31T00:00:00+00:00",
        "member": {"id": str(member.pk), "number": member.number},
        "period_starts_on": None,
        "period_ends_on": None,
        "refunded": {"amount": "0.00", "currency": "CNY"},
        "lines": [],
        "earned": [{"program": "MALL", "points": 100, "posting": str(posting.pk)}],
        "trace": [
            {
                "rule": "earn:MALL-MALL v1",
                "program": "MALL",
                "taken": True,
                "reason": "base_rate",
                "words": "Points for money by this rate",
                "points": 100,
                "exact": "100.5",
            }
        ],
    }
    assert (posting.source_ref, posting.rule) == ("activity:MALL:till-1/000123", "earn:MALL-MALL v1")


def test_a_rule_may_ask_through_which_channel_it_came(till, sale, rule, mall):
    app = {"conditions": {"channels": ["app"]}}
    make_earn_rule(mall, rule.program, "0", code="APP", fixed_points=50, terms=app)

    by_app = till.post("activities", sale).json()
    nobody_said = {name: value for name, value in sale.items() if name != "channel"}
    in_shop = till.post("activities", {**nobody_said, "source_ref": "till-1/2"}).json()

    assert [sum(one["points"] for one in told["earned"]) for told in (by_app, in_shop)] == [150, 100]
    assert in_shop["channel"] == ""
    assert [line["reason"] for line in in_shop["trace"]] == ["other_channel", "base_rate"]


def test_the_same_reference_again_answers_the_first_activity(till, sale, rule, member, mall):
    first = till.post("activities", sale)
    # What was earned then stands, whatever became of rule and member since.
    end_predecessor(EarnRule.objects.filter(code=rule.code), starts_at=NOW)
    make_earn_rule(mall, rule.program, "5", version=2, during=DateTimeTZRange(NOW, None))
    type(member).objects.update(status=MemberStatus.FROZEN)

    again = till.post("activities", sale)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json() | {"trace": again.json()["trace"]}
    assert again.json()["trace"] == first.json()["trace"]
    assert Posting.objects.count() == 1


def test_the_same_key_answers_the_very_same_bytes(till, sale):
    first = till.post("activities", sale, key="one")
    again = till.post("activities", sale, key="one")

    assert (again.status_code, again.content, again["Idempotency-Replayed"]) == (201, first.content, "true")


def test_the_same_reference_with_other_content_is_refused(till, sale):
    till.post("activities", sale)

    told(till.post("activities", {**sale, "category": "tea"}), 409, "duplicate_reference")
    assert Activity.objects.get().category == "coffee"


def test_an_anonymous_sale_is_recorded_and_earns_nothing(till, sale):
    response = till.post("activities", {**sale, "member": None})

    assert response.status_code == 201
    assert response.json()["member"] is None
    assert [line["reason"] for line in response.json()["trace"]] == ["anonymous"]
    assert not Posting.objects.exists()


@pytest.mark.parametrize("by", ["id", "number", "card"])
def test_a_member_is_found_by_any_name(till, sale, member, by):
    name = {"id": str(member.pk), "number": member.number, "card": "C1"}[by]

    response = till.post("activities", {**sale, "member": {by: name}})

    # A made-up number has no check digit, so it names nobody.
    assert response.status_code == (404 if by == "number" else 201)


@pytest.mark.parametrize("who", [{"card": "C9"}, {"id": "x"}, {"id": "0195eb0a-3c00-7b12-8c1e-5d2f3a4b6c7d"}])
def test_an_unknown_member_is_not_found(till, sale, who):
    assert told(till.post("activities", {**sale, "member": who}), 404, "not_found")["field"] == "member"
    assert not Activity.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"occurred_at": "2016-06-14T00:00:00+08:00"}, 400, "date_too_old"),
        ({"occurred_at": "2026-06-17T00:00:00+08:00"}, 400, "date_in_future"),
        ({"occurred_at": "2026-03-31 08:00"}, 400, "invalid_request"),
        ({"amount": {"amount": "1e2", "currency": "CNY"}}, 400, "invalid_request"),
        ({"amount": {"amount": "1000000001", "currency": "CNY"}}, 400, "too_large"),
        ({"amount": {"amount": "28.00", "currency": "USD"}}, 400, "other_currency"),
        ({"amount": {"amount": "27.99", "currency": "CNY"}}, 400, "bad_paid_with_points"),
        ({"kind": "refund"}, 400, "invalid_request"),
        ({"quantity": 2}, 400, "invalid_request"),
        ({"quantity": "２"}, 400, "invalid_request"),
        ({"quantity": "NaN"}, 400, "invalid_request"),
        ({"source_ref": "x" * 121}, 400, "invalid_request"),
        ({"source_ref": "a\u0000b"}, 400, "malformed_body"),
        ({"lines": []}, 400, "invalid_request"),
        ({"outlet": "NONE"}, 404, "not_found"),
        ({"unit": "HOTEL"}, 404, "not_found"),
        ({"member": {"card": "C1", "phone": "1"}}, 400, "invalid_request"),
    ],
)
def test_what_does_not_fit_is_refused_by_name_and_stores_nothing(till, sale, wrong, status, code):
    told(till.post("activities", {**sale, **wrong}), status, code)

    assert not Activity.objects.exists()


def test_an_inactive_unit_reports_nothing(till, sale, mall):
    type(mall).objects.update(is_active=False)

    told(till.post("activities", sale), 409, "unit_not_active")

    assert not Activity.objects.exists()


def test_reporting_needs_its_scope_and_a_key_for_retries(mall, till, sale):
    told(Till([mall], scopes=["points:quote"]).post("activities", sale), 403, "scope_missing")
    told(till.client.post("/partner/v1/activities", sale, format="json"), 400, "idempotency_key_missing")

    assert not Activity.objects.exists()


def test_one_report_costs_a_constant_number_of_queries(till, sale, mall, django_assert_max_num_queries):
    for number in range(5):
        make_earn_rule(mall, make_program(f"P{number}"))

    with django_assert_max_num_queries(30) as counted:
        till.post("activities", sale)

    assert Posting.objects.count() == 6, len(counted)


DAY = {"date": "2026-06-14", "amount": {"amount": "1284550.00", "currency": "CNY"}, "orders": 10412}


def test_a_day_stands_as_it_was_last_reported(till):
    corrected = {**DAY, "orders": 10413}

    answers = [till.post("daily-totals", day) for day in (DAY, DAY, corrected)]

    assert [(a.status_code, a.json()["outcome"]) for a in answers] == [
        (201, "recorded"),
        (200, "already_there"),
        (200, "replaced"),
    ]
    assert answers[0].json() == {**DAY, "unit": "MALL", "outcome": "recorded"}
    assert DailyTotal.objects.get().orders == 10413


def test_a_day_may_leave_the_number_of_orders_unknown(till):
    unknown = {name: value for name, value in DAY.items() if name != "orders"}

    answers = [till.post("daily-totals", day) for day in (unknown, {**DAY, "orders": None}, DAY)]

    assert [(a.json()["outcome"], a.json()["orders"]) for a in answers] == [
        ("recorded", None),
        ("already_there", None),
        ("replaced", 10412),
    ]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"date": "2026-06-17"}, "date_in_future"),
        ({"date": "2016-06-14"}, "date_too_old"),
        ({"date": "14/06/2026"}, "invalid_request"),
        ({"orders": -1}, "invalid_request"),
        ({"orders": "7"}, "invalid_request"),
        ({"amount": {"amount": "1.00", "currency": "USD"}}, "other_currency"),
        ({"amount": {"amount": "1000000000001", "currency": "CNY"}}, "too_large"),
        ({"outlet": "TILL"}, "invalid_request"),
    ],
)
def test_a_total_that_does_not_fit_is_refused(till, wrong, code):
    told(till.post("daily-totals", {**DAY, **wrong}), 400, code)

    assert not DailyTotal.objects.exists()
