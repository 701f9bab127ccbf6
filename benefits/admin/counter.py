"""The counter: staff type what a member shows, see what it may be used for here, and use it.

A member's short-lived code leads to their entitlements, a voucher's code to the voucher. Looking uses none.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from benefits.models import Measure, Voucher
from benefits.models.rule import AMOUNT_MAX
from benefits.refusals import VoucherNotHonouredHere
from benefits.rules.voucher_codes import LETTERS
from benefits.selectors.entitlements import UsableRight, entitlements_of, usable_rights
from benefits.selectors.places import Spot
from benefits.selectors.vouchers import is_honoured_by, state_at, voucher_for_till
from benefits.selectors.words import amount_in_words
from benefits.services.usages import use_right
from benefits.services.voucher_guessing import Guesser, find_voucher
from benefits.services.vouchers import use_voucher
from common import Money, clock
from common.admin import Panel, actor_of
from common.clock import uuid7
from common.errors import DomainError
from members.models import Member, MemberStatus
from members.rules.masking import masked_name
from members.services.member_codes import MemberCodeWrong, ShownCode, note_wrong_code, proven_code
from points.admin.acts import ActsAdmin
from points.admin.moments import moment
from units.models import BusinessUnit, Outlet
from units.selectors.units import outlet_by_code

# To add a usage: the right that Django made with the model, and that no other screen asks for.
USE_AT_COUNTER: Final = "benefits.add_entitlemententry"


class CodeForm(forms.Form):
    """What is shown, and where."""

    unit = forms.ModelChoiceField(
        label=_("Used at"),
        queryset=BusinessUnit.objects.filter(is_active=True).order_by("code"),
        widget=UnfoldAdminSelectWidget,
    )
    outlet = forms.CharField(
        label=_("Outlet"),
        max_length=40,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Its code, where the benefit or the voucher is for some outlets only."),
    )
    code = forms.CharField(
        label=_("Code"),
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "autofocus": True}),
        help_text=_("A member's code of this minute (scanned, or its 20 digits), or a voucher's 16 letters."),
    )

    def clean(self) -> dict[str, Any]:
        """The outlet is one of the unit's."""
        said: dict[str, Any] = super().clean() or {}
        unit, code = said.get("unit"), said.get("outlet")
        said["outlet"] = None
        if unit is not None and code:
            try:
                said["outlet"] = outlet_by_code(code, unit=unit)
            except DomainError:
                self.add_error("outlet", _("This unit has no such outlet."))
        return said


class _UseForm(CodeForm):
    # Made with the page: a form that is sent twice is one usage.
    ref = forms.UUIDField(widget=forms.HiddenInput)


class RightForm(_UseForm):
    """Which entitlement, and how much of it."""

    right = forms.ChoiceField(label=_("Entitlement"), widget=UnfoldAdminRadioSelectWidget)
    amount = forms.DecimalField(
        label=_("Amount"),
        min_value=Decimal("0.01"),
        max_value=AMOUNT_MAX,
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text=_("Times, minutes or money, as the benefit is counted."),
    )


class VoucherForm(_UseForm):
    """For which sale."""

    voucher = forms.UUIDField(widget=forms.HiddenInput)
    sale = forms.DecimalField(
        label=_("To be paid before the voucher"),
        min_value=Decimal(0),
        max_value=AMOUNT_MAX,
        decimal_places=2,
        required=False,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text=_("What it takes off follows from it. Empty for a voucher for an item."),
    )


class CounterDesk(ActsAdmin):
    """Adds the page to the screen of usages."""

    def get_urls(self) -> list[URLPattern]:
        """One address for looking and using."""
        view = self.admin_site.admin_view(self.counter)
        return [path("counter/", view, name="benefits_counter"), *super().get_urls()]

    def counter(self, request: HttpRequest) -> HttpResponse:
        """Ask for a code; show what it is good for; use it."""
        if not request.user.has_perm(USE_AT_COUNTER):
            raise PermissionDenied
        if request.method == "POST" and "ref" in request.POST:
            return self._use(request)
        form = CodeForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                return self._shown(request, form.cleaned_data)
            except DomainError as refusal:
                form.add_error(None, str(refusal))
        return self._page(request, form, button=_("Look"))

    def _shown(self, request: HttpRequest, said: dict[str, Any]) -> HttpResponse:
        if _is_voucher(said["code"]):
            return self._ask_for_voucher(request, said)
        shown = _member_code(request, said["code"])
        member = Member.objects.get(pk=shown.member_id)
        is_active = member.status == MemberStatus.ACTIVE
        usable = _usable(shown, said["unit"], said["outlet"]) if is_active else []
        if not usable:
            form = CodeForm(initial=_again(said))
            nothing = gettext("%(member)s has nothing to use here now.") % {"member": _told(member)}
            return self._page(request, form, button=_("Look"), words=nothing)
        first = usable[0]
        amount = first.left if first.measure == Measure.MONEY else first.right.step
        form = RightForm(initial={**_again(said), "right": str(first.id), "amount": amount, "ref": uuid7()})
        return self._ask_for_right(request, form, usable, member)

    def _ask_for_right(
        self, request: HttpRequest, form: RightForm, usable: Sequence[UsableRight], member: Member
    ) -> HttpResponse:
        form.fields["right"].choices = [(str(one.id), _line(one)) for one in usable]  # type: ignore[attr-defined]
        panel = Panel(
            title=_told(member),
            headers=[_("benefit"), _("left"), _("ends"), _("why")],
            rows=[
                (
                    one.benefit.name,
                    amount_in_words(one.left, one.measure, one.benefit.currency),
                    "—" if one.right.ends_at is None else moment(one.right.ends_at),
                    one.why,
                )
                for one in usable
            ],
        )
        return self._page(request, form, button=_("Use"), panels=[panel])

    def _ask_for_voucher(self, request: HttpRequest, said: dict[str, Any]) -> HttpResponse:
        unit, outlet, at = said["unit"], said["outlet"], clock.now()
        place = "" if outlet is None else f"{unit.code}/{outlet.code}"
        guesser = Guesser(actor_of(request.user), place)
        voucher = find_voucher(typed=said["code"], guesser=guesser, at=at)
        if not is_honoured_by(voucher, unit):
            raise VoucherNotHonouredHere
        form = VoucherForm(initial={**_again(said), "voucher": voucher.pk, "ref": uuid7()})
        return self._page(request, form, button=_("Use"), panels=[_voucher_panel(voucher)])

    def _use(self, request: HttpRequest) -> HttpResponse:
        is_voucher = "voucher" in request.POST
        form: _UseForm = VoucherForm(request.POST) if is_voucher else RightForm(request.POST)
        if isinstance(form, RightForm):
            chosen = request.POST.get("right", "")
            form.fields["right"].choices = [(chosen, chosen)]  # type: ignore[attr-defined]
        if not form.is_valid():
            return self._page(request, form, button=_("Use"))
        said = form.cleaned_data
        try:
            words, address = _use_voucher(request, said) if is_voucher else _use_right(request, said)
        except DomainError as refusal:
            again = CodeForm(request.POST)
            again.add_error(None, str(refusal))
            return self._page(request, again, button=_("Look"))
        self.message_user(request, words)
        return HttpResponseRedirect(address)

    def _page(
        self,
        request: HttpRequest,
        form: forms.Form,
        *,
        button: Any,
        words: Any = "",
        panels: Sequence[Panel] = (),
    ) -> HttpResponse:
        """The form as it is: what it does is decided here, not by `act`."""
        return self.shown(
            request, form=form, title=_("At the counter"), button=button, words=words, panels=panels
        )


def _is_voucher(typed: str) -> bool:
    return len(typed.replace("-", "").replace(" ", "")) == LETTERS


def _member_code(request: HttpRequest, code: str) -> ShownCode:
    at, caller = clock.now(), actor_of(request.user)
    try:
        return proven_code(
            code=code,
            caller=caller,
            at=at,
            rights=lambda member_id: [one.id for one in entitlements_of(member_id=member_id, at=at)],
        )
    except MemberCodeWrong as wrong:
        note_wrong_code(wrong=wrong, caller=caller, at=at)
        raise


def _usable(shown: ShownCode, unit: BusinessUnit, outlet: Outlet | None) -> list[UsableRight]:
    """What the code may be used for: one entitlement, where it was made for one."""
    found = usable_rights(member_ids=[shown.member_id], kind=None, unit=unit, outlet=outlet, at=clock.now())
    return [one for one in found if shown.right_id in (None, one.id)]


def _use_right(request: HttpRequest, said: dict[str, Any]) -> tuple[Any, str]:
    shown = _member_code(request, said["code"])
    taken = use_right(
        right_id=UUID(said["right"]),
        member_id=shown.member_id,
        amount=said["amount"],
        spot=Spot(said["unit"], None, said["outlet"]),
        source_ref=f"counter:{said['ref']}",
        code=shown,
        by=actor_of(request.user),
        at=clock.now(),
    )
    return _("Used."), reverse("admin:benefits_entitlemententry_change", args=[taken.entry.pk])


def _use_voucher(request: HttpRequest, said: dict[str, Any]) -> tuple[Any, str]:
    voucher = voucher_for_till(said["voucher"])
    sale = None if said["sale"] is None else Money(said["sale"], voucher.batch.currency)
    used = use_voucher(
        voucher_id=voucher.pk,
        unit=said["unit"],
        outlet=said["outlet"],
        source_ref=f"counter:{said['ref']}",
        sale=sale,
        by=actor_of(request.user),
        at=clock.now(),
    )
    assert used.event.value is not None, "a use has its value"
    words = _("Used: %(value)s %(currency)s off.") % {
        "value": used.event.value,
        "currency": used.event.currency,
    }
    return words, reverse("admin:benefits_voucher_change", args=[voucher.pk])


def _voucher_panel(voucher: Voucher) -> Panel:
    batch, at = voucher.batch, clock.now()
    state = dict(Voucher._meta.get_field("state").flatchoices)[state_at(voucher, at)]  # noqa: SLF001 -- Django's documented model API
    return Panel(
        title=batch.name,
        headers=[_("state"), _("valid from"), _("expires"), _("minimum spend"), _("issued by")],
        rows=[
            (
                state,
                moment(voucher.valid_from),
                moment(voucher.expires_at),
                f"{batch.min_spend} {batch.currency}",
                batch.issuer,
            )
        ],
    )


def _line(one: UsableRight) -> str:
    left = amount_in_words(one.left, one.measure, one.benefit.currency)
    return gettext("%(benefit)s: %(left)s left") % {"benefit": one.benefit.name, "left": left}


def _told(member: Member) -> str:
    return f"{masked_name(member.name)} · {member.number}"


def _again(said: dict[str, Any]) -> dict[str, Any]:
    outlet = said["outlet"]
    return {"unit": said["unit"], "outlet": "" if outlet is None else outlet.code, "code": said["code"]}
