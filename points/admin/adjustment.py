"""Adjustments by hand: ask for one, decide on those that wait, look at the rest."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import Case, Value, When
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from common import clock
from common.admin import Panel, WholeTermSearch, page_link
from common.clock import uuid7
from members.models import Member
from points.admin.acts import operator_of, sent
from points.admin.columns import LedgerColumns
from points.admin.decisions import DecidedByAnother, Decisions
from points.admin.journal import told_posting
from points.admin.moments import moment
from points.models import (
    AdjustmentCategory,
    AdjustmentRequest,
    AdjustmentState,
    Posting,
    Program,
)
from points.models.adjustment import POINTS_MAX
from points.selectors.adjustments import effect_of, limits_of, posted_alone_today
from points.services.adjusting import (
    Reason,
    approve_adjustment,
    reject_adjustment,
    request_adjustment,
    withdraw_adjustment,
)
from points.services.approvals import APPROVE_ADJUSTMENT, ASK_ADJUSTMENT, TEXT_MAX
from units.models import BusinessUnit

STATE_COLOURS = {
    AdjustmentState.ASKED: "warning",
    AdjustmentState.POSTED: "success",
    AdjustmentState.REJECTED: "danger",
    AdjustmentState.WITHDRAWN: "default",
}


class AdjustForm(forms.Form):
    """Whose points, how many, at whose expense, and why."""

    # Made with the page: a form that is sent twice is one request.
    request_id = forms.UUIDField(widget=forms.HiddenInput)
    member = forms.CharField(
        label=_("Member"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Member number, whole."),
    )
    program = forms.ModelChoiceField(
        label=_("Program"),
        queryset=Program.objects.filter(is_active=True).order_by("code"),
        widget=UnfoldAdminSelectWidget,
    )
    unit = forms.ModelChoiceField(
        label=_("Business unit"),
        queryset=BusinessUnit.objects.filter(is_active=True).order_by("code"),
        widget=UnfoldAdminSelectWidget,
        help_text=_("At whose expense the points are given, or whose books get them back."),
    )
    points = forms.IntegerField(
        label=_("Points"),
        min_value=-POINTS_MAX,
        max_value=POINTS_MAX,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("Negative to take them."),
    )
    category = forms.ChoiceField(
        label=_("Reason"), choices=AdjustmentCategory.choices, widget=UnfoldAdminSelectWidget
    )
    reason = forms.CharField(
        label=_("What happened"),
        max_length=TEXT_MAX,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("So that the next person understands. No names, phones or card numbers."),
    )

    def clean_member(self) -> Member:
        """By number."""
        member = Member.objects.filter(number=self.cleaned_data["member"].strip()).first()
        if member is None:
            raise forms.ValidationError(_("There is no member with this number."))
        return member


@admin.register(AdjustmentRequest)
class AdjustmentRequestAdmin(LedgerColumns, WholeTermSearch, DecidedByAnother):
    """What waits comes first; the rest is history."""

    list_display = (
        "asked_at",
        "member_link",
        "adjustment",
        "unit",
        "category",
        "state_label",
        "asked_by",
        "decided_by",
    )
    list_select_related = ("member", "program", "unit", "asked_by", "decided_by")
    list_filter = ("state", "category", "program", "unit", ("asked_at", RangeDateTimeFilter))
    search_fields = ("member__number",)
    search_help_text = _("Member number, whole.")
    ordering = (Case(When(state="asked", then=Value(0)), default=Value(1)), "-asked_at", "-id")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("member_link", "state"),
                    ("adjustment", "unit"),
                    ("category", "reason"),
                    ("asked_by", "asked_at"),
                    ("decided", "decided_at"),
                    ("note", "posting_link"),
                )
            },
        ),
    )
    actions_list = ("ask",)
    decisions = Decisions("request", approve_adjustment, reject_adjustment, withdraw_adjustment)
    decide_right = APPROVE_ADJUSTMENT
    waiting_state = AdjustmentState.ASKED
    asker_field = "asked_by_id"
    approved_words = _("Approved and posted.")

    def panels(self, row: AdjustmentRequest, at: datetime) -> list[Panel]:
        """What it would do, while it waits."""
        return [effect_panel(row, at)] if row.state == AdjustmentState.ASKED else []

    def found(self, queryset: Any, term: str) -> Any:
        """By member number."""
        return queryset.filter(member__number=term)

    def has_ask_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Whoever may adjust points."""
        return request.user.has_perm(ASK_ADJUSTMENT)

    @display(description=_("adjustment"), ordering="points")
    def adjustment(self, asked: AdjustmentRequest) -> str:
        """+500 MALL."""
        return str(asked)

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def state_label(self, asked: AdjustmentRequest) -> tuple[str, str]:
        """In its colour."""
        return asked.state, asked.get_state_display()

    @display(description=_("decided by"))
    def decided(self, asked: AdjustmentRequest) -> object:
        """The second person, or that none was needed."""
        if asked.state == AdjustmentState.POSTED and asked.decided_by_id is None:
            return gettext("nobody else: within the limit of who asked")
        return asked.decided_by or "—"

    @display(description=_("posting"))
    def posting_link(self, asked: AdjustmentRequest) -> object:
        """What came of it."""
        if asked.posting is None:
            return "—"
        return page_link(Posting, asked.posting_id, told_posting(asked.posting))

    @action(description=_("Adjust points"), url_path="ask", permissions=["ask"], icon="exposure")
    def ask(self, request: HttpRequest) -> HttpResponse:
        """Ask; within one's limits it is posted at once."""
        named = {name: request.GET.get(name, "") for name in ("member", "program", "unit")}
        form = AdjustForm(sent(request), initial={"request_id": uuid7(), **named})
        operator, at = operator_of(request), clock.now()

        def do(said: Any) -> tuple[Any, str]:
            asked = request_adjustment(
                member=said["member"],
                program=said["program"],
                unit=said["unit"],
                points=said["points"],
                reason=Reason(AdjustmentCategory(said["category"]), said["reason"]),
                by=operator,
                at=at,
                request_id=said["request_id"],
            )
            waits = asked.state == AdjustmentState.ASKED
            words = _("Asked: another person approves it.") if waits else _("Posted.")
            return words, _page_of(asked.pk)

        return self.act(
            request,
            form=form,
            do=do,
            title=_("Adjust points"),
            button=_("Adjust"),
            panels=[_limits_panel(request, at)],
        )

    def asked_panel(self, row: AdjustmentRequest) -> Panel:
        """Whose points, how many, and why."""
        return _asked_panel(row)


def adjust_address(**named: str | int) -> str:
    """The page that asks for an adjustment; `named` are its fields that are known already."""
    return f"{reverse('admin:points_adjustmentrequest_ask')}?{urlencode(named)}"


def effect_panel(asked: AdjustmentRequest, at: datetime) -> Panel:
    """The wallet before and after, and what it costs."""
    effect = effect_of(member_id=asked.member_id, program=asked.program, points=asked.points, at=at)
    note = gettext("At this moment. Points given cost what a point of the program costs.")
    if effect.short:
        note = ngettext(
            "%(short)s point cannot be taken: it is not spendable.",
            "%(short)s points cannot be taken: they are not spendable.",
            effect.short,
        ) % {"short": f"{effect.short:,}"}
    return Panel(
        title=_("If it were approved now"),
        headers=[_("program"), _("balance before"), _("points"), _("balance after"), _("cost")],
        rows=[
            (
                asked.program,
                f"{effect.before:,}",
                f"{asked.points:+,}",
                f"{effect.after:,}",
                f"{number_format(effect.cost, 2)} {effect.currency}",
            )
        ],
        note=note,
        right=frozenset({1, 2, 3, 4}),
    )


def _asked_panel(asked: AdjustmentRequest) -> Panel:
    return Panel(
        title=_("What was asked"),
        headers=[_("member"), _("business unit"), _("reason"), _("what happened"), _("asked by"), _("asked")],
        rows=[
            (
                page_link(Member, asked.member_id, asked.member.number),
                asked.unit,
                asked.get_category_display(),
                asked.reason,
                asked.asked_by,
                moment(asked.asked_at),
            )
        ],
    )


def _limits_panel(request: HttpRequest, at: datetime) -> Panel:
    operator = operator_of(request)
    limits, used = limits_of(operator), posted_alone_today(operator, at=at)
    return Panel(
        title=_("What you may do alone"),
        headers=[_("a request"), _("a day"), _("of it posted today")],
        rows=[(f"{limits.alone:,}", f"{limits.alone_day:,}", f"{used:,}")],
        note=_("Points without their sign. Above it, another person approves."),
        right=frozenset({0, 1, 2}),
    )


def _page_of(request_id: UUID) -> str:
    return reverse("admin:points_adjustmentrequest_change", args=[request_id])
