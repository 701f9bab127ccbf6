"""Grants: asked for by hand and decided by another; all that were given; what each role may give alone."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Case, Value, When
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeVerticalWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from benefits.admin.names import BenefitChoice, name_of, with_names
from benefits.models import Benefit, EntitlementGrant, GrantLimit, GrantRequest, GrantRequestState
from benefits.models.rule import AMOUNT_MAX
from benefits.selectors.grant_limits import grant_limits_of, granted_alone_today
from benefits.selectors.words import amount_in_words, quota_in_words
from benefits.services.granting_by_hand import (
    APPROVE_GRANT,
    ASK_GRANT,
    Wish,
    approve_grant,
    reject_grant,
    request_grant,
    take_back_grant_request,
)
from benefits.services.grants import withdraw_grant
from common import clock
from common.admin import BaseAdmin, Panel, PanelPage, WholeTermSearch, actor_of, page_link
from common.clock import uuid7
from members.models import Member
from points.admin.acts import ActsAdmin, RejectionForm, operator_of, sent
from points.admin.columns import LedgerColumns
from points.admin.decisions import DecidedByAnother, Decisions
from points.admin.moments import moment
from points.services.approvals import TEXT_MAX
from units.models import BusinessUnit

STATE_COLOURS = {
    GrantRequestState.ASKED: "warning",
    GrantRequestState.GRANTED: "success",
    GrantRequestState.REJECTED: "danger",
    GrantRequestState.WITHDRAWN: "default",
}


class GrantForm(forms.Form):
    """To whom, how much of which benefit, at whose expense, until when, and why."""

    # Made with the page: a form that is sent twice is one request.
    request_id = forms.UUIDField(widget=forms.HiddenInput)
    member = forms.CharField(
        label=_("Member"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Member number, whole."),
    )
    benefit = BenefitChoice(
        label=_("Benefit"),
        queryset=with_names(Benefit.objects.order_by("code")),
        widget=UnfoldAdminSelectWidget,
    )
    unit = forms.ModelChoiceField(
        label=_("Given by"),
        queryset=BusinessUnit.objects.filter(is_active=True).order_by("code"),
        widget=UnfoldAdminSelectWidget,
    )
    amount = forms.DecimalField(
        label=_("Amount"),
        max_value=AMOUNT_MAX,
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text=_("In all: times, minutes or money, as the benefit is counted."),
    )
    ends_at = forms.SplitDateTimeField(label=_("Until"), widget=UnfoldAdminSplitDateTimeVerticalWidget)
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


@admin.register(GrantRequest)
class GrantRequestAdmin(LedgerColumns, WholeTermSearch, DecidedByAnother):
    """What waits comes first; the rest is history."""

    list_display = (
        "asked_at", "member_link", "what", "worth", "unit", "state_label", "asked_by", "decided_by",
    )  # fmt: skip
    list_select_related = ("member", "benefit__kind", "unit", "asked_by", "decided_by")
    list_filter = ("state", "unit")
    search_fields = ("member__number",)
    search_help_text = _("Member number, whole.")
    ordering = (Case(When(state="asked", then=Value(0)), default=Value(1)), "-asked_at", "-id")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("member_link", "state"), ("what", "worth"), ("unit", "ends_at"), "reason",
                    ("asked_by", "asked_at"), ("decided_by", "decided_at"), ("note", "grant_link"),
                )
            },
        ),
    )  # fmt: skip
    actions_list = ("ask",)
    decisions = Decisions("request", approve_grant, reject_grant, take_back_grant_request)
    decide_right = APPROVE_GRANT
    waiting_state = GrantRequestState.ASKED
    asker_field = "asked_by_id"
    approved_words = _("Approved and granted.")

    def panels(self, row: GrantRequest, at: datetime) -> list[Panel]:  # noqa: ARG002 -- the shape of every page
        """Nothing more than what was asked."""
        return []

    def get_queryset(self, request: HttpRequest) -> Any:
        """With the names of the benefits."""
        return with_names(super().get_queryset(request), "benefit_id")

    def found(self, queryset: Any, term: str) -> Any:
        """By member number."""
        return queryset.filter(member__number=term)

    def has_ask_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Whoever may give by hand."""
        return request.user.has_perm(ASK_GRANT)

    @display(description=_("benefit"))
    def what(self, asked: Any) -> str:
        """3 times Lounge (LOUNGE)."""
        amount = amount_in_words(asked.amount, asked.benefit.kind.measure, asked.currency)
        return f"{amount} {name_of(asked, asked.benefit)}"

    @display(description=_("worth"), ordering="value")
    def worth(self, asked: GrantRequest) -> str:
        """90.00 CNY."""
        return f"{number_format(asked.value, 2)} {asked.currency}"

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def state_label(self, asked: GrantRequest) -> tuple[str, str]:
        """In its colour."""
        return asked.state, asked.get_state_display()

    @display(description=_("grant"))
    def grant_link(self, asked: GrantRequest) -> object:
        """What came of it."""
        return "—" if asked.grant_id is None else page_link(EntitlementGrant, asked.grant_id, str(asked))

    @action(description=_("Give by hand"), url_path="ask", permissions=["ask"], icon="volunteer_activism")
    def ask(self, request: HttpRequest) -> HttpResponse:
        """Ask; within one's limits it is given at once."""
        named = {name: request.GET.get(name, "") for name in ("member", "benefit", "unit")}
        form = GrantForm(sent(request), initial={"request_id": uuid7(), **named})
        operator, at = operator_of(request), clock.now()

        def do(said: Any) -> tuple[Any, str]:
            wish = Wish(
                **{name: said[name] for name in ("member", "benefit", "unit", "amount", "ends_at", "reason")}
            )
            asked = request_grant(wish=wish, by=operator, at=at, request_id=said["request_id"])
            waits = asked.state == GrantRequestState.ASKED
            words = _("Asked: another person approves it.") if waits else _("Granted.")
            return words, reverse("admin:benefits_grantrequest_change", args=[asked.pk])

        limits, used = grant_limits_of(operator), granted_alone_today(operator, at=at)
        panel = Panel(
            title=_("What you may do alone"),
            headers=[_("a request"), _("a day"), _("of it granted today")],
            rows=[
                (number_format(limits.alone, 2), number_format(limits.alone_day, 2), number_format(used, 2))
            ],
            note=_("By what it is worth. Above it, another person approves."),
            right=frozenset({0, 1, 2}),
        )
        return self.act(request, form=form, do=do, title=_("Give by hand"), button=_("Give"), panels=[panel])

    def asked_panel(self, row: GrantRequest) -> Panel:
        """To whom, what, and why."""
        return Panel(
            title=_("What was asked"),
            headers=[
                _("member"),
                _("benefit"),
                _("worth"),
                _("until"),
                _("what happened"),
                _("asked by"),
                _("asked"),
            ],
            rows=[
                (
                    page_link(Member, row.member_id, row.member.number),
                    self.what(row),
                    self.worth(row),
                    moment(row.ends_at),
                    row.reason,
                    row.asked_by,
                    moment(row.asked_at),
                )
            ],
        )


@admin.register(EntitlementGrant)
class EntitlementGrantAdmin(LedgerColumns, WholeTermSearch, ActsAdmin, PanelPage):
    """All that were given: bought, as a reward, by a campaign, by hand."""

    list_display = ("granted_at", "member_link", "benefit_name", "quota", "cause", "unit", "ends_at", "ended")
    list_select_related = ("member", "benefit__kind", "unit", "end")
    list_filter = ("cause", "unit", "period")
    search_fields = ("member__number",)
    search_help_text = _("Member number, whole.")
    ordering = ("-id",)
    fields = (
        ("member_link", "benefit_name"), ("quota", "sharing"), ("starts_at", "ends_at"), ("cause", "unit"),
        ("source_ref", "granted_by"), ("granted_at", "ended"),
    )  # fmt: skip
    actions_detail = ("withdraw",)

    def panels(self, row: EntitlementGrant, at: datetime) -> list[Panel]:  # noqa: ARG002 -- the shape of every page
        """What was used of it."""
        entries = row.entries.select_related("unit", "version__benefit__kind").order_by("-at", "-id")[:50]
        return [
            Panel(
                title=_("Usages"),
                headers=[_("happened"), _("kind"), _("amount"), _("honoured by"), _("source reference")],
                rows=[
                    (
                        moment(entry.at),
                        entry.get_kind_display(),
                        amount_in_words(entry.amount, entry.version.benefit.kind.measure, entry.currency),
                        entry.unit,
                        entry.source_ref,
                    )
                    for entry in entries
                ],
            )
        ]

    def found(self, queryset: Any, term: str) -> Any:
        """By member number."""
        return queryset.filter(member__number=term)

    def get_queryset(self, request: HttpRequest) -> Any:
        """With the names of the benefits."""
        return with_names(super().get_queryset(request), "benefit_id")

    @display(description=_("benefit"), ordering="benefit__code")
    def benefit_name(self, given: Any) -> str:
        """In the reader's language, with its code."""
        return name_of(given, given.benefit)

    def has_withdraw_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Whoever may approve grants, while it has not ended."""
        row = self.get_object(request, object_id)
        return row is not None and not hasattr(row, "end") and request.user.has_perm(APPROVE_GRANT)

    @display(description=_("quota"))
    def quota(self, grant: EntitlementGrant) -> str:
        """10 times in all."""
        return quota_in_words(grant, grant.benefit.kind.measure, "")

    @display(description=_("end"))
    def ended(self, grant: EntitlementGrant) -> str:
        """Expired or withdrawn, and with how much left."""
        end = getattr(grant, "end", None)
        if end is None:
            return "—"
        if end.left is None:
            return str(end.get_ending_display())
        left = amount_in_words(end.left, grant.benefit.kind.measure, "")
        words = gettext(", %(left)s left") % {"left": left}
        return f"{end.get_ending_display()}{words}"

    @action(description=_("Withdraw"), url_path="withdraw", permissions=["withdraw"], icon="undo")
    def withdraw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End it, and say why. What was used stays used."""
        grant, at = self.get_object(request, object_id), clock.now()
        assert grant is not None, "the permission was asked of this row"

        def do(said: Any) -> tuple[Any, str]:
            withdraw_grant(grant=grant, reason=said["note"], by=actor_of(request.user), at=at)
            return _("Withdrawn."), reverse("admin:benefits_entitlementgrant_change", args=[grant.pk])

        return self.act(
            request,
            form=RejectionForm(sent(request)),
            do=do,
            title=f"{_('Withdraw')}: {grant}",
            button=_("Withdraw"),
            is_danger=True,
        )


@admin.register(GrantLimit)
class GrantLimitAdmin(BaseAdmin):
    """What the operators of a group may give by hand, by its worth."""

    list_display = ("group", "alone_max", "alone_day_max", "approve_max")
    list_select_related = ("group",)
    ordering = ("group__name",)


def grant_address(**named: str | int) -> str:
    """The page that gives by hand; `named` are its fields that are known already."""
    return f"{reverse('admin:benefits_grantrequest_ask')}?{urlencode(named)}"
