"""Base classes of the operators' screens: quick on large tables, and read-only where a row is a fact."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from unfold.admin import ModelAdmin


class BaseAdmin(ModelAdmin):
    """An operators' screen. Lists show 50 rows and never count the whole table a second time."""

    list_per_page = 50
    show_full_result_count = False
    warn_unsaved_form = True
    list_filter_submit = True
    compressed_fields = True


class ReadOnlyAdmin(BaseAdmin):
    """A screen for looking only: what it shows is written by services, never by hand."""

    actions = None

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:  # noqa: ARG002 -- Django's signature
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 -- same
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 -- same
        """Nobody."""
        return False


def explanation_table(*, headers: Sequence[object], rows: Iterable[Sequence[object]]) -> SafeString:
    """A small table for a read-only field that says what a figure is made of. Every cell is escaped."""
    body = format_html_join(
        "",
        "<tr>{}</tr>",
        ((format_html_join("", '<td class="px-3 py-1">{}</td>', ((cell,) for cell in row)),) for row in rows),
    )
    if not body:
        return format_html("<p>{}</p>", gettext("Nothing yet."))
    head = format_html_join("", '<th class="px-3 py-1 text-left">{}</th>', ((name,) for name in headers))
    return format_html(
        '<table class="w-full text-sm"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>', head, body
    )
