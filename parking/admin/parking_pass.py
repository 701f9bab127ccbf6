"""Parking passes: issued to residents and office occupants, ended sooner where asked."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
)

from common import clock
from common.admin import ReadOnlyAdmin, WholeTermSearch, actor_of, page_link
from members.models import Member
from members.rules.masking import masked_plate
from members.selectors.aliases import ids_by_number
from parking.models import CarPark, ParkingPass
from parking.services.passes import end_pass, issue_pass
from points.admin.acts import ActsAdmin, sent


class IssueForm(forms.Form):
    """Whose plate, where, from when to when."""

    car_park = forms.ModelChoiceField(
        label=_("Car park"),
        queryset=CarPark.objects.filter(is_active=True).order_by("code"),
        widget=UnfoldAdminSelectWidget,
    )
    member = forms.CharField(
        label=_("Member"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Member number, whole."),
    )
    plate = forms.CharField(
        label=_("Licence plate"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Bound to the member."),
    )
    starts_on = forms.DateField(label=_("First day"), widget=UnfoldAdminSingleDateWidget)
    ends_on = forms.DateField(label=_("First day without it"), widget=UnfoldAdminSingleDateWidget)
    source_ref = forms.CharField(
        label=_("Source reference"),
        max_length=128,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("The receipt of its payment, once in the car park."),
    )

    def clean_member(self) -> Member:
        """By number."""
        member = Member.objects.filter(number=self.cleaned_data["member"].strip()).first()
        if member is None:
            raise forms.ValidationError(_("There is no member with this number."))
        return member


class EndForm(forms.Form):
    """When it ends."""

    ends_on = forms.DateField(label=_("First day without it"), widget=UnfoldAdminSingleDateWidget)


@admin.register(ParkingPass)
class ParkingPassAdmin(ActsAdmin, WholeTermSearch, ReadOnlyAdmin):
    """Who parks without a fee, until when."""

    list_display = ("source_ref", "car_park", "member_link", "masked", "starts_on", "ends_on", "issued_by")
    list_select_related = ("car_park", "member", "vehicle")
    list_filter = ("car_park",)
    search_fields = ("source_ref",)
    search_help_text = _("Source reference or member number, whole.")
    ordering = ("-issued_at", "-id")
    fields = (
        ("car_park", "member_link"), ("masked", "residency_told"), ("starts_on", "ends_on"),
        ("source_ref", "issued_by"), ("issued_at", "ended_by"),
    )  # fmt: skip
    actions_list = ("issue",)
    actions_detail = ("end",)

    def found(self, queryset: Any, term: str) -> Any:
        """By the member, whichever of their numbers is typed, or by the reference."""
        members = ids_by_number(term)
        return queryset.filter(member_id__in=members) if members else queryset.filter(source_ref=term)

    def has_issue_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Whoever may add passes."""
        return request.user.has_perm("parking.add_parkingpass")

    def has_end_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Whoever may change passes."""
        return request.user.has_perm("parking.change_parkingpass")

    @display(description=_("member"))
    def member_link(self, row: ParkingPass) -> object:
        """Leads to the member."""
        return page_link(Member, row.member_id, row.member.number)

    @display(description=_("plate"))
    def masked(self, row: ParkingPass) -> str:
        """Plates name people."""
        return masked_plate(row.vehicle.value)

    @display(description=_("residency"))
    def residency_told(self, row: ParkingPass) -> str:
        """The role, and that the pass ends with it."""
        end = row.residency.ends_on
        role = row.residency.get_role_display()
        return str(role) if end is None else f"{role} → {end:%Y-%m-%d}"

    @action(description=_("Issue a pass"), url_path="issue", permissions=["issue"], icon="add")
    def issue(self, request: HttpRequest) -> HttpResponse:
        """For who lives or works there."""

        def do(said: Any) -> tuple[Any, str]:
            made = issue_pass(**said, by=actor_of(request.user), at=clock.now())
            return _("Issued."), reverse("admin:parking_parkingpass_change", args=[made.pk])

        return self.act(
            request, form=IssueForm(sent(request)), do=do, title=_("Issue a pass"), button=_("Issue")
        )

    @action(description=_("End"), url_path="end", permissions=["end"], icon="event_busy")
    def end(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Sooner than it was issued for."""
        row = ParkingPass.objects.get(pk=object_id)

        def do(said: Any) -> tuple[Any, str]:
            end_pass(parking_pass=row, ends_on=said["ends_on"], by=actor_of(request.user))
            return _("Ended."), reverse("admin:parking_parkingpass_change", args=[row.pk])

        return self.act(
            request,
            form=EndForm(sent(request)),
            do=do,
            title=_("End the pass"),
            button=_("End"),
            is_danger=True,
        )
