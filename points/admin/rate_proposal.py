"""Proposals for the rate book: one operator proposes, another approves or rejects."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Case, Value, When
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin import Panel, page_link
from points.admin.acts import operator_of
from points.admin.decisions import DecidedByAnother, Decisions
from points.admin.moments import moment
from points.admin.periods import state_of, told
from points.admin.rate_form import RateForm, terms_in
from points.models import ExchangeRate, ProposalState, RateAct, RateProposal
from points.selectors.rates import loop_of_proposal, rates_of_pair
from points.services.approvals import APPROVE_RATE, PROPOSE_RATE
from points.services.rates import approve_rate, propose_rate, reject_rate, withdraw_proposal

STATE_COLOURS = {
    ProposalState.PROPOSED: "warning",
    ProposalState.APPROVED: "success",
    ProposalState.REJECTED: "danger",
    ProposalState.WITHDRAWN: "default",
}
_STATES = {"in_force": _("In force"), "future": _("To come"), "ended": _("Over")}


@admin.register(RateProposal)
class RateProposalAdmin(DecidedByAnother):
    """What waits for a second person, and what became of the rest."""

    list_display = (
        "terms",
        "act",
        "state_label",
        "starts",
        "ends",
        "proposed_by",
        "proposed_at",
        "decided_by",
    )
    list_filter = ("state", "act", "source", "target")
    list_select_related = ("source", "target", "proposed_by", "decided_by")
    ordering = (Case(When(state="proposed", then=Value(0)), default=Value(1)), "-id")
    decisions = Decisions("proposal", approve_rate, reject_rate, withdraw_proposal)
    decide_right = APPROVE_RATE
    waiting_state = ProposalState.PROPOSED
    asker_field = "proposed_by_id"
    approved_words = _("Approved: it is in the rate book.")
    add_fieldsets = (
        (
            None,
            {
                "fields": (("source", "target"), ("denominator", "numerator"), "cap_per_member_day"),
                "description": _(
                    "For example: 1 hotel point = 2 mall points. Points are whole: "
                    "what does not divide rounds down. Another person approves the rate before it can hold."
                ),
            },
        ),
        (_("in force"), {"fields": (("starts_at", "ends_at"), "is_successor")}),
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("act", "state"),
                    ("terms", "cap"),
                    ("source", "target"),
                    ("starts", "ends"),
                    "is_successor",
                    ("proposed_by", "proposed_at"),
                    ("decided_by", "decided_at"),
                    ("note", "rate_link"),
                )
            },
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """To propose, or to look at."""
        return self.add_fieldsets if obj is None else super().get_fieldsets(request, obj)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 -- Django's signature
        """The form is for proposing; what was proposed is only looked at."""
        kwargs["form"] = RateForm if obj is None else forms.ModelForm
        return super().get_form(request, obj, change, **kwargs)

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        """Whoever may propose rates."""
        return request.user.has_perm(PROPOSE_RATE)

    def save_model(self, request: HttpRequest, obj: RateProposal, form: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        """Propose what the form says."""
        assert not change, "what was proposed is not edited"
        said = form.cleaned_data
        made = propose_rate(
            source=said["source"],
            target=said["target"],
            terms=terms_in(form),
            is_successor=said["is_successor"],
            by=operator_of(request),
            at=form.at,
        )
        obj.pk = made.pk

    def panels(self, row: RateProposal, at: datetime) -> list[Panel]:
        """The pair's rate book beside it; while it waits, whether a circle would gain."""
        book = rates_of_pair(row)
        return [
            *([_check_panel(row, at)] if row.state == ProposalState.PROPOSED else []),
            Panel(
                title=_("The rate book of this pair"),
                headers=[_("exchange rate"), _("version"), _("state"), _("in force"), _("approved by")],
                rows=[
                    (
                        page_link(ExchangeRate, rate.pk, rate),
                        rate.version or "—",
                        _STATES[state_of(rate.during, at)],
                        told(rate.during),
                        rate.approved_by or "—",
                    )
                    for rate in book
                ],
            ),
        ]

    @display(description=_("exchange rate"))
    def terms(self, asked: RateProposal) -> str:
        """1 HOTEL = 2 MALL."""
        return str(asked)

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def state_label(self, asked: RateProposal) -> tuple[str, str]:
        """In its colour."""
        return asked.state, asked.get_state_display()

    @display(description=_("cap per member and day"))
    def cap(self, asked: RateProposal) -> str:
        """5,000 HOTEL."""
        return (
            "—" if asked.cap_per_member_day is None else f"{asked.cap_per_member_day:,} {asked.source.code}"
        )

    @display(description=_("in force from"), ordering="starts_at")
    def starts(self, asked: RateProposal) -> str:
        """In the operator's time zone."""
        return moment(asked.starts_at) or gettext("from the approval on")

    @display(description=_("until"), ordering="ends_at")
    def ends(self, asked: RateProposal) -> str:
        """In the operator's time zone."""
        return moment(asked.ends_at) or gettext("until further notice")

    @display(description=_("rate in the book"))
    def rate_link(self, asked: RateProposal) -> object:
        """What came of it."""
        return "—" if asked.rate is None else page_link(ExchangeRate, asked.rate_id, asked.rate)

    def asked_panel(self, row: RateProposal) -> Panel:
        """The terms."""
        return _terms_panel(row)


def _terms_panel(asked: RateProposal) -> Panel:
    return Panel(
        title=RateAct(asked.act).label,
        headers=[
            _("exchange rate"),
            _("in force from"),
            _("until"),
            _("cap per member and day"),
            _("proposed by"),
            _("proposed"),
        ],
        rows=[
            (
                str(asked),
                moment(asked.starts_at) or gettext("from the approval on"),
                moment(asked.ends_at) or gettext("until further notice"),
                f"{asked.cap_per_member_day:,}" if asked.cap_per_member_day else "—",
                asked.proposed_by,
                moment(asked.proposed_at),
            )
        ],
    )


def _check_panel(asked: RateProposal, at: datetime) -> Panel:
    loop = loop_of_proposal(asked, at=at)
    return Panel(
        title=_("If it were approved now"),
        headers=[_("check"), _("answer")],
        rows=[
            (
                gettext("Circle of exchanges that would give back more than it took"),
                gettext("none") if loop is None else " → ".join(loop),
            )
        ],
    )
