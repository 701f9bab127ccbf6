"""Privacy at the desk: what a member agreed to, who looked, and the acts that leave a trace of their own."""

from datetime import datetime
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as text
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from common import clock
from common.admin import BaseAdmin, Panel, ReadOnlyAdmin, actor_of
from common.errors import DomainError
from members.admin.panels import member_panel
from members.models import ConsentAct, ConsentPurpose, ConsentText, DataAccess, Member
from members.selectors.consents import accesses_of, standings_of, texts_in_force
from members.services.consents import Choice, publish_text, say_consents
from members.services.looking import FIELDS, REASON_CHARACTERS_MAX, reveal_member
from units.models import BusinessUnit

MAY_REVEAL: Final = "members.reveal_member"
MAY_RECORD: Final = "members.add_consentevent"
DESK: Final = "desk"
SHOWN_MAX: Final = 20
FIELD_WORDS: Final = {
    "name": _("full name"),
    "birth_date": _("birth date"),
    "gender": _("gender"),
    "address": _("address"),
    "phone": _("phone"),
    "email": _("e-mail"),
    "plate": _("licence plate"),
}
# The grounds that rows of looks name (members/services/looking.py).
GROUND_WORDS: Final = {
    "consent": _("the member's consent"),
    "enrolment": _("their customer"),
    "reveal_member": _("a right of the operator's role"),
    "data_export": _("the member's own wish"),
}


class RevealForm(forms.Form):
    """What to show, and why."""

    what = forms.MultipleChoiceField(
        label=_("What to show"),
        choices=[(field, FIELD_WORDS[field]) for field in FIELDS],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=REASON_CHARACTERS_MAX,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=_("The member reads it in their access log."),
    )


class ConsentForm(forms.Form):
    """What the member said at the desk."""

    purpose = forms.ChoiceField(
        label=_("Purpose"), choices=ConsentPurpose.choices, widget=UnfoldAdminSelectWidget
    )
    unit = forms.ModelChoiceField(
        label=_("Receiving unit"),
        queryset=BusinessUnit.objects.filter(is_active=True).order_by("code"),
        widget=UnfoldAdminSelectWidget,
    )
    act = forms.ChoiceField(
        label=_("The member says"),
        choices=[(ConsentAct.WITHDRAWN, _("No")), (ConsentAct.GIVEN, _("Yes, and has read the text"))],
        widget=UnfoldAdminSelectWidget,
    )


class PrivacyActs(BaseAdmin):
    """Buttons on a member's page: see in full with a reason; record what the member says of consent."""

    actions_detail: tuple[str, ...] = ("reveal", "record_consent")

    def has_reveal_permission(self, request: HttpRequest, object_id: str) -> bool:  # noqa: ARG002 -- unfold's signature
        """Who may see personal data in full."""
        return request.user.has_perm(MAY_REVEAL)

    def has_record_consent_permission(self, request: HttpRequest, object_id: str) -> bool:  # noqa: ARG002 -- same
        """Who may write down what a member says."""
        return request.user.has_perm(MAY_RECORD)

    @action(description=_("See in full"), url_path="reveal", permissions=["reveal"], icon="visibility")
    def reveal(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Shown once, on this page only; the member sees that and why."""
        member = self.get_object(request, object_id)
        form = RevealForm(request.POST if request.method == "POST" else None)
        shown: list[Panel] = []
        if request.method == "POST" and form.is_valid():
            try:
                seen = reveal_member(
                    member_id=member.pk,
                    fields=form.cleaned_data["what"],
                    reason=form.cleaned_data["reason"],
                    by=actor_of(request.user),
                    at=clock.now(),
                )
            except DomainError as refusal:
                form.add_error(None, str(refusal))
            else:
                asked = form.cleaned_data["what"]
                shown = [
                    Panel(
                        title=text("Shown once: the member sees that you looked"),
                        headers=[FIELD_WORDS[field] for field in asked],
                        rows=[[seen.get(field, "—") for field in asked]],
                    )
                ]
        frame = self._frame(request, member, form, text("See in full"))
        response = TemplateResponse(request, "admin/points/act.html", {**frame, "panels": shown})
        response["Cache-Control"] = "no-store"
        return response

    @action(
        description=_("Record consent"),
        url_path="consent",
        permissions=["record_consent"],
        icon="privacy_tip",
    )
    def record_consent(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Yes or no, as the member says it at the desk."""
        member = self.get_object(request, object_id)
        form = ConsentForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                self._record(member, form.cleaned_data, actor_of(request.user), clock.now())
            except DomainError as refusal:
                form.add_error(None, str(refusal))
            else:
                self.message_user(request, _("Done."), messages.SUCCESS)
                return HttpResponseRedirect(reverse("admin:members_member_change", args=[member.pk]))
        frame = self._frame(request, member, form, text("Record consent"))
        texts = Panel(
            title=text("What the member is asked"),
            headers=[_("purpose"), _("version"), _("title"), _("text")],
            rows=[
                (ConsentPurpose(one.purpose).label, one.version, one.title, one.words)
                for one in texts_in_force()
            ],
        )
        return TemplateResponse(request, "admin/points/act.html", {**frame, "panels": [texts]})

    @staticmethod
    def _record(member: Member, said: dict[str, Any], by: str, at: datetime) -> None:
        is_given = said["act"] == ConsentAct.GIVEN
        versions = {one.purpose: one.version for one in texts_in_force()}
        choice = Choice(
            ConsentPurpose(said["purpose"]),
            said["unit"],
            is_given=is_given,
            version=versions.get(said["purpose"], "") if is_given else "",
        )
        say_consents(member_id=member.pk, choices=[choice], channel=DESK, by=by, at=at)

    def _frame(self, request: HttpRequest, member: Member, form: forms.Form, button: str) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "member": member,
            "title": f"{button}: {member.number}",
            "form": form,
            "button": button,
        }


@member_panel(place=60)
def consents_panel(member: Member, at: datetime) -> Panel:  # noqa: ARG001 -- the shape of every panel maker
    """What the member said, unit by unit; what nobody asked is left out."""
    return Panel(
        title=text("Consents"),
        headers=[_("purpose"), _("receiving unit"), _("said"), _("version"), _("since"), _("in force")],
        rows=[
            (
                ConsentPurpose(one.purpose).label,
                one.unit,
                text("Yes") if one.is_given else text("No"),
                one.version or "—",
                "—" if one.since is None else _minute(one.since),
                text("Yes") if one.holds else text("No"),
            )
            for one in standings_of(member_id=member.pk)
            if one.since is not None
        ],
        note=text("A unit that is not named here sees nothing of who is not its own customer."),
    )


@member_panel(place=61)
def accesses_panel(member: Member, at: datetime) -> Panel:  # noqa: ARG001 -- same
    """Who looked: what the member sees, too."""
    looks = accesses_of(member_id=member.pk).order_by("-at", "-id")[:SHOWN_MAX]
    return Panel(
        title=text("Who looked at personal data"),
        headers=[_("at"), _("kind"), _("business unit"), _("fields"), _("reason"), _("by")],
        rows=[
            (
                _minute(one.at),
                one.get_kind_display(),
                one.unit or "—",
                fields_told(one),
                one.reason or "—",
                one.by,
            )
            for one in looks
        ],
        note=text("The member sees the same in their access log."),
    )


class TextForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """A new version."""

    class Meta:
        model = ConsentText
        fields = ("purpose", "version", "title_zh", "title_en", "words_zh", "words_en", "asks_again")
        widgets = {"asks_again": UnfoldBooleanSwitchWidget}


@admin.register(ConsentText)
class ConsentTextAdmin(BaseAdmin):
    """Texts of consent: a new version is published, an old one stays as it was agreed to."""

    form = TextForm
    list_display = ("version", "purpose", "title_zh", "asks_again", "published_at", "published_by")
    list_filter = ("purpose",)
    ordering = ("-published_at", "-id")

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 -- Django's signature
        """Nobody: people agreed to these very words."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 -- same
        """Nobody."""
        return False

    def save_model(self, request: HttpRequest, obj: ConsentText, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001 -- same
        """Published from now on."""
        said = dict(form.cleaned_data)
        told = publish_text(
            **{**said, "purpose": ConsentPurpose(said["purpose"])}, by=actor_of(request.user), at=clock.now()
        )
        obj.pk, obj.published_at, obj.published_by = told.pk, told.published_at, told.published_by


@admin.register(DataAccess)
class DataAccessAdmin(ReadOnlyAdmin):
    """Every look at personal data, newest first: for the privacy officer."""

    list_display = ("at", "kind", "member", "unit", "fields_label", "basis_label", "by")
    list_select_related = ("member", "unit")
    list_filter = ("kind", "unit")
    ordering = ("-at", "-id")
    fields = (("at", "by"), ("member", "unit"), ("kind", "basis_label"), "fields_label", "reason")

    @admin.display(description=_("fields"))
    def fields_label(self, one: DataAccess) -> str:
        """What was seen, in words."""
        return fields_told(one)

    @admin.display(description=_("on what ground"))
    def basis_label(self, one: DataAccess) -> str:
        """The ground, in words."""
        return str(GROUND_WORDS.get(one.basis, one.basis))


def fields_told(one: DataAccess) -> str:
    """The fields of a look, in words."""
    return ", ".join(str(FIELD_WORDS.get(field, text("all"))) for field in one.fields)


def _minute(instant: datetime) -> str:
    return date_format(timezone.localtime(instant), "Y-m-d H:i")
