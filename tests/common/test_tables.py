"""Hostile and ordinary files: every row comes out once, as itself or as a reject with its reason."""

import csv
import gzip
import os
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from common.bulk.tables import BulkError, Reject, RejectsFile, Row, open_table


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def read(path):
    return list(open_table(path))


def reasons(rows):
    return {row.number: row.code for row in rows if isinstance(row, Reject)}


def file_of(tmp_path, content, name="file.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_rows_are_numbered_as_a_spreadsheet_does(tmp_path):
    rows = read(file_of(tmp_path, "a,b\n1,2\n\n3,\n"))

    assert rows == [Row(2, {"a": "1", "b": "2"}, ["1", "2"]), Row(4, {"a": "3", "b": None}, ["3", ""])]


@pytest.mark.parametrize(
    "content", [b"\xef\xbb\xbfa,b\r\n1,\xf0\x9f\x8e\x81\r\n", gzip.compress("a,b\n1,🎁".encode(), mtime=0)]
)
def test_byte_order_marks_crlf_gzip_and_emoji_are_no_trouble(tmp_path, content):
    assert [row.values for row in read(file_of(tmp_path, content))] == [{"a": "1", "b": "🎁"}]


def test_a_quoted_cell_may_hold_commas_quotes_and_line_ends(tmp_path):
    assert read(file_of(tmp_path, 'a,b\n"1,""x""\ny",2\n'))[0].values == {"a": '1,"x"\ny', "b": "2"}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"1", "wrong_cell_count"),
        (b"1,2,3", "wrong_cell_count"),
        (b"1,\x00", "bad_characters"),
        (b"1,\xff\xfe", "bad_characters"),
        ("1,中文".encode("gbk"), "bad_characters"),
        (b"1," + b"x" * 5_000, "too_long"),
        (b"1," + b"x" * 200_000, "too_long"),
        (b"1," + b"x" * 10_000_000, "too_long"),
        (b'1,"x"y', "bad_quotes"),
        (b'1,"never closed', "bad_quotes"),
    ],
)
def test_a_bad_row_is_refused_and_its_neighbours_are_read(tmp_path, bad, reason):
    rows = read(file_of(tmp_path, b"a,b\n0,0\n" + bad + b"\n8,8\n9,9\n"))

    assert reasons(rows) == {3: reason}
    assert [row.values["a"] for row in rows if isinstance(row, Row)] == ["0", "8", "9"]


def test_a_quote_that_closes_much_later_swallows_no_rows(tmp_path):
    rows = read(file_of(tmp_path, b'a,b\n1,"open\n' + b"2,2\n" * 50_000 + b'3,3"\n4,4\n'))

    assert len(rows) == 50_003
    assert reasons(rows) == {2: "bad_quotes"}


@pytest.mark.parametrize(
    ("content", "name", "word"),
    [
        (b"", "f.csv", "empty"),
        (b"\n\n", "f.csv", "empty"),
        (b"a,a\n1,2\n", "f.csv", "same name"),
        (b"a,,b\n", "f.csv", "without a name"),
        (b"a," * 300 + b"a\n", "f.csv", "200"),
        (b"\xff\xfea\x00\n\x00", "f.csv", "UTF-16"),
        (b"PK\x03\x04....", "f.xlsx", "damaged"),
        (b"a,b\n1,2\n", "f.parquet", "not a Parquet"),
        (b"PAR1....PAR1", "f.parquet", "damaged"),
        (b"\xd6\xd0,b\n", "f.csv", "damaged"),
        (b'"a,b\n1,2\n', "f.csv", "damaged"),
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence(tmp_path, content, name, word):
    with pytest.raises(BulkError, match=word) as refusal:
        open_table(file_of(tmp_path, content, name))

    assert "\n" not in str(refusal.value)


def test_an_absent_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(BulkError, match="cannot be read"):
            open_table(path)


def test_a_truncated_gzip_is_damaged_after_what_could_be_read(tmp_path):
    content = gzip.compress(b"a,b\n" + os.urandom(50_000).hex().encode().replace(b"0", b",1\n"))
    table = open_table(file_of(tmp_path, content[:-20_000], "f.csv.gz"))

    with pytest.raises(BulkError, match="damaged"):
        list(table)


def test_a_file_changed_while_it_is_read_is_noticed(tmp_path):
    path = file_of(tmp_path, "a\n1\n")
    table = open_table(path)
    path.write_text("a\n2\n3\n")

    with pytest.raises(BulkError, match="changed"):
        table.refuse_change()


def test_parquet_values_become_the_text_of_a_csv(tmp_path):
    path = tmp_path / "f.parquet"
    at = datetime(2026, 3, 31, 8, 0, 0, 500, tzinfo=UTC)
    columns = {
        "text": ["00123", None],
        "whole": pa.array([7, None], pa.int64()),
        "exact": [Decimal("12.50"), None],
        "float": [12.5, float("nan")],
        "instant": pa.array([at, None], pa.timestamp("ns", "Asia/Shanghai")),
        "local": pa.array([at.replace(tzinfo=None, microsecond=0), None], pa.timestamp("s")),
        "day": [date(2026, 3, 31), None],
        "flag": [True, None],
        "word": pa.array(["x", None]).dictionary_encode(),
    }
    pq.write_table(pa.table(columns), path)

    first, second = read(path)

    assert first.values == {
        "text": "00123", "whole": "7", "exact": "12.50", "float": "12.5", "word": "x",
        "instant": "2026-03-31 08:00:00.000500Z", "local": "2026-03-31 08:00:00.000000", "day": "2026-03-31",
        "flag": "true",
    }  # fmt: skip
    assert {name for name, value in second.values.items() if value} == {"float"}


def test_parquet_text_that_is_none_is_refused_row_by_row(tmp_path):
    path = tmp_path / "f.parquet"
    broken = pa.array([b"ok", b"\xff", b"n\0l", b"x" * 9_000], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"a": broken}), path)

    assert reasons(read(path)) == {3: "bad_characters", 4: "bad_characters", 5: "too_long"}


def test_parquet_with_nested_columns_is_refused(tmp_path):
    pq.write_table(pa.table({"a": [[1]]}), tmp_path / "f.parquet")

    with pytest.raises(BulkError, match="nested"):
        open_table(tmp_path / "f.parquet")


def test_rejects_are_no_formulas_and_come_back_as_they_were(tmp_path):
    path = tmp_path / "f.rejects.csv"
    cells = ["=1+1", "@x", "-5", "+86", "plain", "'quoted"]
    file = RejectsFile(path, list("abcdef"))
    length, _digest = file.start_over()
    file.write(length, [Reject(7, "bad_amount", "=words", cells)])
    file.close()

    with path.open(newline="") as stream:
        _header, line = csv.reader(stream)
    assert line == ["7", "bad_amount", "'=words", "'=1+1", "'@x", "'-5", "'+86", "plain", "'quoted"]
    assert read(path)[0].values == dict(zip("abcdef", cells, strict=True))


def test_rejects_are_cut_back_to_what_was_committed(tmp_path):
    file = RejectsFile(tmp_path / "r.csv", ["a"])
    start, _ = file.start_over()
    committed = file.write(start, [Reject(2, "x", "", ["one"])])
    file.write(committed[0], [Reject(3, "x", "", ["lost"]), Reject(4, "x", "", ["lost too"])])
    file.close()

    again = RejectsFile(tmp_path / "r.csv", ["a"])
    assert again.resume(*committed)
    again.write(committed[0], [Reject(3, "x", "", ["kept"])])
    again.close()

    assert (tmp_path / "r.csv").read_text() == "row,reason,message,a\n2,x,,one\n3,x,,kept\n"


def test_rejects_that_were_lost_or_changed_cannot_be_resumed(tmp_path):
    file = RejectsFile(tmp_path / "r.csv", ["a"])
    committed = file.write(file.start_over()[0], [Reject(2, "x", "", ["one"])])
    file.close()
    (tmp_path / "r.csv").write_text("row,reason,message,a\n2,y,,one\n")

    assert not RejectsFile(tmp_path / "r.csv", ["a"]).resume(*committed)


def test_no_rejects_leave_no_file_and_can_be_resumed(tmp_path):
    file = RejectsFile(tmp_path / "r.csv", ["a"])
    started = file.start_over()
    file.close()

    assert not (tmp_path / "r.csv").exists()
    assert RejectsFile(tmp_path / "r.csv", ["a"]).resume(*started)


def test_rejects_are_for_the_operator_alone_and_of_one_process(tmp_path):
    first = RejectsFile(tmp_path / "r.csv", ["a"])

    assert (tmp_path / "r.csv").stat().st_mode & 0o077 == 0
    with pytest.raises(BulkError, match="Another process"):
        RejectsFile(tmp_path / "r.csv", ["a"])
    first.close()


def test_an_unwritable_place_for_rejects_is_said(tmp_path):
    with pytest.raises(BulkError, match="cannot be written"):
        RejectsFile(tmp_path / "absent" / "r.csv", ["a"])


@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
            min_size=2,
            max_size=2,
        )
    )
)
def test_what_a_csv_writer_writes_is_read_back(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("csv") / "f.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([["a", "b"], *lines])

    assert [row.cells for row in read(path)] == lines


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(tmp_path_factory, noise):
    path = file_of(tmp_path_factory.mktemp("noise"), b"a,b\n" + noise)

    for row in open_table(path):
        assert isinstance(row, Reject) or len(row.cells) == 2
