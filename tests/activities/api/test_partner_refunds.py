"""Lines, refunds and batches at the partner surface, through the client with real keys."""

import pytest

from activities.models import Activity, ActivityLine, WaitingRefund
from members.models import Enrolment
from points.models import Posting
from tests.activities.reporting import make_member, make_shop
from tests.factories import LONG_AGO, NOW, balance, make_outlet, make_unit
from tests.points.api.conftest import Till

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon(settings):
    settings.LOYALTY_FAKE_NOW = NOW.isoformat()


@pytest.fixture
def mall():
    return make_shop("MALL")


@pytest.fixture
def member(mall):
    member = make_member()
    Enrolment.objects.create(
        member=member, unit=mall, legacy_card="C1", joined_at=LONG_AGO, created_at=LONG_AGO
    )
    return member


@pytest.fixture
def till(mall, member):
    return Till([mall], scopes=["activities:report"])


def money(amount):
    return {"amount": amount, "currency": "CNY"}


SALE = {
    "source_ref": "till-1/000123",
    "kind": "purchase",
    "member": {"card": "C1"},
    "occurred_at": "2026-03-31T08:00:00+08:00",
    "amount": money("100.00"),
    "lines": [
        {"item": "A1", "category": "coffee", "quantity": "2", "amount": money("60.00")},
        {"item": "A2", "category": "bakery", "amount": money("40.00")},
    ],
}
BACK = {"source_ref": "till-1/9", "occurred_at": "2026-04-02T08:00:00+08:00"}
REFUND = "activities/till-1/000123/refund"


def told(response, status, code):
    assert (response.status_code, response.json().get("code")) == (status, code), response.content
    return response.json()


def test_a_sale_is_recorded_with_its_lines(till):
    answer = till.post("activities", SALE)

    assert answer.status_code == 201, answer.content
    assert answer.json()["lines"] == [
        {"number": 1, **SALE["lines"][0], "refunded": money("0.00")},
        {"number": 2, **SALE["lines"][1], "quantity": None, "refunded": money("0.00")},
    ]
    assert till.post("activities", SALE).status_code == 200
    other = {**SALE, "lines": [{**SALE["lines"][0], "amount": money("100.00")}]}
    told(till.post("activities", other), 409, "duplicate_reference")


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([{"amount": money("99.99")}], "lines_do_not_add_up"),
        ([{"amount": money("60.00"), "number": 1}, {"amount": money("40.00"), "number": 1}], "bad_lines"),
        ([{"amount": {"amount": "100.00", "currency": "USD"}}], "other_currency"),
        ([{"amount": money("100.00"), "name": "x"}], "invalid_request"),
        ([{"amount": money("100.00"), "number": 0}], "invalid_request"),
        ("none", "invalid_request"),
    ],
)
def test_lines_that_do_not_fit_are_refused_by_name(till, lines, code):
    told(till.post("activities", {**SALE, "lines": lines}), 400, code)

    assert not Activity.objects.exists()


def test_a_stay_has_its_nights_and_a_fee_its_months(till):
    stay = {
        **SALE,
        "kind": "stay",
        "quantity": "2",
        "period_starts_on": "2026-03-29",
        "period_ends_on": "2026-03-31",
    }
    fee = {
        **SALE,
        "source_ref": "fee-1",
        "kind": "fee",
        "period_starts_on": "2026-01-01",
        "period_ends_on": "2026-04-01",
    }

    assert till.post("activities", stay).json()["period_ends_on"] == "2026-03-31"
    assert till.post("activities", fee).status_code == 201
    told(till.post("activities", {**stay, "source_ref": "x", "quantity": "3"}), 400, "bad_period")
    told(till.post("activities", {**fee, "source_ref": "x", "period_ends_on": None}), 400, "invalid_request")
    told(
        till.post("activities", {**fee, "source_ref": "x", "period_ends_on": "2026-01-01"}), 400, "bad_period"
    )


def test_a_check_in_costs_nothing(till):
    body = {name: SALE[name] for name in ("source_ref", "member", "occurred_at")}

    answer = till.post("activities", {**body, "kind": "check_in", "amount": money("0.00")})

    assert answer.status_code == 201, answer.content


def test_a_refund_by_line_takes_back_its_share(till, mall, member):
    till.post("activities", SALE)

    answer = till.post(REFUND, {**BACK, "lines": [{"number": 2}], "reason": "stale"})

    assert answer.status_code == 201, answer.content
    posting = Posting.objects.get(kind="reversal")
    assert answer.json() == {
        "id": str(Activity.objects.get(kind="refund").pk),
        "unit": "MALL",
        "outlet": None,
        "source_ref": "till-1/9",
        "refund_of": "till-1/000123",
        "state": "recorded",
        "occurred_at": "2026-04-02T00:00:00+00:00",
        "amount": money("40.00"),
        "lines": [{"number": 2, "amount": money("40.00")}],
        "reason": "stale",
        "taken_back": [{"program": "MALL", "points": 40, "posting": str(posting.pk)}],
        "sale_amount": money("100.00"),
        "sale_refunded": money("40.00"),
    }
    assert balance(member, mall.earn_rules.get().program) == 60


def test_a_refund_of_all_by_amount_and_again(till, mall, member):
    till.post("activities", SALE)

    first = till.post(REFUND, {**BACK, "amount": money("33.33")})
    rest = till.post(REFUND, {**BACK, "source_ref": "till-1/10"})
    again = till.post(REFUND, {**BACK, "source_ref": "till-1/10"})

    assert [one.status_code for one in (first, rest, again)] == [201, 201, 200]
    assert rest.json()["amount"] == money("66.67")
    assert again.json() == rest.json()
    assert balance(member, mall.earn_rules.get().program) == 0
    told(till.post(REFUND, {**BACK, "source_ref": "till-1/11"}), 400, "already_refunded")


def test_a_refund_before_its_sale_is_taken_in_and_waits(till, mall, member):
    early = till.post(REFUND, {**BACK, "lines": [{"number": 1, "amount": money("10.00")}]})

    assert early.status_code == 202, early.content
    assert (early.json()["state"], early.json()["id"]) == ("waiting", None)
    assert WaitingRefund.objects.count() == 1
    sale = till.post("activities", SALE)
    assert sale.json()["refunded"] == money("10.00")
    assert balance(member, mall.earn_rules.get().program) == 90
    late = till.post(REFUND, {**BACK, "lines": [{"number": 1, "amount": money("10.00")}]})
    assert (late.status_code, late.json()["taken_back"][0]["points"]) == (200, 10)


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"amount": money("100.01")}, 400, "refund_exceeds_sale"),
        ({"amount": money("0.00")}, 400, "invalid_request"),
        ({"amount": {"amount": "1.00", "currency": "USD"}}, 400, "other_currency"),
        ({"lines": [{"number": 3}]}, 400, "unknown_line"),
        ({"lines": [{"number": 2, "amount": money("40.01")}]}, 400, "refund_exceeds_line"),
        (
            {"lines": [{"number": 2, "amount": money("4.00")}], "amount": money("5.00")},
            400,
            "lines_do_not_add_up",
        ),
        ({"occurred_at": "2026-03-30T08:00:00+08:00"}, 400, "refund_before_sale"),
        ({"source_ref": "till-1/000123"}, 409, "duplicate_reference"),
        ({"unit": "HOTEL"}, 404, "not_found"),
        ({"refund_of": "x"}, 400, "invalid_request"),
    ],
)
def test_a_refund_that_does_not_fit_is_refused_by_name(till, wrong, status, code):
    till.post("activities", SALE)

    told(till.post(REFUND, {**BACK, **wrong}), status, code)

    assert not Activity.objects.filter(kind="refund").exists()


def test_a_unit_refunds_its_own_sales_only(till):
    till.post("activities", SALE)
    hotel = Till([make_unit("HOTEL", "hotel")], scopes=["activities:report"])

    # To the hotel there is no such sale: it may still come.
    assert hotel.post(REFUND, BACK).status_code == 202
    assert Activity.objects.get().refunded == 0


def item(number, **fields):
    return {**SALE, "source_ref": f"till-1/{number}", **fields}


def test_one_bad_item_of_a_batch_spoils_no_other(till, mall, member):
    make_outlet(mall, "CAFE")
    items = [
        item(1, outlet="CAFE"),
        item(2, member={"card": "C9"}),
        item(3, amount=money("1.00")),
        item(4, kind="refund"),
        item(5, outlet="NONE"),
        {"source_ref": 7},
        item(6, member=None),
        item(1, outlet="CAFE"),
        item(1, category="tea", outlet="CAFE"),
    ]

    answer = till.post("activities/batch", {"items": items})

    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (body["recorded"], body["already_there"], body["refused"]) == (2, 1, 6)
    assert [one["outcome"] for one in body["results"]] == [
        *("recorded", "refused", "refused", "refused", "refused", "refused", "recorded", "already_there"),
        "refused",
    ]
    assert [one["problem"] and one["problem"]["code"] for one in body["results"]] == [
        *(None, "not_found", "lines_do_not_add_up", "invalid_request", "not_found", "invalid_request"),
        *(None, None, "duplicate_reference"),
    ]
    assert [one["earned"][0]["points"] for one in body["results"] if one["earned"]] == [100, 100]
    assert Activity.objects.count() == 2
    assert ActivityLine.objects.count() == 4


def test_a_batch_may_be_sent_again_with_the_same_key_or_another(till, mall, member):
    body = {"items": [item(number) for number in range(3)]}
    first = till.post("activities/batch", body, key="one")

    replayed, again = till.post("activities/batch", body, key="one"), till.post("activities/batch", body)

    assert (replayed.content, replayed["Idempotency-Replayed"]) == (first.content, "true")
    assert again.json()["already_there"] == 3
    assert [one["earned"] for one in again.json()["results"]] == [
        one["earned"] for one in first.json()["results"]
    ]
    assert balance(member, mall.earn_rules.get().program) == 300


@pytest.mark.parametrize("items", [[], [item(1)] * 1001, "x", None])
def test_a_batch_has_one_to_a_thousand_items(till, items):
    told(till.post("activities/batch", {"items": items}), 400, "invalid_request")

    assert not Activity.objects.exists()


def test_ten_items_ask_the_database_no_more_often_than_two(till, django_assert_max_num_queries):
    with django_assert_max_num_queries(45):
        till.post("activities/batch", {"items": [item(n) for n in range(2)]})
    with django_assert_max_num_queries(45):
        till.post("activities/batch", {"items": [item(n) for n in range(10, 20)]})
