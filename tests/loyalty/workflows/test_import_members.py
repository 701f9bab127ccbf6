"""A unit's list comes in once, whoever is known already, and its balances with it."""

import csv
import json
from datetime import date, timedelta
from io import StringIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command

from common import clock
from loyalty.workflows.import_members import opening_ref
from members.models import Enrolment, Identity, Member, MemberStatus
from members.rules.number import is_member_number
from members.selectors.members import member_by_ref
from points.models import Lot, Posting
from tests.factories import balance, make_program, make_unit
from tests.members.factories import enrol

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = [
    {"legacy_card": "C1", "name": "张三", "phone": "13812345678", "points_balance": "120"},
    {"legacy_card": "C2", "name": "Ann Lee", "email": "Ann@Example.com", "birth_date": "1990/3/31"},
    {"legacy_card": "C3", "name": "李四", "phone": "+86 139-1234-5678", "joined_at": "2019-05-01"},
]


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def mall_points(mall):
    return make_program("MALLPTS", owner=mall)


def write(path, rows):
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def run(path, *options, unit="MALL"):
    out = StringIO()
    call_command(
        "import_members", str(path), "--unit", unit, "--json", *options, stdout=out, stderr=StringIO()
    )
    return json.loads(out.getvalue())


def imported(tmp_path, rows, **options):
    return run(write(tmp_path / "members.csv", rows), **options)


def reasons(tmp_path, rows):
    """Row number → reason, from the file beside."""
    imported(tmp_path, rows)
    beside = tmp_path / "members.csv.rejects.csv"
    with beside.open(encoding="utf-8") as file:
        return {int(row["row"]): row["reason"] for row in csv.DictReader(file)}


def test_each_row_becomes_a_member_with_card_identities_and_points(tmp_path, mall, mall_points):
    report = imported(tmp_path, ROWS)

    assert (report["read"], report["counts"], report["rejected"]) == (3, {"created": 3}, {})
    member = member_by_ref(unit=mall, ref="C1")
    assert (member.name, balance(member, mall_points)) == ("张三", 120)
    assert is_member_number(member.number)
    assert member_by_ref(unit=mall, ref="138 1234 5678") == member
    assert member_by_ref(unit=mall, ref="C2").birth_date == date(1990, 3, 31)


def test_importing_twice_changes_nothing(tmp_path, mall, mall_points):
    path = write(tmp_path / "members.csv", ROWS)
    run(path)
    before = [list(model.objects.order_by("pk").values()) for model in (Member, Identity, Enrolment, Posting)]

    report = run(path)

    assert report["counts"] == {"already_there": 3}
    assert before == [
        list(model.objects.order_by("pk").values()) for model in (Member, Identity, Enrolment, Posting)
    ]


def test_the_same_rows_in_another_order_and_chunking_change_nothing(tmp_path, mall, mall_points):
    run(write(tmp_path / "a.csv", ROWS))

    report = run(write(tmp_path / "b.csv", ROWS[::-1]), "--chunk-rows", "1")

    assert report["counts"] == {"already_there": 3}
    assert (Member.objects.count(), Posting.objects.count()) == (3, 1)


def test_a_phone_that_another_unit_knows_links_to_the_same_member(tmp_path, mall, mall_points):
    known = enrol(make_unit("HOTEL"), phone="13812345678").member

    report = imported(tmp_path, ROWS)

    assert report["counts"] == {"linked": 1, "created": 2}
    assert member_by_ref(unit=mall, ref="C1") == known


@pytest.mark.parametrize("chunk", ["1", "100"])
def test_two_rows_with_one_phone_are_one_member(tmp_path, mall, mall_points, chunk):
    rows = [
        {"legacy_card": "C1", "phone": "13812345678", "points_balance": "100"},
        {"legacy_card": "C9", "phone": "0086-138-1234-5678", "points_balance": "11"},
    ]

    report = run(write(tmp_path / "members.csv", rows), "--chunk-rows", chunk)

    assert report["counts"] == {"created": 1, "linked": 1}
    member = member_by_ref(unit=mall, ref="C1")
    assert member_by_ref(unit=mall, ref="C9") == member
    assert balance(member, mall_points) == 111


def test_what_cannot_be_taken_in_is_refused_by_row_and_reason(tmp_path, mall, mall_points):
    tomorrow = (clock.now() + timedelta(days=2)).date().isoformat()
    rows = [
        {
            "legacy_card": "GOOD",
            "name": "n",
            "phone": "",
            "email": "",
            "birth_date": "",
            "points_balance": "",
        },
        {"name": "nobody"},
        {"legacy_card": "A", "phone": "12345"},
        {"legacy_card": "B", "phone": "13812345678/13912345678"},
        {"legacy_card": "C", "birth_date": "2024-02-30"},
        {"legacy_card": "D", "birth_date": tomorrow},
        {"legacy_card": "E", "birth_date": "31.03.1990"},
        {"legacy_card": "F", "points_balance": "-5"},
        {"legacy_card": "G", "points_balance": "1.5"},
        {"legacy_card": "H", "points_balance": "10000000000"},
        {"legacy_card": "I", "email": "not an address"},
        {"legacy_card": "J", "joined_at": tomorrow},
        {"legacy_card": "GOOD", "name": "another"},
        {"legacy_card": "K", "points_balance": "5", "points_expire_on": "2020-01-01"},
        {"legacy_card": "L" * 41},
        {"legacy_card": "M", "name": "a\u202eb"},
        {"legacy_card": "N", "gender": "?"},
    ]

    assert reasons(tmp_path, rows) == {
        3: "nothing_identifies",
        4: "bad_phone",
        5: "several_phones",
        6: "impossible_date",
        7: "future_date",
        8: "bad_date",
        9: "negative_balance",
        10: "bad_points",
        11: "points_out_of_range",
        12: "bad_email",
        13: "future_date",
        14: "card_of_another",
        15: "points_already_expired",
        16: "bad_text",
        17: "bad_text",
        18: "bad_gender",
    }
    assert list(Enrolment.objects.values_list("legacy_card", flat=True)) == ["GOOD"]


def test_a_balance_that_changed_is_refused_and_the_first_stands(tmp_path, mall, mall_points):
    imported(tmp_path, ROWS)

    found = reasons(tmp_path, [{**ROWS[0], "points_balance": "999"}])

    assert found == {2: "reference_reused"}
    assert balance(member_by_ref(unit=mall, ref="C1"), mall_points) == 120


def test_a_balance_lives_through_its_last_day_in_the_programs_zone(tmp_path, mall):
    make_program("MALLPTS", owner=mall, expiry_kind="days", expiry_count=3, time_zone="Asia/Shanghai")
    last_day = clock.now().date() + timedelta(days=400)
    rows = [
        {"legacy_card": "TOLD", "points_balance": "10", "points_expire_on": last_day.isoformat()},
        {"legacy_card": "POLICY", "points_balance": "10", "points_expire_on": ""},
        {"legacy_card": "NEVER", "points_balance": "10", "points_expire_on": "9999-12-31"},
    ]

    imported(tmp_path, rows)

    told, policy, never = (
        Lot.objects.get(posting__source_ref=opening_ref(card)).expires_at
        for card in ("TOLD", "POLICY", "NEVER")
    )
    assert told.isoformat() == f"{last_day.isoformat()}T16:00:00+00:00"
    assert policy < told < never
    assert never.year == 9999


def test_a_frozen_members_balance_waits_in_the_rejects(tmp_path, mall, mall_points):
    enrolment = enrol(mall, legacy_card="C1")
    Member.objects.filter(pk=enrolment.member_id).update(status=MemberStatus.FROZEN)

    found = reasons(tmp_path, [{"legacy_card": "C1", "points_balance": "7"}])

    assert found == {2: "member_not_active"}
    assert not Posting.objects.exists()


def test_without_a_program_of_its_own_a_unit_names_one(tmp_path, mall):
    group = make_program("GROUPPTS")
    path = write(tmp_path / "members.csv", [{"legacy_card": "C1", "points_balance": "7"}])

    assert run(path)["rejected"] == {"no_program": 1}
    assert run(path, "--program", "GROUPPTS")["rejected"] == {}
    assert balance(member_by_ref(unit=mall, ref="C1"), group) == 7


def test_unknown_columns_are_kept_as_attributes(tmp_path, mall):
    imported(tmp_path, [{"legacy_card": "C1", "shoe size": "43", "hobby": ""}])

    assert Enrolment.objects.get().attributes == {"shoe size": "43"}


def test_parquet_says_the_same_as_csv(tmp_path, mall, mall_points):
    path = tmp_path / "members.parquet"
    columns = {
        "legacy_card": ["C1", "C2"],
        "phone": pa.array([13812345678, None], pa.int64()),
        "birth_date": pa.array([date(1990, 3, 31), None], pa.date32()),
        "points_balance": pa.array([120.0, None], pa.float64()),
    }
    pq.write_table(pa.table(columns), path)

    report = run(path)

    member = member_by_ref(unit=mall, ref="+8613812345678")
    assert report["counts"] == {"created": 2}
    assert (member.birth_date, balance(member, mall_points)) == (date(1990, 3, 31), 120)


@pytest.mark.parametrize(
    ("options", "words"), [({"unit": "NOWHERE"}, "NOWHERE"), ({"unit": "MALL", "program": "NONE"}, "NONE")]
)
def test_an_unknown_unit_or_program_is_told_before_anything_is_read(tmp_path, mall, options, words):
    path = write(tmp_path / "members.csv", ROWS)

    with pytest.raises(CommandError, match=words):
        call_command("import_members", str(path), **options)


def test_a_chunk_costs_a_constant_number_of_queries(
    tmp_path, mall, mall_points, django_assert_max_num_queries
):
    rows = [
        {"legacy_card": f"C{n}", "phone": f"138{n:08d}", "email": f"n{n}@example.com", "points_balance": "1"}
        for n in range(600)
    ]

    with django_assert_max_num_queries(30):
        imported(tmp_path, rows)
    with django_assert_max_num_queries(30):
        report = imported(tmp_path, rows)

    assert report["counts"] == {"already_there": 600}
