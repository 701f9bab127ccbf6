"""Screens of what is in force from when to when: two instants, the state, what may still change."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from psycopg2.extras import DateTimeTZRange
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSplitDateTimeVerticalWidget, UnfoldBooleanSwitchWidget

from common import clock
from common.admin import BaseAdmin
from points.admin.moments import moment


def state_of(during: Any, at: datetime) -> str:
    """`future`, `in_force` or `ended`."""
    if during.lower is not None and during.lower > at:
        return "future"
    return "ended" if during.upper is not None and during.upper <= at else "in_force"


def told(during: Any) -> str:
    """A period in words: from … until …."""
    if during.upper is None:
        return gettext("from %(start)s on") % {"start": _instant(during.lower)}
    return gettext("%(start)s to %(end)s") % {"start": _instant(during.lower), "end": _instant(during.upper)}


class PeriodForm(forms.ModelForm[Any]):
    """Two instants instead of a range. What has begun can only be ended; what overlaps is named."""

    start_may_be_past = False
    starts_at = forms.SplitDateTimeField(
        label=_("In force from"),
        required=False,
        widget=UnfoldAdminSplitDateTimeVerticalWidget,
        help_text=_("Empty: from now on."),
    )
    ends_at = forms.SplitDateTimeField(
        label=_("Until"),
        required=False,
        widget=UnfoldAdminSplitDateTimeVerticalWidget,
        help_text=_("The first instant at which it no longer holds. Empty: until further notice."),
    )
    is_successor = forms.BooleanField(
        label=_("Takes the place of the one in force"),
        required=False,
        initial=True,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("The one in force at the start ends there, so that there is no gap and no overlap."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.at = clock.now()
        if self.instance.pk is None:
            return
        during = self.instance.during
        self.initial.update(starts_at=during.lower, ends_at=during.upper, is_successor=False)
        self.has_begun = state_of(during, self.at) != "future"
        self.fields["is_successor"].disabled = True
        for name in self.fields:
            if self.has_begun and name != "ends_at":
                self.fields[name].disabled = True

    def rivals(self, said: dict[str, Any]) -> QuerySet[Any]:
        """The rows that may not be in force at the same time."""
        raise NotImplementedError("each form knows what its rows exclude")

    def clean(self) -> dict[str, Any]:
        """Refuse, beside the field, what the service and the database would refuse."""
        said = super().clean() or {}
        if self.errors:
            return said
        start = said["starts_at"] = said.get("starts_at") or self.at
        end = said.get("ends_at")
        is_new_start = self.instance.pk is None or not self.has_begun
        if is_new_start and start < self.at and not self.start_may_be_past:
            self.add_error(
                "starts_at", _("It cannot start in the past: others have relied on what held then.")
            )
        elif end is not None and end <= start:
            self.add_error("ends_at", _("The end must come after the start."))
        elif not is_new_start and end is not None and end < self.at:
            self.add_error("ends_at", _("It cannot end in the past: others have relied on it."))
        else:
            self._refuse_overlap(said, start, end)
        return said

    def _refuse_overlap(self, said: dict[str, Any], start: datetime, end: datetime | None) -> None:
        rivals = (
            self.rivals(said).exclude(pk=self.instance.pk).filter(during__overlap=DateTimeTZRange(start, end))
        )
        if said.get("is_successor"):
            rivals = rivals.exclude(during__contains=start, during__startswith__lt=start)
        rival = rivals.order_by("during").first()
        if rival is not None:
            words = _("%(rival)s is in force in that time: %(period)s. End it first, or choose another time.")
            self.add_error(
                None, forms.ValidationError(words, params={"rival": rival, "period": told(rival.during)})
            )


class InForceFilter(SimpleListFilter):
    """In force, to come, over."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """The three states."""
        return [("in_force", _("In force")), ("future", _("To come")), ("ended", _("Over"))]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """By the clock of this request."""
        at = clock.now()
        conditions: dict[str, dict[str, Any]] = {
            "in_force": {"during__contains": at},
            "future": {"during__startswith__gt": at},
            "ended": {"during__endswith__lte": at},
        }
        return queryset.filter(**conditions.get(self.value() or "", {}))


class PeriodAdmin(BaseAdmin):
    """What has begun is ended, not rewritten or deleted; what is to come may be replanned or withdrawn."""

    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only for what has not begun."""
        allowed: bool = super().has_delete_permission(request, obj)
        return allowed and (obj is None or state_of(obj.during, clock.now()) == "future")

    @display(description=_("in force from"))
    def starts(self, row: Any) -> str:
        """In the operator's time zone."""
        return _instant(row.during.lower)

    @display(description=_("until"))
    def ends(self, row: Any) -> str:
        """In the operator's time zone."""
        return moment(row.during.upper) or gettext("until further notice")

    @display(description=_("state"), label={"in_force": "success", "future": "info", "ended": "default"})
    def state(self, row: Any) -> tuple[str, Any]:
        """In force, to come, over."""
        names = {"in_force": _("In force"), "future": _("To come"), "ended": _("Over")}
        state = state_of(row.during, clock.now())
        return state, names[state]


def _instant(instant: datetime | None) -> str:
    return moment(instant) or "…"
