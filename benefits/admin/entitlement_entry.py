"""Usages: the entitlement ledger to look at, one entry explained, and its reverse act."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display

from benefits.admin.counter import CounterDesk
from benefits.models import EntitlementEntry, EntitlementGrant, EntitlementRule, EntryKind
from benefits.selectors.words import amount_in_words
from benefits.services.usages import restore_usage
from common import clock
from common.admin import Panel, PanelPage, WholeTermSearch, actor_of, page_link
from members.selectors.aliases import ids_by_number
from points.admin.acts import RejectionForm, sent
from points.admin.columns import LedgerColumns
from points.admin.moments import moment

REVERSE_USAGE = "benefits.can_reverse_usage"
KIND_COLOURS = {
    EntryKind.USE: "success",
    EntryKind.HOLD: "info",
    EntryKind.RELEASE: "default",
    EntryKind.RESTORE: "warning",
}


@admin.register(EntitlementEntry)
class EntitlementEntryAdmin(CounterDesk, LedgerColumns, WholeTermSearch, PanelPage):
    """Every hold, use, release and restoring: who provided, who honoured, at what worth."""

    list_display = (
        "at", "kind_label", "benefit_name", "told_amount", "member_link", "provider", "unit", "worth",
        "source_ref",
    )  # fmt: skip
    list_select_related = ("member", "version__benefit__kind", "provider", "unit")
    list_filter = ("kind", "provider", "unit", "version__benefit__kind", ("at", RangeDateTimeFilter))
    search_fields = ("member__number",)
    search_help_text = _("Member number or source reference, whole.")
    ordering = ("-at", "-id")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("kind", "told_amount"), ("member_link", "benefit_name"), ("provider", "unit"),
                    ("outlet", "venue"),
                    ("worth", "payer"), ("at", "source_ref"), ("actor", "reason"), "words",
                )
            },
        ),
        (
            _("Where it comes from"),
            {
                "fields": (
                    "from_link", ("period_starts_on", "period_ends_on"), ("given", "elsewhere"),
                    ("taken_before", "taken_after"), "entitlement",
                )
            },
        ),
    )  # fmt: skip
    actions_detail = ("reverse_usage",)

    def panels(self, row: EntitlementEntry, at: datetime) -> list[Panel]:  # noqa: ARG002 -- the shape of every page
        """All entries of this right in this period, in order."""
        chain = EntitlementEntry.objects.filter(
            entitlement=row.entitlement, period_starts_on=row.period_starts_on
        )
        rows = chain.select_related("unit", "version__benefit__kind").order_by("place")[:100]
        return [
            Panel(
                title=_("This right in this period"),
                headers=[
                    _("place"), _("happened"), _("kind"), _("amount"), _("taken after"), _("quota then"),
                    _("honoured by"), _("source reference"),
                ],
                rows=[
                    (
                        page_link(EntitlementEntry, entry.pk, entry.place),
                        moment(entry.at),
                        entry.get_kind_display(),
                        self.told_amount(entry),
                        number_format(entry.taken_after.normalize()),
                        number_format(entry.given.normalize()),
                        entry.unit,
                        entry.source_ref,
                    )
                    for entry in rows
                ],
                right=frozenset({3, 4, 5}),
            )
        ]  # fmt: skip

    def found(self, queryset: Any, term: str) -> Any:
        """By member number, or by reference."""
        members = ids_by_number(term)
        return queryset.filter(member_id__in=members) if members else queryset.filter(source_ref=term)

    def has_reverse_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Whoever may, on a usage of which something still stands."""
        row = self.get_object(request, object_id)
        if row is None or row.kind != EntryKind.USE or not request.user.has_perm(REVERSE_USAGE):
            return False
        return bool(sum(back.amount for back in row.followers.all()) < row.amount)

    @display(description=_("kind"), ordering="kind", label=KIND_COLOURS)
    def kind_label(self, entry: EntitlementEntry) -> tuple[str, str]:
        """In its colour."""
        return entry.kind, entry.get_kind_display()

    @display(description=_("benefit"))
    def benefit_name(self, entry: EntitlementEntry) -> str:
        """In the reader's language."""
        return str(entry.version)

    @display(description=_("amount"), ordering="amount")
    def told_amount(self, entry: EntitlementEntry) -> str:
        """1 h 30 min."""
        return amount_in_words(entry.amount, entry.version.benefit.kind.measure, entry.currency)

    @display(description=_("worth"), ordering="value")
    def worth(self, entry: EntitlementEntry) -> str:
        """6.00 CNY."""
        return f"{number_format(entry.value, 2)} {entry.currency}"

    @display(description=_("by"))
    def from_link(self, entry: EntitlementEntry) -> object:
        """The rule or the grant."""
        if entry.rule_id is not None:
            return page_link(EntitlementRule, entry.rule_id, entry.rule)
        return page_link(EntitlementGrant, entry.grant_id, _("grant"))

    @action(description=_("Reverse"), url_path="reverse", permissions=["reverse"], icon="undo")
    def reverse_usage(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give back what still stands of it, and say why. The counter-entry is what settlement subtracts."""
        usage, at = self.get_object(request, object_id), clock.now()
        assert usage is not None, "the permission was asked of this row"

        def do(said: Any) -> tuple[Any, str]:
            back = restore_usage(
                usage_id=usage.pk,
                source_ref=f"by-hand:{usage.pk}:{usage.followers.count() + 1}",
                by=actor_of(request.user),
                at=at,
                words=said["note"],
            )
            address = reverse("admin:benefits_entitlemententry_change", args=[back.entry.pk])
            return _("Reversed."), address

        return self.act(
            request,
            form=RejectionForm(sent(request)),
            do=do,
            title=f"{_('Reverse')}: {self.benefit_name(usage)}, {self.told_amount(usage)}",
            button=_("Reverse"),
            is_danger=True,
        )
