"""The operators' page that explains a row: a headline, sentences, and sums that end in the figure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from common import clock
from common.admin import Panel
from points.selectors.explaining.words import Line, signed


@dataclass(frozen=True, slots=True)
class Told:
    """A page that explains: `headline` is the sum in one sentence, `facts` are (name, words or a link)."""

    title: str
    headline: str
    facts: Sequence[tuple[object, object]]
    panels: Sequence[Panel]


class ExplainedPage:
    """Adds "Explain" to the page of a row. Subclasses say what there is to tell."""

    actions_detail: Sequence[str] = ("explain",)
    opts: Any
    admin_site: Any

    def explanation(self, row: Any, at: datetime) -> Told:
        """What `row` is made of at `at`."""
        raise NotImplementedError("each page asks its own selector")

    def has_explain_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Whoever may look at the row."""
        allowed: bool = self.has_view_permission(request)  # type: ignore[attr-defined]  # the admin's own
        return allowed

    @action(description=_("Explain"), url_path="explain", permissions=["explain"], icon="account_tree")
    def explain(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what the row is made of."""
        row = self.get_object(request, object_id)  # type: ignore[attr-defined]  # the admin's own
        if row is None:
            raise Http404
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        told = self.explanation(row, clock.now())
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": told.title,
            "original": row,
            "told": told,
            "back": reverse(f"admin:{name}_change", args=[row.pk]),
        }
        return TemplateResponse(request, "admin/points/explanation.html", context)


def explain_link(model: type[Model], pk: object, words: object) -> SafeString:
    """A link to the explanation of the row `pk` of `model`."""
    meta = model._meta  # noqa: SLF001 -- Django's own name for it
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_explain", args=[pk])
    return format_html('<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', address, words)


def sum_panel(title: str, lines: Iterable[Line], total: int, *, note: object = "") -> Panel:
    """The lines of a sum, and the figure that they end in. Lines of zero are left out."""
    rows: list[tuple[object, object]] = [(line.words, signed(line.points)) for line in lines if line.points]
    rows.append((gettext("together"), f"{total:,}" if total >= 0 else signed(total)))
    return Panel(title=title, headers=[_("what"), _("points")], rows=rows, note=note, right=frozenset({1}))


def last_letters(pk: object) -> str:
    """Of an id: the first letters are the time it was made."""
    return str(pk)[-8:]
