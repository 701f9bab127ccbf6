"""Stays from a file: told once however often, each bad row by its reason."""

from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from parking.models import ParkingOrder, ParkingSession
from tests.parking.places import make_car_park

pytestmark = pytest.mark.django_db
HEADER = "source_ref,plate,entered_at,exited_at,collected\n"
ROWS = (
    HEADER
    + "a,沪A12345,2026-06-15 10:00:00,2026-06-15 12:00:00,10.00\n"
    + "b,沪A12345,2026-06-16T10:00:00+08:00,,\n"
    + "c,沪A54321,,2026-06-15 12:00:00,\n"
    + "d,沪,2026-06-15 10:00:00,,\n"
    + "e,沪A11111,yesterday,,\n"
    + "f,沪A11111,,,\n"
    + ",沪A11111,2026-06-15 10:00:00,,\n"
    + "g,沪A11111,2026-06-15 10:00:00,2026-06-15 12:00:00,ten\n"
    + "h,沪A11111,2026-06-15 10:00:00,2026-06-15 12:00:00,NaN\n"
)


@pytest.fixture
def run(tmp_path, capsys, settings):
    settings.LOYALTY_FAKE_NOW = "2026-06-20T00:00:00+08:00"
    car_park = make_car_park()
    file = tmp_path / "stays.csv"

    def call(text=ROWS, code=""):
        file.write_text(text, encoding="utf-8")
        call_command("import_parking_sessions", file, unit=car_park.unit.code, car_park=code or car_park.code)
        return capsys.readouterr()

    return call


def test_every_row_is_told_and_twice_is_once(run):
    first = run()
    again = run()

    assert first.out == "bad_plate 1, bad_stay 5, recorded 3\n"
    assert again.out == "already_there 3, bad_plate 1, bad_stay 5\n"
    assert "row 4: bad_plate" in first.err
    assert ParkingSession.objects.count() == 3
    assert [order.fee for order in ParkingOrder.objects.all()] == [Decimal("10.00")]


def test_an_unknown_car_park_or_another_file_is_refused(run):
    with pytest.raises(CommandError):
        run(code="NOWHERE")
    with pytest.raises(CommandError):
        run("a,b\n1,2\n")
