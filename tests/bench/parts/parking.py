"""What a parking gate waits for: the exit's answer with every source considered, at 50 requests a second.

Drivers with five cars, twenty receipts of the day, ten vouchers, free hours and points of two programs; what
they have does not pay all, so that every answer says what is to be paid, and the next one finds the same.
Requests come when they are due, not when the last one was answered (an open loop), over kept connections.
"""

import http.client
import json
import statistics
import threading
import uuid
from typing import Final

from tests.bench.crew import processes_cpu_s
from tests.bench.place import manage
from tests.bench.run import Absolute, Run
from tests.bench.web import open_loop, web

PER_S: Final = 50
LINES: Final = 16
# By scale: seconds of requests (the smoke is a few requests), and drivers who take turns.
SECONDS: Final = {"smoke": 0.4, "default": 20.0, "full": 60.0}
DRIVERS: Final = {"smoke": 2, "default": 20, "full": 20}
_DATABASE: Final = "parking"

# Printed: the key of a gate, the car park's code, and the instant at which all leave.
_FILLING: Final = """
from tests.factories import LONG_AGO, make_unit
from tests.parking.crowds import LEAVES_AT, a_busy_car_park, a_rich_driver
from units.services.partner_keys import issue_partner_key

busy = a_busy_car_park(make_unit("MALL"))
for number in range(%d):
    a_rich_driver(busy, f"沪A{number:05d}", serial=number)
key, token = issue_partner_key(
    name="gate", units=[busy.mall], scopes=["parking:gate"], by="bench", at=LONG_AGO
)
print(token, busy.car_park.code, LEAVES_AT.isoformat())
"""


def measure(run: Run) -> None:
    """Warm every worker first; then answer for as long as the scale says."""
    run.place.create(_DATABASE)
    environment = run.place.environment(_DATABASE, "loyalty.settings")
    drivers = DRIVERS[run.scale.name]
    made = manage(environment, "shell", "--verbosity", "0", "--command", _FILLING % drivers)
    token, car_park, leaves_at = made.split()
    run.place.settle(_DATABASE)
    seconds = SECONDS[run.scale.name]
    with web({**environment, "LOYALTY_FAKE_NOW": leaves_at}, "loyalty.wsgi:application") as (pid, port):
        gate = _Gate(port, token, car_park, leaves_at, drivers)
        open_loop(gate.ask, per_s=PER_S, seconds=seconds / 4, lines=LINES)
        before = processes_cpu_s(pid), processes_cpu_s(run.server)
        took = sorted(open_loop(gate.ask, per_s=PER_S, seconds=seconds, lines=LINES))
        after = processes_cpu_s(pid), processes_cpu_s(run.server)
    web_s, server_s = ((then - now) / len(took) for now, then in zip(before, after, strict=True))
    p99 = took[min(len(took) - 1, int(0.99 * len(took)))]
    run.record(
        "parking",
        exits=len(took),
        exit_p50_ms=statistics.median(took) * 1e3,
        exit_p95_ms=took[min(len(took) - 1, int(0.95 * len(took)))] * 1e3,
        exit_p99_ms=p99 * 1e3,
        exit_max_ms=took[-1] * 1e3,
        exit_cpu_ms=web_s * 1e3,
        exit_server_cpu_ms=server_s * 1e3,
    )
    run.told.append(
        Absolute(
            f"HTTP parking exit, {PER_S} a second",
            LINES,
            float(PER_S),
            round(server_s * 1e6, 1),
            round(web_s * 1e6, 1),
            round(statistics.median(took) * 1e6, 1),
            round(p99 * 1e6, 1),
        )
    )


class _Gate:
    """Asks for one car after another whether it may leave; each thread over a connection of its own."""

    def __init__(self, port: int, token: str, car_park: str, leaves_at: str, drivers: int) -> None:
        self._drivers = drivers
        self._port = port
        self._car_park = car_park
        self._leaves_at = leaves_at
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._own = threading.local()

    def ask(self, number: int) -> None:
        if not hasattr(self._own, "line"):
            self._own.line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        reference = str(uuid.uuid4())
        body = {
            "car_park": self._car_park,
            "source_ref": reference,
            "plate": f"沪A{number % self._drivers:05d}",
            "happened_at": self._leaves_at,
        }
        headers = {**self._headers, "Idempotency-Key": reference}
        self._own.line.request("POST", "/partner/v1/parking/exits", json.dumps(body), headers)
        answer = self._own.line.getresponse()
        content = answer.read()
        assert answer.status == 200, (answer.status, content)
        told = json.loads(content)
        assert told["decision"] == "pay", told
        assert len(told["parts"]) >= 5, "a right, receipts, vouchers, points and money"
