"""Partner keys: issue one (its token shows once), look at them, take one back."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminTextInputWidget,
)

from common import clock
from common.admin import ReadOnlyAdmin, actor_of
from units.models import BusinessUnit, PartnerKey
from units.services.partner_keys import SCOPES, issue_partner_key, revoke_partner_key


class IssueForm(forms.Form):
    """Who the key is for, which units it acts for and what it may do."""

    name = forms.CharField(
        label=_("Partner system"),
        max_length=80,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("For example: Tills of the east mall."),
    )
    units = forms.ModelMultipleChoiceField(
        label=_("Business units"),
        queryset=BusinessUnit.objects.filter(is_active=True).order_by("code"),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("The key can act for these units only."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("Allowed actions"),
        choices=SCOPES.items,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("Give the least that the system needs."),
    )


@admin.register(PartnerKey)
class PartnerKeyAdmin(ReadOnlyAdmin):
    """A key is never edited: a new one is issued and the old one taken back."""

    list_display = ("name", "prefix", "unit_codes", "state", "created_at", "revoked_at")
    list_filter = ("units",)
    search_fields = ("name", "prefix")
    ordering = ("-id",)
    fields = (
        "name",
        "prefix",
        "unit_codes",
        "allowed",
        "created_at",
        "issued_by",
        "revoked_at",
        "revoked_by",
    )
    actions_list = ("issue",)
    actions_detail = ("revoke",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[PartnerKey]:
        """With the units at hand: one more query a page, however many keys."""
        keys: models.QuerySet[PartnerKey] = super().get_queryset(request)
        return keys.prefetch_related("units")

    def has_issue_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Whoever may add keys."""
        return request.user.has_perm("units.add_partnerkey")

    def has_revoke_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Whoever may change keys."""
        return request.user.has_perm("units.change_partnerkey")

    @display(description=_("business units"))
    def unit_codes(self, key: PartnerKey) -> str:
        """MALL, HOTEL."""
        return ", ".join(sorted(unit.code for unit in key.units.all()))

    @display(description=_("allowed actions"))
    def allowed(self, key: PartnerKey) -> str:
        """In words."""
        return "; ".join(str(SCOPES.get(scope, scope)) for scope in key.scopes)

    @display(description=_("state"), label={"live": "success", "revoked": "danger"})
    def state(self, key: PartnerKey) -> tuple[str, Any]:
        """Whether it still opens the door."""
        return ("live", _("Live")) if key.revoked_at is None else ("revoked", _("Revoked"))

    @action(description=_("Issue a key"), url_path="issue", permissions=["issue"], icon="key")
    def issue(self, request: HttpRequest) -> HttpResponse:
        """Ask what the key is for; then show its token, this once."""
        form = IssueForm(request.POST or None)
        token = key = None
        if request.method == "POST" and form.is_valid():
            key, token = issue_partner_key(
                name=form.cleaned_data["name"],
                units=list(form.cleaned_data["units"]),
                scopes=form.cleaned_data["scopes"],
                by=actor_of(request.user),
                at=clock.now(),
            )
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Issue a partner key"),
            "form": form,
            "key": key,
            "token": token,
        }
        response = TemplateResponse(request, "admin/units/partnerkey/issue.html", context)
        # The token is in this page: no cache, no history may keep it.
        response["Cache-Control"] = "no-store"
        return response

    @action(description=_("Revoke"), url_path="revoke", permissions=["revoke"], icon="block")
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask once more, then take the key back."""
        key = self.get_object(request, object_id)
        page = reverse("admin:units_partnerkey_changelist")
        if key is None:
            return HttpResponseRedirect(page)
        if request.method == "POST":
            revoke_partner_key(key=key, by=actor_of(request.user), at=clock.now())
            self.message_user(
                request, _("The key is revoked. Its next request is refused."), messages.SUCCESS
            )
            return HttpResponseRedirect(page)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Revoke a partner key"),
            "key": key,
        }
        return TemplateResponse(request, "admin/units/partnerkey/revoke.html", context)
