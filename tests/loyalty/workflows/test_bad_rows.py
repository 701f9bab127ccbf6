"""What people type into a list: kept as it is or refused by name, never a crash, never silently changed."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from openpyxl import Workbook

from members.models import Enrolment, Identity, Member
from tests.factories import make_unit

pytestmark = pytest.mark.django_db(transaction=True)

KEPT = [
    pytest.param("name", "张😀三", "张😀三", id="emoji"),
    pytest.param("name", "𠮷田㐂", "𠮷田㐂", id="生僻字, beyond the first plane"),
    pytest.param("name", "\ue1f3某", "\ue1f3某", id="生僻字 in private use"),
    pytest.param("name", '=HYPERLINK("http://x")', '=HYPERLINK("http://x")', id="formula in a name"),
    pytest.param("name", "@SUM(A1)", "@SUM(A1)", id="formula with an at sign"),
    pytest.param("name", "Ｚｈａｎｇ　三", "Zhang 三", id="full-width, in its one normal form"),
    pytest.param("address", "+1-2", "+1-2", id="formula in an address"),
    pytest.param("name", "a" * 100, "a" * 100, id="as long as a name may be"),
]
REFUSED = [
    pytest.param("phone", "13812345678/13987654321", "several_phones", id="two phones in a cell"),
    pytest.param("phone", "13812345678 13987654321", "several_phones", id="two phones and a space"),
    pytest.param("phone", "='13812345678", "bad_phone", id="formula as a phone"),
    pytest.param("birth_date", "1990年2月30日", "impossible_date", id="2月30日"),
    pytest.param("birth_date", "03/04/1990", "bad_date", id="a date that can be read in two ways"),
    pytest.param("birth_date", "2190-01-01", "future_date", id="not born yet"),
    pytest.param("name", "张\u200e三", "bad_text", id="an invisible character"),
    pytest.param("name", "a" * 101, "bad_text", id="too long for a name"),
    pytest.param("name", "x" * (10 << 20), "too_long", id="a cell of 10 MB"),
    pytest.param("name", "张\0三", "bad_characters", id="NUL"),
    pytest.param("points_balance", "1e5", "bad_points", id="scientific notation"),
    pytest.param("points_balance", "-5", "negative_balance", id="a debt"),
    pytest.param("email", "a@b@c.com", "bad_email", id="two at signs"),
]


def report_of(path):
    out = StringIO()
    call_command(
        "import_members", str(path), "--unit", make_unit("MALL").code, "--json", stdout=out, stderr=StringIO()
    )
    return json.loads(out.getvalue())


def as_csv(folder, column, cell):
    path = folder / "list.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["legacy_card", column])
        rows.writerow(["BAD", cell])
        rows.writerow(["GOOD", ""])
    return path


@pytest.mark.parametrize(("column", "cell", "stored"), KEPT)
def test_what_is_odd_but_fits_is_kept(tmp_path, column, cell, stored):
    report = report_of(as_csv(tmp_path, column, cell))

    assert report["rejected"] == {}
    assert getattr(Enrolment.objects.get(legacy_card="BAD").member, column) == stored


@pytest.mark.parametrize(("column", "cell", "code"), REFUSED)
def test_what_does_not_fit_is_refused_by_name_and_alone(tmp_path, column, cell, code):
    report = report_of(as_csv(tmp_path, column, cell))

    assert report["rejected"] == {code: 1}
    assert list(Enrolment.objects.values_list("legacy_card", flat=True)) == ["GOOD"]
    assert not Identity.objects.exists()


def test_a_rejects_file_starts_no_formula(tmp_path):
    report = report_of(as_csv(tmp_path, "phone", "=cmd|' /C calc'!A0"))

    with Path(report["rejects_path"]).open(newline="", encoding="utf-8") as file:
        (refused,) = list(csv.reader(file))[1:]
    assert refused[-1] == "'=cmd|' /C calc'!A0"


def test_a_workbook_brings_the_same_people(tmp_path):
    book = Workbook()
    for row in (
        ["legacy_card", "name", "phone", "birth_date"],
        ["C1", "张三", 13812345678, "1990年3月31日"],
        ["C2", "李四", "=1+1", None],
    ):
        book.active.append(row)
    book.save(tmp_path / "list.xlsx")

    report = report_of(tmp_path / "list.xlsx")

    assert report["rejected"] == {"has_formula": 1}
    assert Member.objects.get().birth_date.isoformat() == "1990-03-31"
    assert Identity.objects.get().value == "+8613812345678"
