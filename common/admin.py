"""Base classes of the operators' screens: quick on large tables, and read-only where a row is a fact."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.core.paginator import Paginator
from django.db import IntegrityError, connection
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from common import clock
from common.errors import DomainError


class CappedPaginator(Paginator):  # type: ignore[type-arg]  # generic in the stubs only
    """Counts no further than `counted_max`: a list of ten million postings opens as fast as one of ten.

    Beyond it the page says about how many there are (the planner's estimate) and asks for a narrower filter.
    """

    template_name = "admin/capped_pagination.html"
    counted_max = 10_000

    @cached_property
    def count(self) -> int:
        """The number of rows, `counted_max` at most."""
        return self._rows.order_by()[: self.counted_max].count()

    @property
    def is_capped(self) -> bool:
        """There may be more rows than can be paged to."""
        return self.count >= self.counted_max

    @cached_property
    def estimate(self) -> int | None:
        """About how many rows the table has; None where the list is filtered, for then nobody knows."""
        if self._rows.query.where:
            return None
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass",
                [self._rows.model._meta.db_table],  # noqa: SLF001 -- Django's own name for it
            )
            return max(int(cursor.fetchone()[0]), self.count)

    @property
    def _rows(self) -> QuerySet[Any]:
        assert isinstance(self.object_list, QuerySet), "the admin pages querysets"
        return self.object_list


class BaseAdmin(ModelAdmin):
    """An operators' screen. Lists show 50 rows and never count the whole table a second time."""

    list_per_page = 50
    list_max_show_all = 50
    show_full_result_count = False
    # Counts beside each filter would count the table once a choice.
    show_facets = ShowFacets.NEVER
    paginator: Any = CappedPaginator
    warn_unsaved_form = True
    list_filter_submit = True
    compressed_fields = True
    # Many columns beside one another; they scroll where the screen is narrow.
    list_fullwidth = True

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """An unfiltered list says how long it is once, at its foot."""
        rows = super().get_changelist_instance(request)
        if not (rows.query or rows.has_active_filters):
            rows.full_result_count = rows.result_count
        return rows

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A refusal by a service or a constraint undoes the save and is told on the page."""
        try:
            response: HttpResponse = super().changeform_view(request, *args, **kwargs)
        except (DomainError, IntegrityError) as refusal:
            words = refusal if isinstance(refusal, DomainError) else DomainError.title
            self.message_user(request, str(words), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        return response


class WholeTermSearch:
    """Looks for one whole term by an index: parts of words would read the whole of a large table.

    Give `search_fields` too: Django shows the box only where there are some.
    """

    def found(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """The rows that `term` names."""
        raise NotImplementedError("each list knows its own index")

    def get_search_results(
        self, _request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """No term, no limit. Nothing shows twice."""
        term = search_term.strip()
        return (self.found(queryset, term) if term else queryset), False


@dataclass(frozen=True, slots=True)
class Act:
    """A link to something that an operator with `permission` may do here."""

    words: object
    address: str
    permission: str


@dataclass(frozen=True, slots=True)
class Panel:
    """A titled table. `right`: places of the columns of figures; `note`: how to read it; `more`: the list.

    `act` shows only to those who may.
    """

    title: object
    headers: Sequence[object]
    rows: Sequence[Sequence[object]]
    note: object = ""
    more: str = ""
    right: frozenset[int] = frozenset()
    act: Act | None = None

    def seen_by(self, user: User | AnonymousUser) -> "Panel":
        """Without the act, where `user` may not do it."""
        is_barred = self.act is not None and not user.has_perm(self.act.permission)
        return replace(self, act=None) if is_barred else self

    @property
    def cells(self) -> list[list[tuple[object, object, bool]]]:
        """Rows of (header, cell, is a figure): small screens repeat the header beside each cell."""
        return [
            [
                (header, cell, place in self.right)
                for place, (header, cell) in enumerate(zip(self.headers, row, strict=True))
            ]
            for row in self.rows
        ]


class ReadOnlyAdmin(BaseAdmin):
    """A screen for looking only: what it shows is written by services, never by hand."""

    actions = None

    @display(description=_("number"), ordering="pk")
    def row_number(self, row: Model) -> str:
        """For rows that have no other name."""
        return str(row.pk)

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:  # noqa: ARG002 -- Django's signature
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 -- same
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 -- same
        """Nobody."""
        return False


class PanelPage(ReadOnlyAdmin):
    """A page for looking only that says below what the row is made of, in panels."""

    change_form_template = "admin/panel_page.html"

    def panels(self, row: Any, at: datetime) -> Sequence[Panel]:
        """What there is to show about `row` at `at`."""
        raise NotImplementedError("each page knows its own parts")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Add the panels to the page."""
        row = self.get_object(request, object_id)
        panels = [] if row is None else self.panels(row, clock.now())
        panels = [panel.seen_by(request.user) for panel in panels]
        extra = {**(extra_context or {}), "panels": panels}
        response: HttpResponse = super().change_view(request, object_id, form_url, extra)
        return response


def actor_of(user: AbstractBaseUser | AnonymousUser) -> str:
    """How services and the ledger name an operator: `user:7`."""
    return f"user:{user.pk}"


def page_link(model: type[Model], pk: object, words: object) -> SafeString:
    """A link to the page of the row `pk` of `model`."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[pk])  # noqa: SLF001 -- Django's own name for it
    return format_html('<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', address, words)


def list_address(model: type[Model], **filters: str | int | UUID) -> str:
    """The address of the list of `model`, filtered: `list_address(Lot, member__id__exact=member.pk)`."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")  # noqa: SLF001 -- the same
    return (
        f"{address}?{urlencode({name: str(value) for name, value in filters.items()})}"
        if filters
        else address
    )


def list_link(model: type[Model], words: object, **filters: str | int | UUID) -> SafeString:
    """A link to the filtered list of `model`."""
    return format_html(
        '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>',
        list_address(model, **filters),
        words,
    )
