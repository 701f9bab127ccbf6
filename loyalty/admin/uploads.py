"""Import a list in three steps: upload it, look at what it would do, let it be imported; then the result."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from kombu.exceptions import OperationalError as BrokerAway
from unfold.decorators import display
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget

from common import clock
from common.admin import Panel, PanelPage, actor_of, list_link
from common.errors import DomainError
from common.models import ImportUpload, UploadState
from loyalty.admin.runs import KINDS
from loyalty.tasks import work_on_uploads
from loyalty.workflows.uploads import ask_import, discard_upload, refused_rows, take_upload
from members.models import MatchCandidate
from points.admin.acts import ActsAdmin
from points.models import Program
from units.models import BusinessUnit

MAY_UPLOAD: Final = "common.add_importupload"
MAY_DOWNLOAD: Final = "common.download_rejects"
_STATE_COLOURS: Final = {
    UploadState.CHECK: "info",
    UploadState.CHECKED: "warning",
    UploadState.IMPORT: "info",
    UploadState.DONE: "success",
    UploadState.FAILED: "danger",
    UploadState.DISCARDED: "default",
}
# How the rows of a list may end, in the order in which people ask.
_ENDINGS: Final = {
    "read": _("Rows read"),
    "created": _("New members"),
    "linked": _("Linked to a member who is known already"),
    "match_candidate": _("New for now; a person decides whether they are somebody known"),
    "already_there": _("There already, nothing changes"),
    "recorded": _("Recorded"),
    "replaced": _("Replace what was told before"),
}


class UploadForm(forms.Form):
    """What the list is, whose, and the file."""

    kind = forms.ChoiceField(
        label=_("What it lists"), choices=list(KINDS.items()), widget=UnfoldAdminSelectWidget
    )
    unit = forms.ModelChoiceField(
        label=_("Business unit"),
        queryset=BusinessUnit.objects.filter(is_active=True).order_by("code"),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=_("Whose list it is. Daily totals name their units themselves."),
    )
    program = forms.ModelChoiceField(
        label=_("Points program"),
        queryset=Program.objects.filter(is_active=True).order_by("code"),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=_("For the points of members; empty: the unit's own."),
    )
    file = forms.FileField(
        label=_("File"),
        widget=UnfoldAdminFileFieldWidget,
        help_text=_("CSV in UTF-8, Parquet or XLSX, up to 30 MB. The first row names the columns."),
    )

    def clean(self) -> dict[str, Any]:
        """Lists of people and of activities are one unit's."""
        said: dict[str, Any] = super().clean() or {}
        if said.get("kind") in {"members", "activities"} and said.get("unit") is None:
            self.add_error("unit", gettext("Say whose list it is."))
        return said


@admin.register(ImportUpload)
class ImportUploadAdmin(PanelPage, ActsAdmin):
    """Lists that were uploaded, the latest first."""

    change_form_template = "admin/common/importupload/change_form.html"
    list_display = ("file_name", "kind_told", "unit_code", "state_label", "uploaded_at", "finished_at")
    list_filter = ("kind", "state", "unit_code")
    ordering = ("-uploaded_at",)
    fields = (
        ("file_name", "kind_told"),
        ("unit_code", "program_code"),
        ("state_told", "uploaded_at", "finished_at"),
        "problem",
    )

    def get_urls(self) -> list[URLPattern]:
        """The three steps and the refused rows."""
        name = "common_importupload"
        view = self.admin_site.admin_view
        return [
            path("add/", view(self.upload), name=f"{name}_add"),
            path("<uuid:pk>/import/", view(require_POST(self.ask)), name=f"{name}_import"),
            path("<uuid:pk>/discard/", view(require_POST(self.discard)), name=f"{name}_discard"),
            path("<uuid:pk>/rejects/", view(self.rejects), name=f"{name}_rejects"),
            *super().get_urls(),
        ]

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        """Those who may upload."""
        return bool(request.user.has_perm(MAY_UPLOAD))

    def get_queryset(self, request: HttpRequest) -> Any:
        """Without the files themselves, which are large."""
        return super().get_queryset(request).defer("content", "rejects")

    def panels(self, row: ImportUpload, at: datetime) -> Sequence[Panel]:  # noqa: ARG002 -- figures do not age
        """What the check found, and then what the import did."""
        found: list[Panel] = []
        if row.report is not None:
            found += _told(row.report, gettext("What the import did"), row)
        elif row.check_report is not None:
            found += _told(row.check_report, gettext("What the import would do"), row)
        return found

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With what may be done now; while a worker has it the page looks again by itself."""
        row: ImportUpload | None = self.get_object(request, object_id)
        state = None if row is None else row.state
        may = request.user.has_perm(MAY_UPLOAD)
        extra = {
            "is_working": state in {UploadState.CHECK, UploadState.IMPORT},
            "percent": 0 if row is None else int(row.share * 100),
            "may_import": may and state in {UploadState.CHECKED, UploadState.FAILED},
            "may_discard": may
            and row is not None
            and row.worked_since is None
            and state not in {UploadState.DONE, UploadState.DISCARDED},
            "is_failed": state == UploadState.FAILED,
            "has_rejects": row is not None
            and request.user.has_perm(MAY_DOWNLOAD)
            and ImportUpload.objects.filter(pk=row.pk, rejects__isnull=False).exists(),
        }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **extra})

    def upload(self, request: HttpRequest) -> HttpResponse:
        """Step one: the file."""
        if not request.user.has_perm(MAY_UPLOAD):
            raise PermissionDenied
        is_sent = request.method == "POST"
        form = UploadForm(request.POST, request.FILES) if is_sent else UploadForm()

        def take(said: Mapping[str, Any]) -> tuple[str, str]:
            unit, program = said["unit"], said["program"]
            row = take_upload(
                kind=said["kind"],
                unit_code="" if unit is None else unit.code,
                program_code="" if program is None else program.code,
                file_name=said["file"].name,
                content=said["file"].read(),
                by=actor_of(request.user),
                at=clock.now(),
            )
            _wake_a_worker()
            return gettext("Uploaded. It is being checked; nothing is imported yet."), _page(row.pk)

        return self.act(
            request,
            form=form,
            do=take,
            title=gettext("Import a list"),
            button=gettext("Upload and check"),
            words=gettext(
                "It is checked first: you see what would become of its rows before anything is imported."
            ),
        )

    def ask(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Step three: let it be imported."""
        return self._do(request, pk, ask_import, gettext("The import has begun."))

    def discard(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Or not."""
        return self._do(request, pk, discard_upload, gettext("Discarded."))

    def rejects(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The refused rows as a file to mend. Who took it stays in the history of the list."""
        if not request.user.has_perm(MAY_DOWNLOAD):
            raise PermissionDenied
        upload = get_object_or_404(ImportUpload, pk=pk)
        rows = refused_rows(upload)
        if rows is None:
            raise Http404
        self.log_change(request, upload, gettext("Refused rows downloaded."))
        answer = HttpResponse(rows, content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="rejects-{upload.pk}.csv"'
        answer["Cache-Control"] = "no-store"
        return answer

    @display(description=_("kind"), ordering="kind")
    def kind_told(self, row: ImportUpload) -> str:
        """What it lists."""
        return str(KINDS.get(row.kind, row.kind))

    @display(description=_("state"), label=_STATE_COLOURS)
    def state_label(self, row: ImportUpload) -> tuple[str, str]:
        """In its colour."""
        return row.state, row.get_state_display()

    @display(description=_("state"))
    def state_told(self, row: ImportUpload) -> str:
        """In words."""
        return row.get_state_display()

    def _do(
        self, request: HttpRequest, pk: UUID, service: Callable[..., ImportUpload], words: str
    ) -> HttpResponse:
        if not request.user.has_perm(MAY_UPLOAD):
            raise PermissionDenied
        get_object_or_404(ImportUpload, pk=pk)
        try:
            service(upload_id=pk, by=actor_of(request.user), at=clock.now())
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            _wake_a_worker()
            self.message_user(request, words, messages.SUCCESS)
        return HttpResponseRedirect(_page(pk))


def _wake_a_worker() -> None:
    """Now rather than at the next minute. Without the broker it waits for that: the row is the message."""
    try:
        work_on_uploads.delay()
    except BrokerAway:
        work_on_uploads.app.log.get_default_logger().warning("the broker is away: uploads wait for beat")


def _page(pk: UUID) -> str:
    return reverse("admin:common_importupload_change", args=[pk])


def _told(report: Mapping[str, Any], title: str, row: ImportUpload) -> list[Panel]:
    counts = {"read": report["read"], **report["counts"]}
    refused = sum(report["rejected"].values())
    lines = [(_ENDINGS.get(word, word), count) for word, count in sorted(counts.items(), key=_in_order)]
    right = frozenset({1})
    note: object = ""
    asked = counts.get("match_candidate", 0)
    if row.state == UploadState.DONE and asked:
        words = ngettext("%(count)s pair waits for a decision", "%(count)s pairs wait for a decision", asked)
        note = list_link(MatchCandidate, words % {"count": asked}, unit__code__exact=row.unit_code)
    panels = [Panel(title, [_("what"), _("rows")], [*lines, (_("Refused"), refused)], right=right, note=note)]
    if refused:
        examples = {line["reason"]: line["message"] for line in reversed(report["samples"])}
        by_reason = [
            (reason, examples.get(reason, "—"), count) for reason, count in sorted(report["rejected"].items())
        ]
        first = [(line["row"], line["reason"], line["message"]) for line in report["samples"]]
        panels += [
            Panel(
                gettext("Refused, by reason"),
                [_("reason"), _("for example"), _("rows")],
                by_reason,
                right=frozenset({2}),
            ),
            Panel(
                gettext("The first refused rows"),
                [_("row"), _("reason"), _("what to mend")],
                first,
                note=gettext("Download the refused rows, mend them, and upload that very file."),
            ),
        ]
    return panels


def _in_order(item: tuple[str, int]) -> int:
    names = list(_ENDINGS)
    return names.index(item[0]) if item[0] in names else len(names)
