"""Seals to look at: which days of the journal are vouched for, by which key."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin import Panel, PanelPage
from points.admin.liability import liability_page
from points.admin.moments import moment
from points.models import PostingKind, Seal


@admin.register(Seal)
class SealAdmin(PanelPage):
    """One line a day: what was sealed. Nobody changes it, and the audit would say so."""

    list_display = ("number", "starts", "ends", "postings_told", "root_told", "key", "sealed")
    ordering = ("-number",)
    fields = (
        ("number", "key"),
        ("starts", "ends"),
        ("postings_told", "sealed"),
        "root_told",
        "digest_told",
        "previous_told",
    )

    def get_urls(self) -> list[Any]:
        """The page of the liability stands beside the seals: both are the books at an instant."""

        def liability(request: HttpRequest) -> HttpResponse:
            return liability_page(request, self.admin_site)

        view = self.admin_site.admin_view(liability)
        return [path("liability/", view, name="points_liability"), *super().get_urls()]

    def panels(self, row: Seal, at: datetime) -> list[Panel]:  # noqa: ARG002 -- what is sealed does not age
        """Points by kind."""
        return [
            Panel(
                title=_("Points by kind"),
                headers=[_("kind"), _("postings"), _("points")],
                rows=[
                    (PostingKind(kind).label, _told(total["postings"]), _told(total["points"]))
                    for kind, total in row.totals.items()
                ],
                note=_("Over all programs: to compare with the journal, not to value."),
                right=frozenset({1, 2}),
            )
        ]

    @display(description=_("from"), ordering="number")
    def starts(self, seal: Seal) -> str:
        """The first seal begins before everything."""
        return moment(seal.starts_at) or ""

    @display(description=_("until"))
    def ends(self, seal: Seal) -> str:
        """The first instant that is no longer in it."""
        return moment(seal.ends_at) or ""

    @display(description=_("sealed"))
    def sealed(self, seal: Seal) -> str:
        """By the database's clock."""
        return moment(seal.sealed_at) or ""

    @display(description=_("postings"))
    def postings_told(self, seal: Seal) -> str:
        """With separators."""
        return _told(seal.postings)

    @display(description=_("Merkle root"))
    def root_told(self, seal: Seal) -> str:
        """In hex, as in the file."""
        return bytes(seal.root).hex()

    @display(description=_("digest"))
    def digest_told(self, seal: Seal) -> str:
        """In hex, as in the file."""
        return bytes(seal.digest).hex()

    @display(description=_("digest of the seal before"))
    def previous_told(self, seal: Seal) -> str:
        """In hex, as in the file."""
        return bytes(seal.previous).hex()


def _told(number: int) -> str:
    return number_format(number, force_grouping=True)
