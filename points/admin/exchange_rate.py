"""The rate book to look at. Its acts: propose, replan before it begins, end, withdraw."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSplitDateTimeVerticalWidget

from common import clock
from common.admin import Panel, PanelPage, list_address, page_link
from points.admin.acts import ActsAdmin, operator_of, sent
from points.admin.moments import moment
from points.admin.periods import InForceFilter, PeriodAdmin, state_of
from points.admin.rate_form import ReplanForm, terms_in
from points.models import ExchangeRate, RateProposal
from points.services.approvals import PROPOSE_RATE
from points.services.rates import end_rate, propose_replan, withdraw_rate


class EndForm(forms.Form):
    """The instant at which a rate stops holding."""

    ends_at = forms.SplitDateTimeField(
        label=_("Until"),
        required=False,
        widget=UnfoldAdminSplitDateTimeVerticalWidget,
        help_text=_("The first instant at which it no longer holds. Empty: until further notice."),
    )


@admin.register(ExchangeRate)
class ExchangeRateAdmin(ActsAdmin, PeriodAdmin, PanelPage):
    """What one program's points are worth in another, from when to when, and which two people said so."""

    list_display = ("rate", "version", "cap", "state", "starts", "ends", "proposed_by", "approved_by")
    list_filter = (InForceFilter, "source", "target")
    list_select_related = ("source", "target", "proposed_by", "approved_by")
    ordering = ("source__code", "target__code", "-during")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("rate", "version"),
                    ("source", "target"),
                    ("starts", "ends"),
                    "cap",
                    ("proposed_by", "approved_by"),
                )
            },
        ),
    )
    actions_list = ("propose",)
    actions_detail = ("replan", "end", "withdraw")

    def panels(self, row: ExchangeRate, at: datetime) -> list[Panel]:  # noqa: ARG002 -- what was decided does not age
        """How it came into the book, and what else was asked of it."""
        asked = row.proposals.select_related("source", "target", "proposed_by", "decided_by").order_by("-id")
        return [
            Panel(
                title=_("Proposals"),
                headers=[
                    _("proposal"),
                    _("act"),
                    _("state"),
                    _("proposed by"),
                    _("decided by"),
                    _("decided"),
                ],
                rows=[
                    (
                        page_link(RateProposal, proposal.pk, proposal),
                        proposal.get_act_display(),
                        proposal.get_state_display(),
                        proposal.proposed_by,
                        proposal.decided_by or "—",
                        moment(proposal.decided_at) or "—",
                    )
                    for proposal in asked
                ],
            )
        ]

    def has_propose_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Whoever may propose rates."""
        return request.user.has_perm(PROPOSE_RATE)

    def has_plan_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Whoever may propose rates, for one that has not begun."""
        return self.has_propose_permission(request) and self._state(request, object_id) == "future"

    def has_end_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Whoever may propose rates, for one in force."""
        return self.has_propose_permission(request) and self._state(request, object_id) == "in_force"

    @display(description=_("exchange rate"))
    def rate(self, rate: ExchangeRate) -> str:
        """1 HOTEL = 2 MALL."""
        return str(rate)

    @display(description=_("cap per member and day"), ordering="cap_per_member_day", empty_value="—")
    def cap(self, rate: ExchangeRate) -> str | None:
        """5,000 HOTEL."""
        return None if rate.cap_per_member_day is None else f"{rate.cap_per_member_day:,} {rate.source.code}"

    @action(description=_("Propose a rate"), url_path="propose", permissions=["propose"], icon="add")
    def propose(self, _request: HttpRequest) -> HttpResponse:
        """A new rate begins as a proposal."""
        return HttpResponseRedirect(reverse("admin:points_rateproposal_add"))

    @action(description=_("Replan"), url_path="replan", permissions=["plan"], icon="edit_calendar")
    def replan(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for other terms of a rate to come."""
        rate = self._rate(request, object_id)
        form = ReplanForm(sent(request), rate=rate)

        def do(_said: Any) -> tuple[Any, str]:
            asked = propose_replan(rate=rate, terms=terms_in(form), by=operator_of(request), at=form.at)
            return _WAITS, _page_of(asked)

        return self.act(
            request,
            form=form,
            do=do,
            title=_("Replan %(rate)s") % {"rate": rate},
            button=_("Propose"),
            words=_("Another person approves it; until then the rate stays as it is."),
        )

    @action(description=_("End"), url_path="end", permissions=["end"], icon="event_busy")
    def end(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let a rate end sooner, at once; or ask that it may hold longer."""
        rate, at = self._rate(request, object_id), clock.now()
        form = EndForm(sent(request), initial={"ends_at": rate.during.upper})

        def do(said: Any) -> tuple[Any, str]:
            asked = end_rate(rate=rate, ends_at=said["ends_at"], by=operator_of(request), at=at)
            if asked is not None:
                return _WAITS, _page_of(asked)
            self.log_change(request, rate, [{"changed": {"fields": [gettext("until")]}}])
            return _("The rate ends then."), list_address(ExchangeRate)

        return self.act(
            request,
            form=form,
            do=do,
            title=_("End %(rate)s") % {"rate": rate},
            button=_("Save"),
            words=_("Sooner than now planned: holds at once. Later: another person approves it."),
        )

    @action(description=_("Withdraw"), url_path="withdraw", permissions=["plan"], icon="undo")
    def withdraw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take a rate to come out of the book."""
        rate, at = self._rate(request, object_id), clock.now()

        def do(_said: Any) -> tuple[Any, str]:
            withdraw_rate(rate=rate, by=operator_of(request), at=at)
            self.log_deletions(request, [rate])
            return _("%(rate)s is withdrawn.") % {"rate": rate}, list_address(ExchangeRate)

        return self.act(
            request,
            form=forms.Form(sent(request)),
            do=do,
            title=_("Withdraw %(rate)s") % {"rate": rate},
            button=_("Withdraw"),
            words=_("It has not begun: nobody has exchanged at it. What proposed it stays on record."),
            is_danger=True,
        )

    def _rate(self, request: HttpRequest, object_id: str) -> ExchangeRate:
        rate = self.get_object(request, object_id)
        assert isinstance(rate, ExchangeRate), "the permission was asked of this row"
        return rate

    def _state(self, request: HttpRequest, object_id: str) -> str:
        rate = self.get_object(request, object_id)
        return "gone" if rate is None else state_of(rate.during, clock.now())


_WAITS = _("Proposed. Another person approves it.")


def _page_of(proposal: RateProposal) -> str:
    return reverse("admin:points_rateproposal_change", args=[proposal.pk])
