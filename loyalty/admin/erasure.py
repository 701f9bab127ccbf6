"""Erasures: those that wait, those that were done, and the one that a member asks for at a desk."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from common import clock
from common.admin import Act, Panel, PanelPage, actor_of
from common.errors import DomainError
from loyalty.workflows.erase_member import begin_erasure
from members.admin.panels import member_panel
from members.models import Erasure, Member

MAY_ERASE: Final = "members.erase_member"
# What an erasure counts (loyalty/workflows/erase_member.py), in the order in which it is told.
COUNTED: Final = {
    "points_given_up": _("points that lapsed"),
    "orders": _("waiting orders cancelled"),
    "vouchers": _("vouchers withdrawn"),
    "passes": _("parking passes ended"),
    "stays": _("stays whose plate was forgotten"),
    "stays_inside": _("cars still inside, now nobody's"),
    "vehicles": _("choices for plates deleted"),
    "keys": _("data keys destroyed"),
    "members": _("member numbers emptied"),
    "identities": _("phones, mailboxes and WeChat accounts deleted"),
    "plates": _("plates forgotten"),
    "cards": _("cards replaced by stand-ins"),
    "residencies": _("references of residencies replaced"),
    "activities": _("activities emptied of their columns"),
    "segments": _("places in segments deleted"),
    "match_keys": _("keys of comparison deleted"),
    "match_candidates": _("match candidates deleted"),
    "codes": _("one-time codes deleted"),
    "tokens": _("sign-ins deleted"),
    "data_exports": _("wishes for a copy deleted"),
    "answers": _("answers kept for retries deleted"),
    "messages": _("messages deleted"),
}


class EraseForm(forms.Form):
    """The number once more: an erasure cannot be undone."""

    number = forms.CharField(
        label=_("member number"),
        max_length=12,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Type it once more. An erasure cannot be undone."),
    )

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.member = member

    def clean_number(self) -> str:
        """The number of this very member."""
        number: str = self.cleaned_data["number"].strip()
        if number != self.member.number:
            raise forms.ValidationError(_("This is not the number of this member."))
        return number


@admin.register(Erasure)
class ErasureAdmin(PanelPage):
    """What was asked, when it is due, what was done: kept as the proof, without a word about the person."""

    list_display = ("row_number", "member", "asked_by", "asked_at", "due_at", "done_at", "withdrawn_at")
    list_select_related = ("member",)
    ordering = ("-asked_at",)
    fields = (("member", "asked_by"), ("asked_at", "due_at"), ("done_at", "withdrawn_at"))

    def panels(self, row: Erasure, at: datetime) -> Sequence[Panel]:  # noqa: ARG002 -- what was done does not age
        """What was done, by figures."""
        if row.done_at is None:
            return ()
        counted = [
            (words, f"{row.outcome[name]:,}") for name, words in COUNTED.items() if row.outcome.get(name)
        ]
        return (Panel(title=gettext("What was done"), headers=[_("what"), _("number")], rows=counted),)

    def get_urls(self) -> list[URLPattern]:
        """The page that asks."""
        ask = path("<uuid:member>/ask/", self.admin_site.admin_view(self.ask), name="members_erasure_ask")
        return [ask, *super().get_urls()]

    def ask(self, request: HttpRequest, member: Any) -> HttpResponse:
        """At the member's wish, who has shown at the desk who they are."""
        if not request.user.has_perm(MAY_ERASE):
            raise PermissionDenied
        found = get_object_or_404(Member, pk=member)
        form = EraseForm(request.POST if request.method == "POST" else None, member=found)
        if request.method == "POST" and form.is_valid():
            try:
                erasure = begin_erasure(member_id=found.pk, by=actor_of(request.user), at=clock.now())
            except DomainError as refusal:
                form.add_error(None, str(refusal))
            else:
                words = _("Erased.") if erasure.done_at else _("The membership is closed until it is erased.")
                self.message_user(request, words, messages.SUCCESS)
                return HttpResponseRedirect(reverse("admin:members_erasure_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"{gettext('Erase')}: {found.number}",
            "words": _(
                "Names, contacts, plates, cards and all else about the person are destroyed, the points"
                " lapse, waiting orders are cancelled, vouchers withdrawn and parking passes ended, and"
                " nobody can bring them back. The books stay, without a name."
            ),
            "form": form,
            "button": _("Erase"),
            "is_danger": True,
        }
        return TemplateResponse(request, "admin/points/act.html", context)


@member_panel(place=62)
def erasure_panel(member: Member, at: datetime) -> Panel:  # noqa: ARG001 -- the shape of every panel maker
    """What the member asked for, and the way to ask."""
    erasures = Erasure.objects.filter(member=member).order_by("-asked_at")
    return Panel(
        title=gettext("Erasure"),
        headers=[_("asked"), _("due"), _("done"), _("withdrawn")],
        rows=[
            [
                "—" if instant is None else timezone.localtime(instant).date().isoformat()
                for instant in (one.asked_at, one.due_at, one.done_at, one.withdrawn_at)
            ]
            for one in erasures
        ],
        note=gettext("Only at the member's own wish, who has shown who they are."),
        act=Act(_("Erase"), reverse("admin:members_erasure_ask", args=[member.pk]), MAY_ERASE),
    )
