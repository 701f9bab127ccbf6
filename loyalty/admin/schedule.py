"""The schedule: what there is to run is code; when, and whether, operators decide."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.decorators import display

from common.admin import BaseAdmin, list_link
from common.models import JobRun
from loyalty.schedule import SCHEDULE

for model in (PeriodicTask, CrontabSchedule, IntervalSchedule, SolarSchedule, ClockedSchedule):
    admin.site.unregister(model)


def crontab_in_words(crontab: CrontabSchedule) -> str:
    """Its five fields and the zone, as in a crontab."""
    fields = (
        crontab.minute,
        crontab.hour,
        crontab.day_of_month,
        crontab.month_of_year,
        crontab.day_of_week,
    )
    return f"{' '.join(fields)} ({crontab.timezone})"


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(BaseAdmin):
    """A line of the schedule. It comes with the release (loyalty/schedule.py); operators move or stop it."""

    list_display = ("name", "enabled", "when", "why", "last_run_at", "runs")
    list_select_related = ("crontab", "interval")
    list_filter = ("enabled",)
    search_fields = ("name",)
    ordering = ("name",)
    actions = None
    fields = ("name", "task_code", "why", "enabled", "crontab", "last_run_at", "runs")
    readonly_fields = ("name", "task_code", "why", "last_run_at", "runs")

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 -- Django's signature
        """A new job is a release, not a row."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 -- same
        """It is switched off instead: a deleted line would come back with the next release."""
        return False

    @display(description=_("when"))
    def when(self, task: PeriodicTask) -> str:
        """Its crontab or interval."""
        return crontab_in_words(task.crontab) if task.crontab else str(task.interval or "—")

    @display(description=_("task"))
    def task_code(self, task: PeriodicTask) -> str:
        """What the worker runs."""
        return str(task.task)

    @display(description=_("why"))
    def why(self, task: PeriodicTask) -> str:
        """The reason that the release gives; an operator's own line has its description."""
        for job in SCHEDULE:
            if job.name == task.name:
                return gettext(job.why)
        return task.description or "—"

    @display(description=_("runs"))
    def runs(self, task: PeriodicTask) -> SafeString:
        """Leads to what its runs did."""
        return list_link(JobRun, _("its runs"), job__exact=task.name)


class _TimesAdmin(BaseAdmin):
    """Times that lines of the schedule refer to."""

    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 -- same
        """Deleting a time would delete the jobs that run at it."""
        return False


@admin.register(CrontabSchedule)
class CrontabAdmin(_TimesAdmin):
    """Minute, hour, day, month, weekday."""

    list_display = ("in_words",)
    fields = (("minute", "hour"), ("day_of_month", "month_of_year", "day_of_week"), "timezone")
    ordering = ("id",)

    @display(description=_("crontab"))
    def in_words(self, crontab: CrontabSchedule) -> Any:
        """As in a crontab."""
        return crontab_in_words(crontab)


@admin.register(IntervalSchedule)
class IntervalAdmin(_TimesAdmin):
    """Every so often."""

    list_display = ("every", "period")
    list_display_links = ("every", "period")
    ordering = ("id",)
