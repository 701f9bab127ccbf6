"""Operators at the car park: tariffs with a preview, stays that explain themselves, refunds, passes,
plates.
"""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from common import clock
from parking.models import ParkingOrder, ParkingPass, Tariff, Vehicle
from parking.services.gate import Collected, Seen, record_entry, record_exit
from parking.services.ordering import pay_session
from parking.services.payments import charge_of, hear_notice
from parking.services.sandbox import SandboxProvider, customer_pays
from tests.benefits.factories import reside
from tests.factories import make_unit
from tests.loyalty.admin.test_screens import SAME_EVERYWHERE, words_of
from tests.operators import make_operator
from tests.parking.places import PLATE, make_car_park, make_driver

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(client, settings):
    """A paid stay, one inside, a pass."""
    client.force_login(make_operator())
    # Noon in Shanghai: a stay over midnight is told in two parts.
    at = clock.now().replace(hour=4, minute=0)
    settings.LOYALTY_FAKE_NOW = at.isoformat()
    car_park = make_car_park(make_unit("MALL", name_zh="业态甲"))
    driver = make_driver()
    reside(driver, car_park.venue)
    session, _ = record_entry(seen=Seen(car_park, PLATE, "g1", at - timedelta(hours=3)), by="gate", at=at)
    placed = pay_session(session_id=session.pk, member=driver, quote=None, by="test", at=at)
    headers, body = customer_pays(
        checkout=SandboxProvider().checkout(charge_of(placed.payment), at=at), at=at
    )
    hear_notice(provider="sandbox", headers=headers, body=body, at=at)
    record_exit(seen=Seen(car_park, PLATE, "g2", at), has_passed=False, collected=None, by="gate", at=at)
    record_entry(seen=Seen(car_park, "沪B00001", "g3", at), by="gate", at=at)
    return car_park, driver, session, placed.order


def page(client, name, *args, **how):
    answer = client.get(reverse(f"admin:parking_{name}", args=args), **how)
    assert answer.status_code == 200, name
    return answer.content.decode()


def send(client, name, *args, **said):
    return client.post(reverse(f"admin:parking_{name}", args=args), said, follow=True).content.decode()


def test_every_screen_speaks_chinese(client, story):
    car_park, _driver, session, order = story
    client.cookies["django_language"] = "zh-hans"
    tariff = Tariff.objects.get()
    pages = [
        *(
            (f"{model}_changelist",)
            for model in ("parkingsession", "parkingorder", "payment", "carpark", "tariff")
        ),
        *((f"{model}_changelist",) for model in ("reliefterms", "parkingpass", "vehicle")),
        *((f"{model}_add",) for model in ("carpark", "tariff", "reliefterms")),
        ("parkingsession_change", session.pk),
        ("parkingorder_change", order.pk),
        ("parkingorder_refund", order.pk),
        ("carpark_change", car_park.pk),
        ("tariff_change", tariff.pk),
        ("tariff_preview", tariff.pk),
        ("parkingpass_issue",),
        ("vehicle_award",),
    ]
    known = SAME_EVERYWHERE | {
        "every",
        "workday",
        "weekend",
        "after",
        "min",
        "sandbox",
        "gate",
        "test",
        "Venue",
        "Car",
        "park",
        "v",
    }
    for name in pages:
        for words in words_of(page(client, *name)):
            left = set(re.findall(r"[A-Za-z][A-Za-z]+", re.sub(r"\S*\d\S*|\b[A-Z]+\b|\w+/\w+", " ", words)))
            assert left <= known, (name, words)


def test_a_session_explains_its_fee(client, story):
    _car_park, _driver, session, _order = story

    told = page(client, "parkingsession_change", session.pk, headers={"Accept-Language": "en"})

    for words in ("3 × 60 min at 5.00", "15.00 CNY", "What the gates saw", "沪A***45"):
        assert words in told
    assert PLATE not in told


def test_a_session_is_found_by_its_whole_plate(client, story):
    address = reverse("admin:parking_parkingsession_changelist")

    assert "沪A***45" in client.get(address, {"q": "沪a·12345"}).content.decode()
    assert "沪A***45" not in client.get(address, {"q": "沪A99999"}).content.decode()


def test_a_tariff_is_published_and_a_stay_tried(client, story):
    car_park, *_ = story
    client.cookies["django_language"] = "en"

    said = {
        "car_park": car_park.pk, "rate_lines": "every 00:00-24:00: 30 min 4.00", "free_minutes": 0,
        "cap_period": "calendar", "missing_entry_fee": "0", "grace_minutes": 15, "daily_cap": "20",
    }  # fmt: skip
    send(client, "tariff_add", **said)
    tariff = Tariff.objects.get(version=2)
    told = send(
        client, "tariff_preview", tariff.pk,
        entered_at_0="2026-06-15", entered_at_1="10:00:00", exited_at_0="2026-06-15", exited_at_1="14:00:00",
    )  # fmt: skip

    assert Tariff.objects.get(version=1).during.upper == tariff.during.lower
    assert "8 × 30 min at 4.00" in told
    assert "no more than the daily cap" in told
    assert "20.00 CNY" in told


@pytest.mark.parametrize("lines", ["nonsense", "every 00:00-12:00: 60 min 1.00", ""])
def test_a_tariff_with_gaps_is_refused_beside_its_field(client, story, lines):
    car_park, *_ = story

    send(client, "tariff_add", car_park=car_park.pk, rate_lines=lines, free_minutes=0, grace_minutes=15,
         cap_period="calendar", missing_entry_fee="0")  # fmt: skip

    assert Tariff.objects.count() == 1


def test_a_refund_takes_a_reason_and_a_right(client, story):
    *_, order = story
    plain = make_operator(superuser=False, name="DESK")
    plain.user_permissions.add(*Permission.objects.filter(codename="view_parkingorder"))
    client.force_login(plain)
    assert client.get(reverse("admin:parking_parkingorder_refund", args=[order.pk])).status_code == 403
    client.force_login(make_operator(name="BOSS"))

    send(client, "parkingorder_refund", order.pk, reason="")
    assert ParkingOrder.objects.get().state == "paid"
    send(client, "parkingorder_refund", order.pk, reason="barrier stuck")

    order.refresh_from_db()
    assert (order.state, order.refund_reason, order.payments.get().state) == (
        "refunded",
        "barrier stuck",
        "refunded",
    )


def test_a_pass_is_issued_and_ended(client, story):
    car_park, driver, *_ = story
    said = {"car_park": car_park.pk, "member": driver.number, "plate": PLATE, "source_ref": "R-1",
            "starts_on": "2026-06-01", "ends_on": "2026-07-01"}  # fmt: skip

    send(client, "parkingpass_issue", **said)
    made = ParkingPass.objects.get()
    send(client, "parkingpass_end", made.pk, ends_on="2026-06-20")

    made.refresh_from_db()
    assert str(made.ends_on) == "2026-06-20"
    assert made.ended_by.startswith("user:")
    assert "沪A***45" in page(client, "parkingpass_changelist")


def test_a_plate_goes_to_who_shows_its_licence(client, story):
    _car_park, driver, *_ = story
    other = make_driver("沪B00001")

    send(client, "vehicle_award", member=other.number, plate=PLATE, reason="licence shown")

    assert Vehicle.objects.get(identity__member=other).identity.is_active
    assert not driver.identities.filter(kind="plate", is_active=True).exists()


def test_lists_ask_as_often_for_many_rows_as_for_few(client, story, django_assert_max_num_queries):
    car_park, *_ = story
    for number in range(12):
        at = clock.now() - timedelta(hours=5)
        plate = f"沪C{number:05d}"
        record_entry(seen=Seen(car_park, plate, f"i{number}", at), by="gate", at=at)
        record_exit(
            seen=Seen(car_park, plate, f"o{number}", at + timedelta(hours=1)),
            has_passed=False, collected=Collected(Decimal(5), f"c{number}"), by="gate",
            at=at + timedelta(hours=1),
        )  # fmt: skip

    for model in ("parkingsession", "parkingorder", "payment"):
        with django_assert_max_num_queries(12):
            page(client, f"{model}_changelist")
