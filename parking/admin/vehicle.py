"""Plates: which are bound, and giving one to whoever showed its vehicle licence."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from common import clock
from common.admin import ReadOnlyAdmin, WholeTermSearch, actor_of, page_link
from members.models import Member
from members.rules.masking import masked_plate
from members.rules.normalise import BadPlate
from members.rules.plate import normal_plate
from members.selectors.aliases import ids_by_number
from parking.models import Vehicle
from parking.selectors.plates import plate_index_of
from parking.services.vehicles import award_vehicle
from points.admin.acts import ActsAdmin, sent


class AwardForm(forms.Form):
    """Whose plate it is, by the licence that was shown."""

    member = forms.CharField(
        label=_("Member"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Member number, whole."),
    )
    plate = forms.CharField(label=_("Licence plate"), max_length=40, widget=UnfoldAdminTextInputWidget)
    reason = forms.CharField(
        label=_("What was shown"),
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("So that the next person understands. No names, phones or card numbers."),
    )

    def clean_member(self) -> Member:
        """By number."""
        member = Member.objects.filter(number=self.cleaned_data["member"].strip()).first()
        if member is None:
            raise forms.ValidationError(_("There is no member with this number."))
        return member


@admin.register(Vehicle)
class VehicleAdmin(ActsAdmin, WholeTermSearch, ReadOnlyAdmin):
    """Cars whose drivers chose something for them."""

    list_display = ("masked", "member_link", "auto_pay", "proven_at", "is_active")
    list_select_related = ("identity__member",)
    list_filter = ("auto_pay",)
    search_fields = ("identity__value",)
    search_help_text = _("Licence plate or member number, whole.")
    ordering = ("-identity__proven_at", "-pk")
    fields = ("masked", "member_link", "auto_pay", "proven_at", "is_active")
    actions_list = ("award",)

    def found(self, queryset: Any, term: str) -> Any:
        """By whole plate or member number."""
        members = ids_by_number(term)
        if members:
            return queryset.filter(identity__member_id__in=members)
        try:
            return queryset.filter(identity__blind_index=plate_index_of(normal_plate(term)))
        except BadPlate:
            return queryset.none()

    def has_award_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Whoever may change vehicles."""
        return request.user.has_perm("parking.change_vehicle")

    @display(description=_("plate"))
    def masked(self, row: Vehicle) -> str:
        """Plates name people."""
        return masked_plate(row.identity.value)

    @display(description=_("member"))
    def member_link(self, row: Vehicle) -> object:
        """Leads to the member."""
        return page_link(Member, row.identity.member_id, row.identity.member.number)

    @display(description=_("bound"), ordering="identity__proven_at")
    def proven_at(self, row: Vehicle) -> object:
        """Since when."""
        return row.identity.proven_at

    @display(description=_("active"), boolean=True)
    def is_active(self, row: Vehicle) -> bool:
        """Whether the plate is still bound."""
        return row.identity.is_active

    @action(description=_("Give a plate to a member"), url_path="award", permissions=["award"], icon="badge")
    def award(self, request: HttpRequest) -> HttpResponse:
        """Who had it loses it, with a trace."""

        def do(said: Any) -> tuple[Any, str]:
            award_vehicle(**said, by=actor_of(request.user), at=clock.now())
            return _("The plate is theirs now."), reverse("admin:parking_vehicle_changelist")

        return self.act(
            request,
            form=AwardForm(sent(request)),
            do=do,
            title=_("Give a plate to a member"),
            button=_("Give"),
            words=_("Only to whoever shows the vehicle licence. Another member who claimed it loses it."),
        )
