"""Refunds that wait for their sale, to look at and to dismiss."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.utils.formats import number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display

from activities.admin.activity import REFUND
from activities.admin.activity_forms import ReasonForm
from activities.models import WaitingRefund, WaitingState
from activities.services.waiting import dismiss_waiting
from common import clock
from common.admin import ReadOnlyAdmin, WholeTermSearch, actor_of, list_address
from points.admin.acts import ActsAdmin, sent
from units.models import BusinessUnit

_COLOURS = {
    WaitingState.WAITING: "warning",
    WaitingState.SETTLED: "success",
    WaitingState.REFUSED: "danger",
    WaitingState.DISMISSED: "default",
}


@admin.register(WaitingRefund)
class WaitingRefundAdmin(ActsAdmin, WholeTermSearch, ReadOnlyAdmin):
    """What waits comes first; the rest is history."""

    list_display = ("arrived_at", "state_label", "unit", "source_ref", "refund_of", "money", "refusal")
    list_select_related = ("unit",)
    list_filter = ("state", "unit", ("arrived_at", RangeDateTimeFilter))
    search_fields = ("source_ref",)
    search_help_text = _("Reference of the refund or of its sale, whole.")
    ordering = (Case(When(state="waiting", then=Value(0)), default=Value(1)), "-id")
    actions_detail = ("dismiss",)
    fields = (
        ("state", "unit"),
        ("source_ref", "refund_of"),
        ("money", "outlet"),
        ("occurred_at", "arrived_at"),
        ("reported_by", "refusal"),
        ("decided_at", "decided_by"),
        "told",
    )

    def found(self, queryset: QuerySet[WaitingRefund], term: str) -> QuerySet[WaitingRefund]:
        """By whole reference."""
        units = list(BusinessUnit.objects.values_list("pk", flat=True))
        mine = queryset.filter(unit_id__in=units)
        return mine.filter(source_ref=term) | mine.filter(refund_of=term)

    @display(description=_("state"), ordering="state", label=_COLOURS)
    def state_label(self, row: WaitingRefund) -> tuple[str, str]:
        """In its colour."""
        return row.state, row.get_state_display()

    @display(description=_("amount"))
    def money(self, row: WaitingRefund) -> str:
        """Empty was: all of it."""
        if row.amount is None:
            return gettext("all of it")
        return f"{number_format(row.amount, 2, force_grouping=True)} {row.unit.currency}"

    def has_dismiss_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        """Whoever may refund, of what waits."""
        row = self.get_object(request, str(object_id)) if request.user.has_perm(REFUND) else None
        return row is not None and row.state == WaitingState.WAITING

    @action(description=_("Dismiss"), url_path="dismiss", permissions=["dismiss"], icon="close")
    def dismiss(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Its sale will not come."""
        row = self.get_object(request, object_id)
        assert row is not None, "the permission was asked of this row"

        def do(said: Mapping[str, Any]) -> tuple[Any, str]:
            dismiss_waiting(
                refund_id=row.pk, reason=said["reason"], by=actor_of(request.user), at=clock.now()
            )
            return _("Dismissed: it waits no longer."), list_address(WaitingRefund)

        return self.act(
            request,
            form=ReasonForm(sent(request)),
            do=do,
            title=f"{gettext('Dismiss')}: {row}",
            button=_("Dismiss"),
            is_danger=True,
        )
