"""Through the doors: a day at the car park, nobody else's stays, bad input refused by name, one order a
key.
"""

from datetime import timedelta
from decimal import Decimal

import pytest
from rest_framework.test import APIClient

from parking.models import ParkingOrder, ParkingSession, Passage, Payment
from parking.services.sandbox import customer_pays
from tests.factories import NOW, give, make_program, make_unit
from tests.members.factories import numbered_member, token_of
from tests.parking.places import allow, come, hours, make_car_park, make_driver
from tests.points.api.conftest import Till

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(settings):
    def at(moment):
        settings.LOYALTY_FAKE_NOW = moment.isoformat()

    at(NOW)
    return at


@pytest.fixture
def mall(clock):
    return make_unit("MALL")


@pytest.fixture
def car_park(mall):
    return make_car_park(mall)


@pytest.fixture
def gate(mall):
    return Till([mall], scopes=["parking:gate"])


@pytest.fixture
def driver():
    return make_driver(name="Ann")


def app(member):
    token = token_of(member, lifetime=timedelta(days=3650))
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {token}", HTTP_ACCEPT_LANGUAGE="en")


def passage(car_park, ref, at, **fields):
    return {
        "car_park": car_park.code, "source_ref": ref, "plate": "沪A·12345",
        "happened_at": at.isoformat(), **fields,
    }  # fmt: skip


def refusal(answer):
    assert answer["Content-Type"] == "application/problem+json", answer.content
    return answer.status_code, answer.json()["code"]


def test_a_day_at_the_car_park(clock, car_park, gate, driver, mall):
    program = make_program("MALLPT", owner=mall)
    allow(car_park, program=program, points_per_unit=40)
    give(driver, program, 200)
    phone = app(driver)
    came = gate.post("parking/entries", passage(car_park, "in-1", NOW))
    assert (came.status_code, came.json()["session"]["plate"]) == (201, "沪A***45")
    stay = came.json()["session"]["id"]

    clock(hours(3))
    asked = gate.post("parking/exits", passage(car_park, "out-1", hours(3))).json()
    assert (asked["decision"], asked["amount"]) == ("pay", {"amount": "10.00", "currency": "CNY"})
    assert [(part["kind"], part["amount"]["amount"]) for part in asked["parts"]] == [
        ("points", "5.00"),
        ("money", "10.00"),
    ]
    assert asked["fee_lines"][0]["words"] == "2026-06-15, 00:00–24:00: 3 × 60 min at 5.00"
    assert [one["id"] for one in phone.get("/api/v1/me/parking-sessions").json()["results"]] == [stay]

    quote = phone.post(f"/api/v1/me/parking-sessions/{stay}/quote").json()
    assert (quote["money"]["amount"], quote["points"], quote["due"]["amount"]) == ("10.00", 200, "15.00")
    placed = phone.post(
        f"/api/v1/me/parking-sessions/{stay}/pay",
        {"quote": quote["quote"]},
        format="json",
        headers={"Idempotency-Key": "p"},
    )
    assert (placed.status_code, placed.json()["state"]) == (201, "placed")

    headers, body = customer_pays(checkout=placed.json()["payment"]["checkout"], at=hours(3))
    told = APIClient().post(
        "/partner/v1/parking/payments/sandbox/notices", body, content_type="application/json", headers=headers
    )
    assert (told.status_code, told.json()["state"]) == (200, "succeeded"), told.content
    order = phone.get(f"/api/v1/me/parking-orders/{placed.json()['id']}").json()
    assert (order["state"], order["payment"]["state"]) == ("paid", "succeeded")

    clock(hours(3) + timedelta(minutes=9))
    gone = gate.post("parking/exits", passage(car_park, "out-2", hours(3) + timedelta(minutes=9))).json()
    assert (gone["decision"], gone["reason"]) == ("open", "Paid; to leave before 15:15.")
    books = gate.get(f"parking/sessions/{stay}").json()
    assert (books["state"], books["fee"]["amount"]) == ("left", "15.00")
    assert [one["state"] for one in books["orders"]] == ["paid"]


def test_the_answer_speaks_the_readers_language(car_park, gate, clock):
    gate.client.credentials(
        HTTP_AUTHORIZATION=gate.client._credentials["HTTP_AUTHORIZATION"], HTTP_ACCEPT_LANGUAGE="zh-hans"
    )
    gate.post("parking/entries", passage(car_park, "in-1", NOW))
    clock(hours(1))

    asked = gate.post("parking/exits", passage(car_park, "out-1", hours(1))).json()

    assert asked["reason"] == "请先缴费。"


def test_one_key_is_one_order(clock, car_park, driver):
    stay = come(car_park)
    clock(hours(3))
    phone, body = app(driver), {}
    path = f"/api/v1/me/parking-sessions/{stay.pk}/pay"

    first, again = (phone.post(path, body, format="json", headers={"Idempotency-Key": "k"}) for _ in range(2))

    assert (first.content, again["Idempotency-Replayed"]) == (again.content, "true")
    assert (ParkingOrder.objects.count(), Payment.objects.count()) == (1, 1)
    assert refusal(phone.post(path, body, format="json")) == (400, "idempotency_key_missing")


def test_nobody_sees_or_pays_anothers_stay(clock, car_park, driver):
    stay = come(car_park)
    order = None
    clock(hours(3))
    path = f"/api/v1/me/parking-sessions/{stay.pk}"
    mine = app(driver).post(f"{path}/pay", {}, format="json", headers={"Idempotency-Key": "k"}).json()
    thief = app(numbered_member())

    assert thief.get("/api/v1/me/parking-sessions").json()["results"] == []
    assert refusal(thief.post(f"{path}/quote")) == (404, "not_found")
    paying = thief.post(f"{path}/pay", {}, format="json", headers={"Idempotency-Key": "k"})
    assert refusal(paying) == (404, "not_found")
    order = thief.get(f"/api/v1/me/parking-orders/{mine['id']}")
    assert refusal(order) == (404, "not_found")


def test_a_gate_sees_its_own_units_only(car_park, gate):
    stay = come(car_park)
    other = Till([make_unit("OTHER")], scopes=["parking:gate"])

    assert gate.get(f"parking/sessions/{stay.pk}").status_code == 200
    assert refusal(other.get(f"parking/sessions/{stay.pk}")) == (404, "not_found")
    assert refusal(other.post("parking/entries", passage(car_park, "x", NOW))) == (404, "not_found")
    assert refusal(Till([car_park.unit]).post("parking/entries", passage(car_park, "x", NOW))) == (
        403,
        "scope_missing",
    )


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"plate": "沪"}, "bad_plate"),
        ({"plate": 7}, "invalid_request"),
        ({"plate": "x" * 41}, "invalid_request"),
        ({"happened_at": "2026-06-15T12:00:00"}, "invalid_request"),
        ({"happened_at": (NOW + timedelta(hours=1)).isoformat()}, "gate_clock_ahead"),
        ({"source_ref": ""}, "invalid_request"),
        ({"car_park": "NOWHERE"}, "not_found"),
        ({"car_park": "A\x00B"}, "malformed_body"),
        ({"color": "red"}, "invalid_request"),
        ({"has_passed": "yes"}, "invalid_request"),
        ({"collected": {"amount": {"amount": "5", "currency": "USD"}, "ref": "r"}}, "invalid_request"),
        ({"collected": {"amount": {"amount": "0", "currency": "CNY"}, "ref": "r"}}, "invalid_request"),
        ({"collected": {"amount": {"amount": "-1", "currency": "CNY"}, "ref": "r"}}, "invalid_request"),
    ],
)
def test_what_no_gate_says_is_refused_by_name(car_park, gate, fields, code):
    answer = gate.post("parking/exits", {**passage(car_park, "x", NOW), **fields})

    assert refusal(answer)[1] == code
    assert not Passage.objects.exists()


def test_an_entry_told_again_is_answered_as_the_first(car_park, gate):
    first = gate.post("parking/entries", passage(car_park, "in-1", NOW))
    again = gate.post("parking/entries", passage(car_park, "in-1", NOW))

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["session"] == again.json()["session"]
    other = passage(car_park, "in-1", NOW - timedelta(hours=1))
    assert refusal(gate.post("parking/entries", other)) == (409, "reference_reused")


def test_an_offline_gate_reports_what_it_collected(car_park, gate, clock):
    clock(hours(9))
    gone = gate.post(
        "parking/exits",
        passage(
            car_park,
            "out",
            hours(2),
            has_passed=True,
            collected={"amount": {"amount": "10.00", "currency": "CNY"}, "ref": "b-1"},
        ),
    )
    late = gate.post("parking/entries", passage(car_park, "in", NOW))

    assert (gone.json()["decision"], late.status_code) == ("open", 201)
    stay = ParkingSession.objects.get(state="left")
    assert (stay.entered_at, stay.exited_at, stay.fee) == (NOW, hours(2), Decimal("10.00"))
    assert [order.fee for order in stay.orders.all()] == [Decimal("10.00")]


def test_my_vehicles_are_bound_chosen_for_and_let_go(car_park):
    phone = app(numbered_member())

    bound = phone.post("/api/v1/me/vehicles", {"plate": "沪A·D12345"}, format="json").json()
    assert (bound["plate"], bound["is_new_energy"], bound["auto_pay"]) == ("沪A***45", True, "free")
    chosen = phone.post(
        "/api/v1/me/vehicles", {"plate": "沪AD12345", "auto_pay": "all"}, format="json"
    ).json()
    assert (chosen["id"], chosen["auto_pay"]) == (bound["id"], "all")
    assert [one["auto_pay"] for one in phone.get("/api/v1/me/vehicles").json()["results"]] == ["all"]
    stranger = app(numbered_member())
    assert refusal(stranger.delete(f"/api/v1/me/vehicles/{bound['id']}")) == (404, "not_found")
    assert refusal(stranger.post("/api/v1/me/vehicles", {"plate": "沪AD12345"}, format="json")) == (
        409,
        "plate_of_another",
    )
    assert phone.delete(f"/api/v1/me/vehicles/{bound['id']}").status_code == 204
    assert phone.get("/api/v1/me/vehicles").json()["results"] == []


def test_lists_ask_as_often_for_many_rows_as_for_few(driver, car_park, django_assert_max_num_queries):
    phone = app(driver)
    for day in range(9):
        come(car_park, NOW + timedelta(days=day))
    phone.get("/api/v1/me/parking-sessions")

    with django_assert_max_num_queries(5):
        assert len(phone.get("/api/v1/me/parking-sessions").json()["results"]) == 9


def test_a_notice_of_an_unknown_provider_is_not_there(clock):
    answer = APIClient().post("/partner/v1/parking/payments/nobody/notices", {}, format="json")

    assert refusal(answer) == (404, "not_found")


def test_a_notice_without_a_signature_is_refused(clock):
    answer = APIClient().post("/partner/v1/parking/payments/sandbox/notices", {}, format="json")

    assert refusal(answer) == (401, "notice_not_signed")
