"""A paid stay and a tried tariff, as an operator sees them; PARKING_SHOTS=folder keeps the handbook's
pictures.
"""

import os
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from activities.models import Activity
from common import clock
from parking.models import Tariff
from parking.services.gate import Collected, Seen, record_entry, record_exit
from tests.factories import make_outlet
from tests.parking.places import PLATE, allow, make_car_park, make_driver

SHOTS = os.environ.get("PARKING_SHOTS", "")
RATES = """every 00:00-08:00: 60 min 2.00
every 08:00-22:00: 60 min 8.00
every 08:00-22:00 after 60: 30 min 3.00
every 22:00-24:00: 60 min 2.00"""


@pytest.fixture
def stay(story):
    at = clock.now()
    car_park = make_car_park(
        story.mall, rates=RATES, free_minutes=30, free_is_deducted=False, daily_cap=Decimal(60)
    )
    allow(car_park)
    driver = make_driver()
    Activity.objects.create(
        unit=story.mall, source_ref="R-900", kind="purchase", member=driver,
        outlet=make_outlet(story.mall, "CAFE"),
        occurred_at=at, amount=Decimal(160), currency="CNY",
    )  # fmt: skip
    session, _ = record_entry(
        seen=Seen(car_park, PLATE, "gate-2/812", at - timedelta(hours=1), "E2"), by="gate", at=at
    )
    record_exit(
        seen=Seen(car_park, PLATE, "gate-5/409", at, "A1"), has_passed=False, collected=None, by="gate", at=at
    )
    record_entry(seen=Seen(car_park, "沪AD54321", "gate-2/813", at - timedelta(hours=2)), by="gate", at=at)
    record_exit(
        seen=Seen(car_park, "沪AD54321", "gate-5/410", at), has_passed=False,
        collected=Collected(Decimal(14), "booth-1"), by="gate", at=at,
    )  # fmt: skip
    return session


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.set_viewport_size({"width": 1024, "height": 900})
        page.screenshot(path=Path(SHOTS) / f"{name}.png")


def in_both(page: Page, path: str, name: str, before=lambda: None) -> None:
    for language in ("zh-hans", "en"):
        site = "/".join(page.url.split("/")[:3])
        page.context.add_cookies([{"name": "django_language", "value": language, "url": site}])
        page.goto(path)
        before()
        shoot(page, f"admin-parking-{name}-{language[:2]}")


def test_a_stay_and_a_tariff_explain_themselves(operator: Page, stay):
    in_both(operator, f"/admin/parking/parkingsession/{stay.pk}/change/", "session")
    expect(operator.get_by_role("heading", name="What the gates saw")).to_be_visible()
    expect(operator.get_by_text("1 h free by a receipt of the day")).to_be_visible()

    def try_a_stay() -> None:
        for field, value in (
            ("entered_at_0", "2026-06-15"), ("entered_at_1", "10:00:00"),
            ("exited_at_0", "2026-06-16"), ("exited_at_1", "09:00:00"),
        ):  # fmt: skip
            operator.fill(f"#id_{field}", value)
        operator.locator("[data-testid=act] button[type=submit]").click()
        operator.locator("table").first.wait_for()

    tariff = Tariff.objects.get()
    in_both(operator, f"/admin/parking/tariff/{tariff.pk}/preview/", "tariff", try_a_stay)
    expect(operator.get_by_text("no more than the daily cap").first).to_be_visible()
    in_both(operator, "/admin/parking/parkingorder/", "orders")
    in_both(operator, "/admin/parking/tariff/add/", "tariff-add")
