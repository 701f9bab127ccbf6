"""The schedule: shipped around operators' changes, run once a day by many beats, taken up after a failure."""

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from common.models import JobRun
from loyalty.management.commands.sync_schedule import sync_schedule
from loyalty.schedule import SCHEDULE, Crontab
from loyalty.tasks import prune_answers
from points import tasks
from points.models import Hold, Lot, Posting
from points.services.holds import hold_points
from tests.factories import give, make_member, make_program, make_unit

PROJECT = Path(__file__).resolve().parents[2]
EXPIRY = SCHEDULE[0]


def row_of(job):
    return PeriodicTask.objects.select_related("crontab").get(name=job.name)


def give_points_of_last_month():
    unit = make_unit()
    program = make_program(owner=unit, expiry_kind="days", expiry_count=3)
    return give(make_member(), program, 120, occurred_at=datetime.now(UTC) - timedelta(days=30))


# --- what is shipped ---


@pytest.mark.django_db
def test_every_job_is_shipped_with_its_reason_and_its_zone():
    sync_schedule(SCHEDULE)

    row = row_of(EXPIRY)
    assert PeriodicTask.objects.count() == len(SCHEDULE)
    assert (row.task, row.enabled, json.loads(row.args)) == ("points.tasks.expire_points", True, [])
    assert (row.crontab.minute, row.crontab.hour, str(row.crontab.timezone)) == ("5", "0-6", "Asia/Shanghai")
    assert row.description.startswith(EXPIRY.why)


@pytest.mark.django_db
def test_a_second_sync_writes_nothing():
    sync_schedule(SCHEDULE)
    before = list(PeriodicTask.objects.order_by("name").values())

    done = sync_schedule(SCHEDULE)

    assert set(done.values()) == {"unchanged"}
    assert list(PeriodicTask.objects.order_by("name").values()) == before


@pytest.mark.django_db
def test_what_nobody_changed_follows_the_next_release():
    sync_schedule(SCHEDULE)

    sync_schedule((replace(EXPIRY, when=Crontab("15", "2"), why="Another reason."), *SCHEDULE[1:]))

    row = row_of(EXPIRY)
    assert (row.crontab.minute, row.crontab.hour) == ("15", "2")
    assert row.description.startswith("Another reason.\n")


@pytest.mark.django_db
def test_what_an_operator_changed_stays_while_the_rest_follows():
    sync_schedule(SCHEDULE)
    row = row_of(EXPIRY)
    row.crontab = CrontabSchedule.objects.create(minute="0", hour="4")
    row.enabled = False
    row.args = '["2026-01-01T00:00:00+08:00"]'
    row.save()

    done = sync_schedule((replace(EXPIRY, when=Crontab("15", "2"), why="Another reason."), *SCHEDULE[1:]))

    row = row_of(EXPIRY)
    assert done[EXPIRY.name] == "updated, but for args, enabled, when"
    assert (row.crontab.hour, row.enabled, row.args) == ("4", False, '["2026-01-01T00:00:00+08:00"]')
    assert row.description.startswith("Another reason.")


@pytest.mark.django_db
def test_an_operators_choice_outlives_two_releases():
    sync_schedule(SCHEDULE)
    PeriodicTask.objects.filter(name=EXPIRY.name).update(enabled=False)

    for hour in ("1", "2"):
        sync_schedule((replace(EXPIRY, when=Crontab("5", hour)), *SCHEDULE[1:]))

    row = row_of(EXPIRY)
    assert (row.enabled, row.crontab.hour) == (False, "2")


@pytest.mark.django_db
def test_a_row_that_lost_what_was_shipped_is_left_alone():
    sync_schedule(SCHEDULE)
    PeriodicTask.objects.filter(name=EXPIRY.name).update(description="ours", task="other.task")

    done = sync_schedule(SCHEDULE)

    assert done[EXPIRY.name].startswith("left alone")
    assert (row_of(EXPIRY).task, row_of(EXPIRY).description) == ("other.task", "ours")


@pytest.mark.django_db
def test_a_removed_job_is_disabled_not_deleted_and_comes_back_when_shipped_again():
    sync_schedule(SCHEDULE)

    sync_schedule(SCHEDULE[1:])
    removed = row_of(EXPIRY).enabled
    sync_schedule(SCHEDULE)

    assert removed is False
    assert row_of(EXPIRY).enabled is True


@pytest.mark.django_db
def test_a_removed_job_that_an_operator_turned_on_again_stays_on():
    sync_schedule(SCHEDULE)
    sync_schedule(SCHEDULE[1:])
    PeriodicTask.objects.filter(name=EXPIRY.name).update(enabled=True)

    sync_schedule(SCHEDULE[1:])

    assert row_of(EXPIRY).enabled is True


@pytest.mark.django_db
def test_tasks_of_others_are_not_ours_to_disable():
    PeriodicTask.objects.create(
        name="theirs", task="their.task", crontab=CrontabSchedule.objects.create(), description="their reason"
    )

    sync_schedule(SCHEDULE)

    assert PeriodicTask.objects.get(name="theirs").enabled is True


# --- once a day ---


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_ten_workers_at_once_expire_once():
    give_points_of_last_month()
    together = threading.Barrier(10)

    def run(_number):
        together.wait()
        try:
            return tasks.expire_points()
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        outcomes = list(pool.map(run, range(10)))

    assert sum("skipped" not in outcome for outcome in outcomes) == 1
    assert JobRun.objects.get().outcome["points"] == 120
    assert Posting.objects.filter(kind="expiry").count() == 1


@pytest.mark.django_db
def test_a_run_that_failed_is_taken_up_by_the_next_firing(monkeypatch):
    def fail(*, at):
        raise ConnectionError("the phone of 13800000000 is in here")

    give_points_of_last_month()
    with monkeypatch.context() as broken:
        broken.setattr(tasks, "expire_due_lots", fail)
        with pytest.raises(ConnectionError):
            tasks.expire_points()
    failed = JobRun.objects.get().outcome

    outcome = tasks.expire_points()

    assert failed == {"failed": "ConnectionError"}
    assert outcome["points"] == 120
    assert JobRun.objects.get().outcome == outcome


@pytest.mark.django_db
@pytest.mark.parametrize(("minutes", "taken"), [(40, False), (55, True)])
def test_a_killed_run_is_taken_over_once_it_is_older_than_the_time_limit(minutes, taken):
    give_points_of_last_month()
    tasks.expire_points()
    JobRun.objects.update(
        finished_at=None, outcome=None, started_at=datetime.now(UTC) - timedelta(minutes=minutes)
    )

    outcome = tasks.expire_points()

    assert ("skipped" not in outcome) is taken


@pytest.mark.django_db
def test_an_audit_that_finds_something_cries_and_keeps_it(monkeypatch, caplog):
    report = tasks.audit()
    found = [type("Found", (), {"check": "posting_digest", "table": "points_posting", "row": "7"})]
    monkeypatch.setattr(
        tasks,
        "audit",
        lambda: type(report)(postings=1, disagreements=tuple(found), counts={"posting_digest": 1}),
    )

    outcome = tasks.audit_ledger()

    assert outcome["clean"] is False
    assert JobRun.objects.get().outcome["rows"] == ["posting_digest: points_posting 7"]
    assert [record.levelname for record in caplog.records] == ["CRITICAL"]


@pytest.mark.django_db
def test_answers_are_pruned_by_their_job():
    assert prune_answers() == {"records": 0}
    assert JobRun.objects.get().job == "prune_answers"


# --- each minute ---


def hold_points_of_a_sale(number):
    unit = make_unit()
    program = make_program(owner=unit)
    member = make_member()
    at = datetime.now(UTC) - timedelta(hours=1)
    give(member, program, 100, occurred_at=at)
    sale = {"unit": unit, "price": 60, "source_ref": f"sale-{number}"}
    return hold_points(member=member, program=program, by="test", at=at, **sale).hold


@pytest.mark.django_db
def test_holds_are_timed_out_by_their_job_once_their_time_is_over(capsys):
    ends_at = hold_points_of_a_sale(1).expires_at

    early = run_job(capsys, "time_out_holds", "--as-of", (ends_at - timedelta(seconds=1)).isoformat())
    late = run_job(capsys, "time_out_holds", "--as-of", ends_at.isoformat())

    assert (early["outcome"], late["outcome"]) == ({"holds": 0}, {"holds": 1})
    assert Hold.objects.get().status == "timed_out"
    assert Lot.objects.get().held == 0


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_runs_that_overlap_end_each_hold_once_and_claim_nothing():
    for number in range(6):
        hold_points_of_a_sale(number)
    together = threading.Barrier(4)

    def run(_number):
        together.wait()
        try:
            return tasks.time_out_holds()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(run, range(4)))

    assert max(outcome["holds"] for outcome in outcomes) <= 6
    assert Hold.objects.filter(status="timed_out").count() == 6
    assert set(Lot.objects.values_list("held", flat=True)) == {0}
    assert not JobRun.objects.exists()


# --- by hand ---


def run_job(capsys, *arguments):
    call_command("run_job", *arguments)
    return json.loads(capsys.readouterr().out)


@pytest.mark.django_db
def test_a_job_by_hand_runs_for_the_instant_it_is_told_and_claims_no_day(capsys):
    posting = give_points_of_last_month()
    alive = posting.occurred_at + timedelta(days=2)

    early = run_job(capsys, "expire_points", "--as-of", alive.isoformat())
    late = run_job(capsys, "expire_points", "--as-of", (alive + timedelta(days=5)).isoformat())

    assert (early["outcome"]["points"], late["outcome"]["points"]) == (0, 120)
    assert not JobRun.objects.exists()


@pytest.mark.django_db
def test_a_day_to_come_may_be_told_outside_production_only(capsys, settings):
    to_come = (datetime.now(UTC) + timedelta(days=400)).isoformat()

    assert run_job(capsys, "expire_points", "--as-of", to_come)["outcome"]["points"] == 0
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="yet to come"):
        run_job(capsys, "expire_points", "--as-of", to_come)


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_an_absurd_instant_is_refused_by_name(text):
    with pytest.raises(CommandError, match=r"^instant_out_of_range: "):
        call_command("run_job", "expire_points", "--as-of", text)


@pytest.mark.parametrize("text", ["yesterday", "2026-03-01T00:00:00"])
def test_an_instant_without_an_offset_is_refused(text):
    with pytest.raises(CommandError):
        call_command("run_job", "expire_points", "--as-of", text)


def test_an_unknown_job_is_answered_with_the_known_ones():
    with pytest.raises(
        CommandError,
        match="expire_points, time_out_holds, end_entitlements, end_orders_and_vouchers, "
        "tell_listeners, work_on_uploads, settle_parking, seal_ledger, audit_ledger, make_coming_parts, "
        "prune_answers, forget_uploads, forget_plates, mind_members, review_tiers, erase_members",
    ):
        call_command("run_job", "expire_everything")


# --- a real worker ---


@pytest.mark.django_db(transaction=True)
def test_a_worker_on_the_real_broker_books_the_expiry(tmp_path):
    give_points_of_last_month()
    queue = f"test-{uuid.uuid4().hex}"
    tasks.expire_points.apply_async(queue=queue)

    with (tmp_path / "worker.log").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", "--app", "loyalty", "worker", "-P", "solo", "-Q", queue],
            cwd=PROJECT,
            env={**os.environ, "LOYALTY_HEARTBEAT_DIR": str(tmp_path)},
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + 30
        while not JobRun.objects.filter(finished_at__isnull=False) and time.monotonic() < deadline:
            time.sleep(0.2)
    finally:
        worker.terminate()
        worker.wait(timeout=30)

    run = JobRun.objects.filter(job="expire_points").first()
    assert run is not None, (tmp_path / "worker.log").read_text()
    assert run.outcome["points"] == 120
    assert not Lot.objects.filter(is_open=True).exists()
