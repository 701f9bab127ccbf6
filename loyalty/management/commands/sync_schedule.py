"""`manage.py sync_schedule`: bring this release's schedule to beat's tables, around what operators changed.

The last line of each row's description says what was shipped. A field that still equals it follows the new
release; one that does not was changed by an operator and stays. A job that is gone is disabled, not deleted.
"""

import json
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection, transaction
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from loyalty.schedule import SCHEDULE, Crontab, Job, crontab_fields, shipped_fields

MARK = "Shipped as: "


class Command(BaseCommand):
    """Safe to run at every start, and in two places at once."""

    help = "Bring the schedule to beat's tables without touching what operators changed."

    def handle(self, *_args: Any, **_options: Any) -> None:
        for name, did in sync_schedule(SCHEDULE).items():
            self.stdout.write(f"{name}: {did}")


def sync_schedule(schedule: tuple[Job, ...]) -> dict[str, str]:
    """What was done about each job: created, updated, unchanged, left alone, or disabled."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('sync_schedule'))")
        rows = {row.name: row for row in PeriodicTask.objects.select_related("crontab")}
        done = {job.name: _ship(job, rows.get(job.name)) for job in schedule}
        for name, row in rows.items():
            if name not in done and MARK in row.description:
                done[name] = _retire(row)
    return done


def _ship(job: Job, row: PeriodicTask | None) -> str:
    new = shipped_fields(job)
    if row is None:
        row = PeriodicTask(name=job.name)
        _write(row, job, new, fields=set(new))
        return "created"
    old, present = _shipped_last(row), _present(row)
    if old is None:
        return "left alone: its description does not say what was shipped"
    changed_by_operators = {field for field in new if present[field] != old.get(field)}
    if old != new:
        _write(row, job, new, fields=set(new) - changed_by_operators)
        done = "updated"
    else:
        done = "unchanged"
    return f"{done}, but for {', '.join(sorted(changed_by_operators))}" if changed_by_operators else done


def _retire(row: PeriodicTask) -> str:
    """Disable a job that this release no longer has, unless an operator has turned it on again since."""
    old = _shipped_last(row)
    if old is None or not old["enabled"]:
        return "no longer shipped"
    if row.enabled:
        row.enabled = False
    row.description = _described(_why(row), {**old, "enabled": False})
    row.save()  # type: ignore[no-untyped-call]  # django-celery-beat has no types
    return "disabled: no longer shipped"


def _write(row: PeriodicTask, job: Job, new: dict[str, Any], *, fields: set[str]) -> None:
    if "task" in fields:
        row.task = new["task"]
    if "when" in fields:
        row.crontab = _crontab_row(job.when)
    if "args" in fields:
        row.args = json.dumps(new["args"])
    if "enabled" in fields:
        row.enabled = new["enabled"]
    row.description = _described(new["why"] if "why" in fields else _why(row), new)
    row.save()  # type: ignore[no-untyped-call]  # django-celery-beat has no types


def _crontab_row(when: Crontab) -> CrontabSchedule:
    """The shared row of beat's tables that says `when`."""
    fields = {**crontab_fields(when), "timezone": when.time_zone}
    return CrontabSchedule.objects.filter(**fields).first() or CrontabSchedule.objects.create(**fields)


def _present(row: PeriodicTask) -> dict[str, Any]:
    """What the row says now, in the shape of `shipped_fields`."""
    return {
        "task": row.task,
        "when": None if row.crontab is None else str(_when(row.crontab)),
        "args": _loaded(row.args),
        "enabled": row.enabled,
        "why": _why(row),
    }


def _when(row: CrontabSchedule) -> Crontab:
    return Crontab(
        minute=row.minute,
        hour=row.hour,
        day_of_month=row.day_of_month,
        month_of_year=row.month_of_year,
        day_of_week=row.day_of_week,
        time_zone=str(row.timezone),
    )


def _described(why: str, shipped: dict[str, Any]) -> str:
    return f"{why}\n{MARK}{json.dumps(shipped, ensure_ascii=False, sort_keys=True)}"


def _why(row: PeriodicTask) -> str:
    return str(row.description).partition(MARK)[0].rstrip()


def _shipped_last(row: PeriodicTask) -> dict[str, Any] | None:
    """What the last release shipped, as the row's own description says; None where it does not."""
    shipped = _loaded(str(row.description).partition(MARK)[2])
    return shipped if isinstance(shipped, dict) else None


def _loaded(text: str) -> Any:
    """The JSON in `text`, or `text` itself where an operator left no JSON."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
