"""Uploaded lists: checked without effect, imported once, kept sealed, forgotten."""

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from common.models import ImportRun, ImportUpload, UploadState
from loyalty.workflows.uploads import (
    BYTES_MAX,
    GIVEN_UP_AFTER,
    KEPT,
    FileTooLarge,
    UnreadableFile,
    UploadNotReady,
    ask_import,
    discard_upload,
    forget_uploads,
    refused_rows,
    take_upload,
    work_on_uploads,
)
from members.models import Enrolment, Member
from points.models import Posting, Wallet
from tests.factories import make_program, make_unit

AT = datetime(2026, 11, 2, 8, tzinfo=UTC)
LIST = (
    "legacy_card,name,phone,birth_date,points_balance\n"
    "C1,王小明,13800138000,1990-03-31,600\n"
    "C2,李四,13800138001,1985-02-30,\n"
    "C3,张三,13800138002,,250\n"
)


@pytest.fixture
def mall(db):
    unit = make_unit("MALL")
    make_program("MALLPT", owner=unit)
    return unit


def upload(content=LIST, **told):
    asked = {
        "kind": "members",
        "unit_code": "MALL",
        "program_code": "",
        "file_name": "list.csv",
        "by": "user:1",
    }
    return take_upload(**asked | {"at": AT} | told, content=content.encode())


def worked_on(row):
    work_on_uploads(at=AT)
    row.refresh_from_db()
    return row


def test_a_check_says_what_would_happen_and_writes_nothing(mall):
    row = worked_on(upload())

    assert row.state == UploadState.CHECKED
    assert row.check_report["counts"] == {"created": 2}
    assert row.check_report["rejected"] == {"impossible_date": 1}
    assert not Member.objects.exists()
    assert not Enrolment.objects.exists()
    assert not Posting.objects.exists()
    assert not Wallet.objects.exists()


def test_what_was_checked_is_what_is_imported(mall):
    row = worked_on(upload())
    ask_import(upload_id=row.pk, by="user:2", at=AT)

    row = worked_on(row)

    assert row.state == UploadState.DONE
    assert {**row.report, "samples": None} == {**row.check_report, "samples": None}
    assert sorted(Posting.objects.values_list("points", flat=True)) == [250, 600]
    assert set(Posting.objects.values_list("actor", flat=True)) <= {"user:2"}


def test_the_refused_rows_come_back_to_be_mended(mall):
    row = worked_on(upload())

    (refused,) = csv.DictReader(io.StringIO(refused_rows(row).decode()))

    assert (refused["row"], refused["reason"], refused["legacy_card"]) == ("3", "impossible_date", "C2")
    (sample,) = row.check_report["samples"]
    assert (sample["row"], sample["reason"]) == ("3", "impossible_date")


def test_no_name_or_phone_of_the_list_lies_open_in_its_row(mall):
    row = worked_on(upload())

    with connection.cursor() as cursor:
        cursor.execute("SELECT u::text, content, rejects FROM common_importupload u WHERE id = %s", [row.pk])
        text, *boxes = cursor.fetchone()

    for canary in ("李四", "13800138001", "1985-02-30"):
        assert canary not in text
        assert all(canary.encode() not in bytes(box) for box in boxes)


@pytest.mark.parametrize("content", ["", "a,a\n1,2\n"])
def test_what_is_no_table_is_refused_by_the_name_that_it_was_sent_under(mall, content):
    with pytest.raises(UnreadableFile, match=r"list\.csv") as refusal:
        upload(content)

    assert "/tmp" not in str(refusal.value)


@pytest.mark.parametrize(
    "content", ["legacy_card\n\x00\x01\n", "名字\n王\n", "legacy_card,phone\n,138 139\n"]
)
def test_rows_that_say_nothing_of_use_are_refused_one_by_one(mall, content):
    row = worked_on(upload(content))

    assert (row.check_report["counts"], sum(row.check_report["rejected"].values())) == ({}, 1)


def test_a_list_without_a_column_that_is_needed_is_refused_at_once(mall):
    with pytest.raises(UnreadableFile, match="source_ref"):
        upload("kind,amount\npurchase,1\n", kind="activities")
    assert not ImportUpload.objects.exists()


def test_a_unit_that_is_not_there_is_refused_at_once(mall):
    with pytest.raises(UnreadableFile):
        upload(unit_code="NOWHERE")


def test_a_file_above_the_bound_is_refused(mall):
    with pytest.raises(FileTooLarge):
        upload("x" * (BYTES_MAX + 1))


def test_only_a_checked_list_is_imported(mall):
    row = upload()

    with pytest.raises(UploadNotReady):
        ask_import(upload_id=row.pk, by="user:2", at=AT)


def test_a_discarded_list_is_gone_and_stays_gone(mall):
    row = worked_on(upload())

    discard_upload(upload_id=row.pk, by="user:2", at=AT)

    row.refresh_from_db()
    assert (row.state, row.content, row.rejects) == (UploadState.DISCARDED, None, None)
    assert row.check_report["counts"] == {"created": 2}
    with pytest.raises(UploadNotReady):
        ask_import(upload_id=row.pk, by="user:2", at=AT)


def test_an_import_that_is_done_is_not_discarded(mall):
    row = worked_on(upload())
    ask_import(upload_id=row.pk, by="user:2", at=AT)
    worked_on(row)

    with pytest.raises(UploadNotReady):
        discard_upload(upload_id=row.pk, by="user:2", at=AT)


def test_after_a_week_the_file_goes_and_the_figures_stay(mall):
    row = worked_on(upload())

    assert forget_uploads(at=AT + KEPT - timedelta(seconds=1)) == 0
    assert forget_uploads(at=AT + KEPT + timedelta(seconds=1)) == 1

    row.refresh_from_db()
    assert (row.state, row.content, row.rejects) == (UploadState.DISCARDED, None, None)
    assert row.check_report["counts"] == {"created": 2}


def test_what_a_killed_worker_had_is_taken_up_after_a_while(mall):
    row = upload()
    ImportUpload.objects.update(worked_since=AT)

    assert work_on_uploads(at=AT + timedelta(hours=1)) == 0
    assert work_on_uploads(at=AT + GIVEN_UP_AFTER + timedelta(seconds=1)) == 1
    row.refresh_from_db()
    assert row.state == UploadState.CHECKED


def test_a_unit_that_closed_meanwhile_stops_the_import_in_words(mall):
    row = worked_on(upload())
    ask_import(upload_id=row.pk, by="user:2", at=AT)
    mall.is_active = False
    mall.save()

    row = worked_on(row)

    assert row.state == UploadState.FAILED
    assert "MALL" in row.problem
    assert row.content is not None, "it can go on later"


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_two_workers_never_take_the_same_list():
    make_program("MALLPT", owner=make_unit("MALL"))
    rows = [upload(LIST.replace("C", f"L{number}-"), file_name=f"{number}.csv") for number in range(4)]

    def work(_number):
        try:
            return work_on_uploads(at=AT)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        taken = list(pool.map(work, range(3)))

    assert sum(taken) == len(rows)
    assert set(ImportUpload.objects.values_list("state", flat=True)) == {UploadState.CHECKED}
    assert ImportRun.objects.count() == len(rows)
