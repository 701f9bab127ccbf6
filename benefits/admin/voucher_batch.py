"""Voucher batches: plan one, issue from it, give to a member, withdraw, ask for its codes."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSplitDateTimeVerticalWidget,
    UnfoldAdminTextInputWidget,
)

from benefits.admin.places import ReasonForm, reason_field
from benefits.models import Voucher, VoucherBatch, VoucherKind, VoucherState
from benefits.services.voucher_batches import (
    AT_ONCE_MAX,
    BatchTerms,
    issue_voucher_to,
    issue_vouchers,
    make_batch,
    void_batch,
)
from benefits.services.voucher_exports import ASK_EXPORT, ask_export
from common import clock
from common.admin import Panel, PanelPage, actor_of, list_link
from members.models import Member
from points.admin.acts import ActsAdmin, operator_of, sent

ISSUE = "benefits.can_issue_voucher"
_TERMS = tuple(BatchTerms.__dataclass_fields__)


class BatchForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """The terms of a new batch."""

    class Meta:
        model = VoucherBatch
        fields = ("issuer", "units", *_TERMS)
        # The two instants one above the other: side by side they would run over the edge of the page.
        widgets = {
            "units": UnfoldAdminCheckboxSelectMultipleWidget,
            "starts_at": UnfoldAdminSplitDateTimeVerticalWidget,
            "ends_at": UnfoldAdminSplitDateTimeVerticalWidget,
        }


class IssueForm(forms.Form):
    """How many."""

    pieces = forms.IntegerField(
        label=_("Vouchers"), min_value=1, max_value=AT_ONCE_MAX, widget=UnfoldAdminIntegerFieldWidget
    )


class GiveForm(forms.Form):
    """To whom, and why."""

    member = forms.CharField(
        label=_("Member"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Member number, whole."),
    )
    reason = reason_field()

    def clean_member(self) -> Member:
        """By number."""
        member = Member.objects.filter(number=self.cleaned_data["member"].strip()).first()
        if member is None:
            raise forms.ValidationError(_("There is no member with this number."))
        return member


@admin.register(VoucherBatch)
class VoucherBatchAdmin(ActsAdmin, PanelPage):
    """A batch is planned with its terms, which stand; what was planned wrong is closed."""

    list_display = (
        "code",
        "name_zh",
        "name_en",
        "kind_label",
        "gives",
        "issuer",
        "issued_of",
        "ends_at",
        "state",
    )
    list_display_links = ("code", "name_zh", "name_en")
    list_filter = ("kind", "issuer")
    list_select_related = ("issuer",)
    search_fields = ("code", "name_zh", "name_en")
    ordering = ("-created_at", "-id")
    actions_detail = ("issue", "give", "export", "void")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("code", "kind"),
                    ("name_zh", "name_en"),
                    ("terms_zh", "terms_en"),
                    ("issuer", "units"),
                )
            },
        ),
        (
            _("What it gives"),
            {"fields": (("amount", "percent", "minutes"), ("min_spend", "ceiling", "currency"))},
        ),
        (_("How many"), {"fields": (("issued_max", "member_max", "receipt_max"),)}),
        (
            _("When"),
            {"fields": (("starts_at", "ends_at"), ("valid_days", "restore_days"), "is_offline")},
        ),
    )

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 -- Django's signature
        """The form is for planning; what was planned is only looked at."""
        kwargs["form"] = BatchForm if obj is None else forms.ModelForm
        return super().get_form(request, obj, change, **kwargs)

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        """Whoever may add batches."""
        return bool(request.user.has_perm("benefits.add_voucherbatch"))

    def has_issue_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Whoever may issue, while the batch is open."""
        return request.user.has_perm(ISSUE) and self._is_open(request, object_id)

    def has_export_permission(self, request: HttpRequest, _object_id: str) -> bool:
        """Whoever may ask for codes."""
        return bool(request.user.has_perm(ASK_EXPORT))

    def save_model(self, request: HttpRequest, obj: VoucherBatch, form: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        """Plan what the form says."""
        assert not change, "what was planned is not edited"
        said = form.cleaned_data
        made = make_batch(
            issuer=said["issuer"],
            units=list(said["units"]),
            terms=BatchTerms(**{name: said[name] for name in _TERMS}),
            by=actor_of(operator_of(request)),
            at=clock.now(),
        )
        obj.pk = made.pk

    def save_related(self, *_args: Any) -> None:
        """The service wrote the units."""

    def panels(self, row: VoucherBatch, at: datetime) -> list[Panel]:  # noqa: ARG002 -- counted as they stand
        """How its vouchers stand."""
        counted = Voucher.objects.filter(batch=row).order_by().values_list("state").annotate(n=Count("pk"))
        counts = dict(counted)
        return [
            Panel(
                title=_("Vouchers"),
                headers=[*VoucherState.labels, _("issued"), _("vouchers at most")],
                rows=[
                    (
                        *(
                            list_link(
                                Voucher,
                                f"{counts.get(state, 0):,}",
                                batch__id__exact=row.pk,
                                state__exact=state,
                            )
                            for state in VoucherState.values
                        ),
                        f"{row.issued:,}",
                        f"{row.issued_max:,}",
                    )
                ],
                right=frozenset(range(7)),
            )
        ]

    @display(description=_("kind"), ordering="kind", label=True)
    def kind_label(self, batch: VoucherBatch) -> str:
        """In words."""
        return str(VoucherKind(batch.kind).label)

    @display(description=_("gives"))
    def gives(self, batch: VoucherBatch) -> str:
        """20 CNY from 100 CNY on."""
        what = {
            VoucherKind.CASH_OFF: f"−{batch.amount} {batch.currency}",
            VoucherKind.PERCENT_OFF: f"−{batch.percent}%",
            VoucherKind.ITEM: f"{batch.amount} {batch.currency}",
            VoucherKind.PARKING_HOURS: f"{batch.minutes} min",
        }[VoucherKind(batch.kind)]
        return f"{what} (≥ {batch.min_spend})" if batch.min_spend else what

    @display(description=_("issued"), ordering="issued")
    def issued_of(self, batch: VoucherBatch) -> str:
        """Of how many."""
        return f"{batch.issued:,} / {batch.issued_max:,}"

    @display(description=_("state"), label={"open": "success", "closed": "default"})
    def state(self, batch: VoucherBatch) -> tuple[str, Any]:
        """Open until it is closed."""
        return ("open", _("Open")) if batch.closed_at is None else ("closed", _("Closed"))

    @action(description=_("Issue vouchers"), url_path="issue", permissions=["issue"], icon="add_card")
    def issue(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To whoever will have their codes."""

        def do(batch: VoucherBatch, said: Any, by: str, at: datetime) -> Any:
            issue_vouchers(batch=batch, quantity=said["pieces"], by=by, at=at)
            return _("Issued.")

        return self._act(request, object_id, IssueForm(sent(request)), _("Issue"), do)

    @action(description=_("Give to a member"), url_path="give", permissions=["issue"], icon="card_giftcard")
    def give(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """One, with a reason."""

        def do(batch: VoucherBatch, said: Any, by: str, at: datetime) -> Any:
            issue_voucher_to(member=said["member"], batch=batch, reason=said["reason"], by=by, at=at)
            return _("Given: the member sees it now.")

        return self._act(request, object_id, GiveForm(sent(request)), _("Give"), do)

    @action(description=_("Ask for the codes"), url_path="export", permissions=["export"], icon="download")
    def export(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Another person has to agree."""

        def do(batch: VoucherBatch, said: Any, _by: str, at: datetime) -> Any:
            ask_export(batch=batch, reason=said["reason"], by=operator_of(request), at=at)
            return _("Asked: another person approves it, then you download it.")

        return self._act(request, object_id, ReasonForm(sent(request)), _("Ask"), do)

    @action(description=_("Withdraw the batch"), url_path="void", permissions=["issue"], icon="block")
    def void(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Close it, and withdraw what nobody used."""

        def do(batch: VoucherBatch, said: Any, by: str, at: datetime) -> Any:
            gone = void_batch(batch=batch, reason=said["reason"], by=by, at=at)
            return _("Withdrawn: %(count)s vouchers.") % {"count": f"{gone:,}"}

        return self._act(request, object_id, ReasonForm(sent(request)), _("Withdraw"), do, is_danger=True)

    def _act(
        self,
        request: HttpRequest,
        object_id: str,
        form: forms.Form,
        button: Any,
        service: Callable[[VoucherBatch, Any, str, datetime], Any],
        *,
        is_danger: bool = False,
    ) -> HttpResponse:
        batch, at = self.get_object(request, object_id), clock.now()
        assert isinstance(batch, VoucherBatch), "the page of a batch that is there"

        def do(said: Any) -> tuple[Any, str]:
            words = service(batch, said, actor_of(operator_of(request)), at)
            return words, reverse("admin:benefits_voucherbatch_change", args=[batch.pk])

        return self.act(
            request,
            form=form,
            do=do,
            title=f"{button}: {batch}",
            button=button,
            panels=self.panels(batch, at),
            is_danger=is_danger,
        )

    def _is_open(self, request: HttpRequest, object_id: str) -> bool:
        batch = self.get_object(request, object_id)
        return batch is not None and batch.closed_at is None
