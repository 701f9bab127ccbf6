"""What an operator may do to a membership: freeze, close, reopen, record a guardian, award a plate."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from common import clock
from common.admin import BaseAdmin, actor_of
from common.errors import DomainError
from members.models import Member, MemberStatus
from members.services.guardians import record_guardian
from members.services.identities import award_plate
from members.services.lifecycle import (
    REASON_CHARACTERS_MAX,
    close_member,
    freeze_member,
    reopen_member,
    unfreeze_member,
)

MAY = "members.change_member"


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=REASON_CHARACTERS_MAX,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("So that the next person understands. No names, phones or card numbers."),
    )


class PlateForm(ReasonForm):
    """Whose vehicle licence was shown."""

    plate = forms.CharField(label=_("Licence plate"), max_length=16, widget=UnfoldAdminTextInputWidget)
    field_order = ("plate", "reason")


class GuardianForm(forms.Form):
    """Who answers for the child, and what was seen."""

    guardian = forms.CharField(
        label=_("Guardian"),
        max_length=16,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Member number, whole."),
    )
    evidence = forms.CharField(
        label=_("Evidence"),
        max_length=REASON_CHARACTERS_MAX,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("What was seen, such as the household register. No numbers of documents."),
    )

    def clean_guardian(self) -> Member:
        """By number."""
        number = self.cleaned_data["guardian"].strip()
        member = Member.objects.select_related("merged_into").filter(number=number).first()
        if member is None:
            raise forms.ValidationError(_("There is no member with this number."))
        return member.merged_into or member


class LifecycleActs(BaseAdmin):
    """Buttons on a member's page. Each shows where it changes something, to who may change members."""

    actions_detail: tuple[str, ...] = ("freeze", "unfreeze", "close", "reopen", "guard", "award")

    def has_freeze_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Of an active member."""
        return self._may(request, object_id, MemberStatus.ACTIVE)

    def has_unfreeze_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Of a frozen one."""
        return self._may(request, object_id, MemberStatus.FROZEN)

    def has_close_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Of one who has not left."""
        return self._may(request, object_id, MemberStatus.ACTIVE, MemberStatus.FROZEN)

    def has_reopen_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Of one who has."""
        return self._may(request, object_id, MemberStatus.CLOSED)

    @action(description=_("Freeze"), url_path="freeze", permissions=["freeze"], icon="ac_unit")
    def freeze(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """No earning, no spending."""
        return self._with_reason(request, object_id, freeze_member, _("Freeze"), is_danger=True)

    @action(description=_("Unfreeze"), url_path="unfreeze", permissions=["unfreeze"], icon="lock_open")
    def unfreeze(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Earning and spending again."""
        return self._with_reason(request, object_id, unfreeze_member, _("Unfreeze"))

    @action(description=_("Close"), url_path="close", permissions=["close"], icon="door_front")
    def close(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The membership ends."""
        return self._with_reason(request, object_id, close_member, _("Close"), is_danger=True)

    @action(description=_("Reopen"), url_path="reopen", permissions=["reopen"], icon="door_open")
    def reopen(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Taken up again."""
        return self._with_reason(request, object_id, reopen_member, _("Reopen"))

    @action(
        description=_("Record guardian"), url_path="guard", permissions=["close"], icon="escalator_warning"
    )
    def guard(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Who answers for a child."""

        def do(member: Member, said: dict[str, Any]) -> None:
            record_guardian(child=member, **said, by=actor_of(request.user), at=clock.now())

        return self._act(request, object_id, GuardianForm(_sent(request)), do, _("Record guardian"))

    @action(description=_("Award plate"), url_path="plate", permissions=["freeze"], icon="directions_car")
    def award(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To who showed the vehicle licence."""

        def do(member: Member, said: dict[str, Any]) -> None:
            award_plate(member=member, **said, by=actor_of(request.user), at=clock.now())

        return self._act(request, object_id, PlateForm(_sent(request)), do, _("Award plate"))

    def _with_reason(
        self,
        request: HttpRequest,
        object_id: str,
        service: Callable[..., object],
        button: Any,
        *,
        is_danger: bool = False,
    ) -> HttpResponse:
        def do(member: Member, said: dict[str, Any]) -> None:
            service(member_id=member.pk, **said, by=actor_of(request.user), at=clock.now())

        return self._act(request, object_id, ReasonForm(_sent(request)), do, button, is_danger=is_danger)

    def _act(
        self,
        request: HttpRequest,
        object_id: str,
        form: forms.Form,
        do: Callable[[Member, dict[str, Any]], None],
        button: Any,
        *,
        is_danger: bool = False,
    ) -> HttpResponse:
        """Show the form; when it is sent, `do`. A refusal is told above the form, which keeps its words."""
        member = self.get_object(request, object_id)
        assert isinstance(member, Member), "the permission was asked of this row"
        if request.method == "POST" and form.is_valid():
            try:
                do(member, form.cleaned_data)
            except DomainError as refusal:
                form.add_error(None, str(refusal))
            else:
                self.message_user(request, _("Done."), messages.SUCCESS)
                return HttpResponseRedirect(reverse("admin:members_member_change", args=[member.pk]))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"{button}: {member.number}",
            "form": form,
            "button": button,
            "is_danger": is_danger,
        }
        return TemplateResponse(request, "admin/points/act.html", context)

    def _may(self, request: HttpRequest, object_id: str, *statuses: MemberStatus) -> bool:
        member = self.get_object(request, object_id)
        # A number that was merged away has nothing of its own to act on: the survivor's page has.
        if member is None or member.merged_into_id is not None:
            return False
        return member.status in statuses and request.user.has_perm(MAY)


def _sent(request: HttpRequest) -> Any:
    """The data of a POST, empty or not; None where the page is only looked at."""
    return request.POST if request.method == "POST" else None
