"""What ran by itself: imports and periodic jobs, to look at."""

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from common.admin import ReadOnlyAdmin, explanation_table
from common.models import ImportRun, JobRun

_STATE_COLOURS = {"done": "success", "running": "info"}


class RunState:
    """A column that says whether a run has ended."""

    @display(description=_("state"), label=_STATE_COLOURS)
    def state(self, run: Any) -> tuple[str, Any]:
        """Done, or not yet."""
        return ("running", _("Not finished")) if run.finished_at is None else ("done", _("Done"))


@admin.register(JobRun)
class JobRunAdmin(RunState, ReadOnlyAdmin):
    """Runs of the periodic jobs: one a job and period."""

    list_display = ("job", "period", "state", "started_at", "finished_at", "outcome")
    list_filter = ("job", ("started_at", RangeDateTimeFilter))
    ordering = ("-started_at", "-id")
    fields = (("job", "period", "state"), ("started_at", "finished_at"), "outcome")


@admin.register(ImportRun)
class ImportRunAdmin(RunState, ReadOnlyAdmin):
    """Imports of files: how far each has come and what it refused."""

    list_display = ("file_name", "kind", "unit_code", "state", "last_row", "started_at", "finished_at")
    list_filter = ("kind", "unit_code", ("started_at", RangeDateTimeFilter))
    ordering = ("-started_at", "-id")
    fields = (
        ("file_name", "kind", "unit_code"),
        ("state", "started_at", "finished_at"),
        ("last_row", "content_sha256"),
        "counts_table",
        "rejected_table",
    )

    @display(description=_("counts"))
    def counts_table(self, run: ImportRun) -> SafeString:
        """What became of the rows."""
        return explanation_table(headers=[_("what"), _("rows")], rows=sorted(run.counts.items()))

    @display(description=_("rejected, by reason"))
    def rejected_table(self, run: ImportRun) -> SafeString:
        """Why rows were refused; the rows themselves are in the rejects file."""
        return explanation_table(headers=[_("reason"), _("rows")], rows=sorted(run.rejected.items()))
