"""Points programs: whose points, how long they live, what one costs."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin import BaseAdmin
from points.models import ExpiryKind, Program


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
        case _:
            return gettext("never")


@admin.register(Program)
class ProgramAdmin(BaseAdmin):
    """One points currency a row. Its policy concerns future lots only."""

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
                    "A change concerns the points given from now on: every lot keeps the expiry "
                    "it was given with. Points die at midnight of this time zone, after their last valid day."
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
