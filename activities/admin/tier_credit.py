"""Tier credits to look at, and levels given by hand."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as text
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from activities.models import Activity, TierCredit, TierGrant
from activities.selectors.tier_words import credits_in_words
from activities.services.tier_hands import GIVE_TIER, end_given_tier, give_tier
from common import clock
from common.admin import Panel, PanelPage, ReadOnlyAdmin, WholeTermSearch, page_link
from members.models import Member, Residency
from points.admin.acts import ActsAdmin, RejectionForm, operator_of, sent
from points.services.approvals import TEXT_MAX


@admin.register(TierCredit)
class TierCreditAdmin(WholeTermSearch, ReadOnlyAdmin):
    """What counted, on which day, by what."""

    list_display = ("counts_on", "member_link", "amount", "unit", "source", "known_from", "rule_told")
    list_select_related = ("member", "unit", "activity", "rule__scheme", "residency__venue", "role__scheme")
    list_filter = ("unit",)
    search_fields = ("member__number",)
    search_help_text = _("Member number, whole.")
    ordering = ("-id",)
    fields = (
        ("member_link", "unit"),
        ("amount", "source"),
        ("counts_on", "known_from"),
        "rule_told",
        "recorded_at",
    )

    def found(self, queryset: Any, term: str) -> Any:
        """By member number."""
        return queryset.filter(member__in=Member.objects.filter(number=term))

    @display(description=_("member"))
    def member_link(self, credit: TierCredit) -> object:
        """Leads to the member."""
        return page_link(Member, credit.member_id, credit.member.number)

    @display(description=_("tier credits"), ordering="milli")
    def amount(self, credit: TierCredit) -> str:
        """With its sign where it was taken back."""
        return credits_in_words(credit.milli)

    @display(description=_("by"))
    def source(self, credit: TierCredit) -> object:
        """The activity, or the role whose month it was."""
        if credit.activity is not None:
            return page_link(Activity, credit.activity.pk, credit.activity.source_ref)
        assert credit.residency is not None, "it has one of the two"
        return page_link(Residency, credit.residency.pk, credit.residency.get_role_display())

    @display(description=_("credit rule"))
    def rule_told(self, credit: TierCredit) -> str:
        """Rule 7 of scheme v3."""
        scheme = credit.rule.scheme if credit.rule else credit.role.scheme if credit.role else "—"
        number = credit.rule_id or credit.role_id
        return text("rule %(number)s of scheme %(scheme)s") % {"number": number, "scheme": scheme}


class GrantForm(forms.ModelForm[TierGrant]):
    """Whom, what, until when and why."""

    number = forms.CharField(
        label=_("Member"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Member number, whole."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=TEXT_MAX,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("So that the next person understands. No names, phones or card numbers."),
    )

    class Meta:
        model = TierGrant
        fields = ("tier", "ends_on", "reason")

    def clean_number(self) -> Member:
        """By number."""
        member = Member.objects.filter(number=self.cleaned_data["number"].strip()).first()
        if member is None:
            raise forms.ValidationError(text("There is no member with this number."))
        return member


@admin.register(TierGrant)
class TierGrantAdmin(WholeTermSearch, ActsAdmin, PanelPage):
    """A level given by hand holds a member up from its day until its end; it is ended, never deleted."""

    list_display = ("given_at", "member_link", "tier", "starts_on", "ends_on", "given_by", "ended_by")
    list_select_related = ("member", "tier")
    list_filter = ("tier",)
    search_fields = ("member__number",)
    search_help_text = _("Member number, whole.")
    ordering = ("-id",)
    actions_detail = ("end",)
    add_fieldsets = ((None, {"fields": ("number", ("tier", "ends_on"), "reason")}),)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("member_link", "tier"),
                    ("starts_on", "ends_on"),
                    "reason",
                    ("given_by", "given_at"),
                    ("ended_by", "ended_at"),
                    "end_reason",
                )
            },
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """To give, or to look at."""
        return self.add_fieldsets if obj is None else super().get_fieldsets(request, obj)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 -- Django's signature
        """The form is for giving."""
        kwargs["form"] = GrantForm if obj is None else forms.ModelForm
        return super().get_form(request, obj, change, **kwargs)

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        """Whoever may give tiers."""
        return request.user.has_perm(GIVE_TIER)

    def has_end_permission(self, request: HttpRequest, object_id: str) -> bool:
        """The same, while it holds."""
        grant = self.get_object(request, object_id)
        return grant is not None and grant.ended_at is None and request.user.has_perm(GIVE_TIER)

    def save_model(self, request: HttpRequest, obj: TierGrant, form: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        """Give what the form says."""
        assert not change, "what was given is ended, not edited"
        said = form.cleaned_data
        made = give_tier(
            member=said["number"],
            tier=said["tier"],
            ends_on=said["ends_on"],
            reason=said["reason"],
            by=operator_of(request),
            at=clock.now(),
        )
        obj.pk, obj.member = made.pk, made.member

    def found(self, queryset: Any, term: str) -> Any:
        """By member number."""
        return queryset.filter(member__number=term)

    def panels(self, row: TierGrant, at: datetime) -> list[Panel]:  # noqa: ARG002 -- the shape of every page
        """The row says it all."""
        return []

    @action(description=_("End"), url_path="end", permissions=["end"], icon="event_busy")
    def end(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The member holds what is theirs otherwise, from now on."""
        grant = self.get_object(request, object_id)
        assert grant is not None, "the permission was asked of this row"
        form = RejectionForm(sent(request))
        form.fields["note"].label = text("Reason")

        def do(said: Any) -> tuple[Any, str]:
            end_given_tier(grant=grant, reason=said["note"], by=operator_of(request), at=clock.now())
            return _("Ended."), reverse("admin:activities_tiergrant_change", args=[grant.pk])

        return self.act(
            request,
            form=form,
            do=do,
            title=_("End %(tier)s") % {"tier": grant.tier},
            button=_("End"),
            is_danger=True,
        )

    @display(description=_("member"))
    def member_link(self, grant: TierGrant) -> object:
        """Leads to the member."""
        return page_link(Member, grant.member_id, grant.member.number)
