"""What a statement can be narrowed to."""

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.input import InstantField
from points.models import Posting, PostingKind
from points.selectors.statements import touching_program

# What the pages and the choice of a format read from the query themselves.
_NOT_FILTERS = {"cursor", "page_size", "format"}


class _InstantFormField(forms.Field):
    """An instant with its offset, as in a body. Nothing is guessed from a bare date."""

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        try:
            return InstantField().to_internal_value(value)
        except serializers.ValidationError as error:
            raise ValidationError(
                _("An instant looks like 2026-03-31T08:00:00%(offset)s, with its offset."),
                code="not_an_instant",
                # A bare + in an address means a space.
                params={"offset": "%2B08:00"},
            ) from error


@extend_schema_field(OpenApiTypes.DATETIME)
class InstantFilter(django_filters.Filter):  # type: ignore[misc]  # untyped base
    field_class = _InstantFormField


class StatementFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped base
    """From `occurred_from` up to, but without, `occurred_to`. An unknown name is refused."""

    program = django_filters.CharFilter(
        method="filter_program", label=_("Postings that moved points of this program."), max_length=24
    )
    unit = django_filters.CharFilter(
        field_name="unit__code", label=_("Postings of this business unit."), max_length=24
    )
    kind = django_filters.ChoiceFilter(choices=PostingKind.choices)
    occurred_from = InstantFilter(field_name="occurred_at", lookup_expr="gte")
    occurred_to = InstantFilter(field_name="occurred_at", lookup_expr="lt")

    class Meta:
        model = Posting
        fields: list[str] = []

    def is_valid(self) -> bool:
        """Whether every value fits, and every name is one of ours."""
        for name in sorted(set(self.data) - set(self.filters) - _NOT_FILTERS)[:20]:
            unknown = ValidationError(_("There is no such filter."), code="unknown_filter")
            self.form.errors[name[:64]] = self.form.error_class([unknown])
        return bool(super().is_valid())

    def filter_program(self, postings: QuerySet[Posting], _name: str, code: str) -> QuerySet[Posting]:
        """Postings with an entry in the program."""
        return touching_program(postings, code)
