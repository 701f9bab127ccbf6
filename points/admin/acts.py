"""Acts on the operators' screens: a page with a form, what it would do, and one call of a service."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from common.admin import BaseAdmin, Panel
from common.errors import DomainError
from points.services.approvals import TEXT_MAX


class DecisionForm(forms.Form):
    """A decision and, where one likes, why."""

    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=TEXT_MAX,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("Whoever asked reads it. No names, phones or card numbers."),
    )


class RejectionForm(DecisionForm):
    """Who rejects says why."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].required = True
        self.fields["note"].label = _("Why not")


class ActsAdmin(BaseAdmin):
    """A screen whose buttons lead to acts."""

    def act(
        self,
        request: HttpRequest,
        *,
        form: forms.BaseForm,
        do: Callable[[Mapping[str, Any]], tuple[Any, str]],
        title: Any,
        button: Any,
        words: Any = "",
        panels: Sequence[Panel] = (),
        is_danger: bool = False,
    ) -> HttpResponse:
        """Show the form; when it is sent, `do` with what was said, which answers its words and an address.

        A refusal by the service is told above the form, which keeps what was typed.
        """
        if request.method == "POST" and form.is_valid():
            try:
                done, address = do(form.cleaned_data)
            except DomainError as refusal:
                form.add_error(None, str(refusal))
            else:
                self.message_user(request, done, messages.SUCCESS)
                return HttpResponseRedirect(address)
        return self.shown(
            request, form=form, title=title, button=button, words=words, panels=panels, is_danger=is_danger
        )

    def shown(
        self,
        request: HttpRequest,
        *,
        form: forms.BaseForm,
        title: Any,
        button: Any,
        words: Any = "",
        panels: Sequence[Panel] = (),
        is_danger: bool = False,
    ) -> HttpResponse:
        """The page of an act, as its form stands."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "form": form,
            "button": button,
            "words": words,
            "panels": panels,
            "is_danger": is_danger,
        }
        return TemplateResponse(request, "admin/points/act.html", context)


def operator_of(request: HttpRequest) -> User:
    """The person at this screen; the admin has let nobody else by."""
    assert isinstance(request.user, User), "only operators pass the admin's door"
    return request.user


def sent(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: the data of a POST, empty or not; None where the page is only looked at."""
    return request.POST if request.method == "POST" else None
