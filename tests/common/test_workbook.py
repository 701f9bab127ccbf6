"""A workbook says what a CSV would say; what only a workbook can hold refuses its row."""

import zipfile
from datetime import date, datetime

import pytest
from openpyxl import Workbook

from common.bulk.tables import BulkError, Reject, Row, open_table


def rows_of(tmp_path, *rows, name="list.xlsx"):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / name)
    table = open_table(tmp_path / name)
    found = list(table)
    table.close()
    return found


def test_values_are_the_text_that_a_csv_would_hold(tmp_path):
    (row,) = rows_of(
        tmp_path,
        ["card", "phone", "points", "born", "joined", "shown", "none", None],
        ["0012", 13812345678, 120.0, date(1990, 3, 31), datetime(2020, 5, 1, 8, 30), True, None, None],
    )

    assert row.values == {
        "card": "0012", "phone": "13812345678", "points": "120", "born": "1990-03-31",
        "joined": "2020-05-01 08:30:00", "shown": "TRUE", "none": None,
    }  # fmt: skip
    assert row.number == 2


@pytest.mark.parametrize(
    ("cell", "code"),
    [("=1+1", "has_formula"), (6222021234567890123, "digits_lost"), ("x" * 4_001, "too_long")],
)
def test_what_cannot_be_taken_refuses_its_row_alone(tmp_path, cell, code):
    refused, taken = rows_of(tmp_path, ["card"], [cell], ["C2"])

    assert isinstance(refused, Reject)
    assert refused.code == code
    assert isinstance(taken, Row)


def test_empty_rows_are_skipped_but_counted(tmp_path):
    assert [row.number for row in rows_of(tmp_path, ["card"], ["C1"], [None], ["C3"])] == [2, 4]


def test_a_cell_beyond_the_header_refuses_its_row(tmp_path):
    (refused,) = rows_of(tmp_path, ["card"], ["C1", "stray"])

    assert refused.code == "wrong_cell_count"


def test_two_sheets_are_one_too_many(tmp_path):
    book = Workbook()
    book.active.append(["card"])
    book.create_sheet("more").append(["card"])
    book.save(tmp_path / "list.xlsx")

    with pytest.raises(BulkError, match="2"):
        open_table(tmp_path / "list.xlsx")


@pytest.mark.parametrize("content", [b"PK\x03\x04 and nothing", None])
def test_a_broken_workbook_is_told_in_a_sentence(tmp_path, content):
    path = tmp_path / "list.xlsx"
    if content is None:
        with zipfile.ZipFile(path, "w") as packed:
            packed.writestr("mimetype", "no workbook")
    else:
        path.write_bytes(content)

    with pytest.raises(BulkError):
        open_table(path)


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("common.bulk.workbook.UNPACKED_BYTES_MAX", 10)

    with pytest.raises(BulkError):
        rows_of(tmp_path, ["card"], ["C1"])
