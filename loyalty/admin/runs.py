"""What ran by itself: imports and periodic jobs, to look at."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from common.admin import Panel, PanelPage, ReadOnlyAdmin
from common.models import ImportRun, JobRun
from loyalty.workflows.uploads import CHECK_PREFIX

KINDS = {"members": _("members"), "activities": _("activities"), "daily_totals": _("daily totals")}
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
    fields = (("job", "period"), ("started_at", "finished_at"), "outcome")


@admin.register(ImportRun)
class ImportRunAdmin(RunState, PanelPage):
    """Imports of files: how far each has come and what it refused."""

    list_display = ("file_name", "kind_told", "unit_code", "state", "last_row", "started_at", "finished_at")
    list_filter = ("kind", "unit_code", ("started_at", RangeDateTimeFilter))
    ordering = ("-started_at", "-id")
    fields = (
        ("file_name", "kind_told", "unit_code"),
        ("state_told", "started_at", "finished_at"),
        ("last_row", "content_sha256"),
    )

    def panels(self, row: ImportRun, at: datetime) -> list[Panel]:  # noqa: ARG002 -- counts do not age
        """What became of the rows, and why some were refused; those rows are in the rejects file."""
        right = frozenset({1})
        return [
            Panel(gettext("Counts"), [_("what"), _("rows")], sorted(row.counts.items()), right=right),
            Panel(
                gettext("Rejected, by reason"),
                [_("reason"), _("rows")],
                sorted(row.rejected.items()),
                right=right,
            ),
        ]

    @display(description=_("kind"), ordering="kind")
    def kind_told(self, run: ImportRun) -> str:
        """What the file holds."""
        kind = run.kind.removeprefix(CHECK_PREFIX)
        told = str(KINDS.get(kind, kind))
        return told if kind == run.kind else gettext("%(kind)s (check only)") % {"kind": told}

    @display(description=_("state"))
    def state_told(self, run: ImportRun) -> Any:
        """Done, or not yet."""
        return self.state(run)[1]
