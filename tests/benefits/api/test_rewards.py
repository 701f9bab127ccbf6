"""The doors to rewards: the catalogue, orders of members, handing over at a counter."""

import pytest

from benefits.models import RewardOrder, Stock
from tests.benefits.api.conftest import app_of, till_of
from tests.benefits.shop import make_reward, shelve
from tests.factories import make_member, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(shop):
    return {"reward": shop.reward.code, "pieces": 1}


def test_the_catalogue_says_what_is_left_and_whether_it_is_for_me(app, shop):
    make_reward(shop.program, code="ZOWNERS", roles=["owner"])
    make_reward(shop.program, code="GONE", is_active=False)

    mine, owners = app.get("rewards").json()["results"]

    assert (mine["code"], mine["name"], mine["points"], mine["is_for_me"]) == (
        shop.reward.code,
        "Flask",
        100,
        True,
    )
    assert mine["stock"][0]["left"] == 10
    assert (owners["is_for_me"], owners["why_not"]) == (False, "other_role")


def test_the_catalogue_costs_the_same_for_one_reward_and_for_twenty(app, shop, django_assert_max_num_queries):
    for _ in range(20):
        shelve(make_reward(shop.program), 1, shop.desk)

    with django_assert_max_num_queries(12):
        assert len(app.get("rewards").json()["results"]) == 21


def test_an_order_by_quote_is_placed_shown_and_given_up(app, asked, shop):
    quote = app.post("me/reward-order-quotes", asked).json()
    placed = app.post("me/reward-orders", asked | {"quote": quote["quote"]})

    assert placed.status_code == 201, placed.content
    assert quote["shares"] == [{"program": shop.program.code, "points": 100, "covers": 100}]
    assert (placed.json()["status"], placed.json()["outlet"]) == ("placed", shop.desk.code)
    (listed,) = app.get("me/reward-orders").json()["results"]
    assert listed == placed.json()
    assert app.post(f"me/reward-orders/{listed['id']}/cancel").json()["status"] == "cancelled"
    assert shop.shelf() == (10, 0)


def test_one_key_orders_once_for_ever(app, asked):
    first, again = (app.post("me/reward-orders", asked, key="k") for _ in range(2))

    assert (first.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert RewardOrder.objects.count() == 1


def test_without_a_key_nothing_is_ordered(app, asked):
    answer = app.client.post("/api/v1/me/reward-orders", asked, format="json")

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"reward": "NONE"}, "reward_not_found"),
        ({"reward": "NO\u0000NE"}, "malformed_body"),
        ({"pieces": 2}, "odd_quantity"),
        ({"pieces": 0}, "invalid_request"),
        ({"outlet": "ELSEWHERE"}, "outlet_needed"),
        ({"price": 1}, "invalid_request"),
        ({"quote": "forged"}, "quote_expired"),
    ],
)
def test_bad_input_is_refused_by_name(app, asked, body, code):
    answer = app.post("me/reward-orders", asked | body)

    assert answer.json()["code"] == code
    assert not RewardOrder.objects.exists()


def test_sold_out_and_too_poor_are_told_with_their_numbers(app, asked, shop):
    poor = app_of(shop.customer(40)).post("me/reward-orders", asked)
    Stock.objects.none()
    for _ in range(10):
        shop.order(shop.customer(100))
    late = app.post("me/reward-orders", asked)

    assert (poor.status_code, poor.json()["code"], poor.json()["short"]) == (409, "insufficient_points", 60)
    assert (late.status_code, late.json()["code"], late.json()["left"]) == (409, "out_of_stock", 0)


def test_somebody_elses_order_looks_like_none(app, asked, shop):
    order = app.post("me/reward-orders", asked).json()
    stranger = app_of(make_member())

    assert stranger.post(f"me/reward-orders/{order['id']}/cancel").status_code == 404
    assert stranger.get("me/reward-orders").json()["results"] == []


def test_a_counter_hands_over_once(till, app, asked, shop):
    order = app.post("me/reward-orders", asked).json()
    seen = till.get(f"reward-orders/{order['id']}").json()
    first, again = (till.post(f"reward-orders/{order['id']}/fulfil") for _ in range(2))

    assert (seen["status"], first.status_code, again.status_code) == ("placed", 201, 200)
    assert first.json()["status"] == "fulfilled"
    assert shop.shelf() == (9, 0)
    refused = app.post(f"me/reward-orders/{order['id']}/cancel")
    assert (refused.status_code, refused.json()["state"]) == (409, "fulfilled")


def test_another_units_counter_finds_nothing(app, asked):
    order = app.post("me/reward-orders", asked).json()
    other = till_of(make_unit())

    assert other.get(f"reward-orders/{order['id']}").status_code == 404
    assert other.post(f"reward-orders/{order['id']}/fulfil").json()["code"] == "order_not_found"


def test_after_its_time_an_order_is_not_handed_over(till, app, asked, later):
    order = app.post("me/reward-orders", asked).json()
    later(days=9)

    refused = till.post(f"reward-orders/{order['id']}/fulfil")
    assert (refused.json()["code"], refused.json()["state"]) == ("order_ended", "expired")


def test_a_key_without_the_scope_hands_nothing_over(shop, app, asked):
    order = app.post("me/reward-orders", asked).json()

    refused = till_of(shop.mall, scopes=["vouchers:use"]).post(f"reward-orders/{order['id']}/fulfil")
    assert refused.status_code == 403
