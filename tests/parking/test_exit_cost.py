"""What the exit's answer costs with every source considered: so many statements, for few as for many.

Milliseconds and latencies under load are the benchmark's part `parking` (tests/bench/parts/parking.py).
"""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import make_unit
from tests.parking.crowds import LEAVES_AT, a_busy_car_park, a_rich_driver
from tests.parking.places import PLATE
from tests.points.api.conftest import Till

pytestmark = pytest.mark.django_db
# Who calls (2), the key for retries (3), two savepoints (4), and 16 that lock and read.
STATEMENTS = 25


def ask(gate, car_park, number):
    answer = gate.post(
        "parking/exits",
        {
            "car_park": car_park.code,
            "source_ref": f"out-{number}",
            "plate": PLATE,
            "happened_at": LEAVES_AT.isoformat(),
        },
    )
    assert answer.json()["decision"] == "pay", answer.content
    return answer.json()


@pytest.mark.parametrize(("vehicles", "receipts", "vouchers"), [(1, 4, 4), (5, 20, 10)])
def test_the_answer_asks_the_database_so_many_times(settings, vehicles, receipts, vouchers):
    settings.LOYALTY_FAKE_NOW = LEAVES_AT.isoformat()
    busy = a_busy_car_park(make_unit("MALL"))
    a_rich_driver(busy, PLATE, vehicles=vehicles, receipts=receipts, vouchers=vouchers)
    gate = Till([busy.mall], scopes=["parking:gate"])
    told = ask(gate, busy.car_park, 0)

    with CaptureQueriesContext(connection) as captured:
        ask(gate, busy.car_park, 1)

    kinds = {part["kind"] for part in told["parts"]}
    assert kinds >= {"right", "receipt", "points", "money"}
    assert kinds & {"voucher_hours", "voucher_cash"}
    assert len(captured) == STATEMENTS
