"""Points programs: whose points, how long they live, what one costs."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin import BaseAdmin
from points.models import ExpiryKind, Program

# As the database demands it: program_expiry_count_is_sane.
EXPIRY_COUNT_MAX = 3660


def expiry_in_words(kind: str, count: int) -> str:
    """An expiry policy as an operator would say it."""
    match kind:
        case ExpiryKind.DAYS:
            return ngettext(
                "%(count)d day after they were earned", "%(count)d days after they were earned", count
            ) % {"count": count}
        case ExpiryKind.MONTH_END:
            return ngettext(
                "at the end of the month, %(count)d month on",
                "at the end of the month, %(count)d months on",
                count,
            ) % {"count": count}
        case ExpiryKind.YEAR_END if count == 0:
            return gettext("at the end of the year in which they were earned")
        case ExpiryKind.YEAR_END:
            return ngettext(
                "at the end of the year after the one in which they were earned",
                "at the end of the %(count)dth year after the one in which they were earned",
                count,
            ) % {"count": count}
        case ExpiryKind.ROLLING:
            return ngettext(
                "%(count)d day after the member last earned or redeemed",
                "%(count)d days after the member last earned or redeemed",
                count,
            ) % {"count": count}
        case _:
            return gettext("never")


class ProgramForm(forms.ModelForm[Program]):
    """A program, with a word about each policy and about what N means to it."""

    class Meta:
        model = Program
        fields = ("expiry_kind", "expiry_count")
        help_texts = {
            "expiry_kind": _(
                "After the last earning or redeeming: each of them gives all of the member's points in this "
                "program N more days; a transfer or an exchange does not."
            ),
            "expiry_count": _("Days, months or years, as the policy says. Without meaning for “never”."),
        }

    def clean(self) -> dict[str, Any]:
        """Refuse an N that the policy cannot mean, beside the field that says it.

        :raises ValidationError: less than a day, or more than ten years of days
        """
        said = super().clean() or self.cleaned_data
        kind, count = said.get("expiry_kind"), said.get("expiry_count")
        if kind in {ExpiryKind.DAYS, ExpiryKind.ROLLING} and count == 0:
            self.add_error("expiry_count", _("Points live for at least one day."))
        if count is not None and count > EXPIRY_COUNT_MAX:
            self.add_error("expiry_count", _("At most %(max)d.") % {"max": EXPIRY_COUNT_MAX})
        return said


@admin.register(Program)
class ProgramAdmin(BaseAdmin):
    """One points currency a row. Its policy concerns future lots only."""

    form = ProgramForm
    list_display = ("code", "name_zh", "name_en", "owned_by", "expires", "cost", "is_active")
    list_display_links = ("code", "name_zh", "name_en")
    list_select_related = ("owner",)
    list_filter = ("owner", "is_active")
    search_fields = ("code", "name_zh", "name_en")
    ordering = ("code",)
    actions = None
    fieldsets = (
        (None, {"fields": ("code", ("name_zh", "name_en"), "owner", "is_active")}),
        (
            _("how long points live"),
            {
                "fields": (("expiry_kind", "expiry_count"), "time_zone"),
                "description": _(
                    "A change concerns the points given from now on: every lot keeps the last day it has, "
                    "and where the program no longer counts from the last earning or redeeming, nothing "
                    "renews it any more. Points die at midnight of this time zone after their last valid day."
                ),
            },
        ),
        (
            _("what a point costs"),
            {
                "fields": (("unit_cost", "currency"),),
                "description": _(
                    "What the issuing unit owes for one point when another unit honours it. Every lot keeps "
                    "the cost it was given with."
                ),
            },
        ),
        (
            _("giving points to one's household"),
            {
                "fields": (("transfer_cap_day", "transfer_cap_month"),),
                "description": _(
                    "How many points a member may give away in a day and in a calendar month of this "
                    "time zone. Empty: no limit. 0: none."
                ),
            },
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002 -- Django's signature
        """Code and currency are part of every lot that was ever given."""
        return ("code", "currency") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 -- same
        """Nobody: wallets name it for ever. It is switched off instead."""
        return False

    @display(description=_("owner"), ordering="owner__code")
    def owned_by(self, program: Program) -> str:
        """The unit, or the group."""
        return program.owner.code if program.owner else gettext("The group")

    @display(description=_("points expire"))
    def expires(self, program: Program) -> str:
        """In words."""
        return expiry_in_words(program.expiry_kind, program.expiry_count)

    @display(description=_("cost per point"), ordering="unit_cost")
    def cost(self, program: Program) -> str:
        """Without the zeros that say nothing."""
        return f"{number_format(program.unit_cost.normalize())} {program.currency}"
