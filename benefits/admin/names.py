"""Benefits by the name of their latest version: a code alone tells a desk little."""

from typing import Any

from django import forms
from django.db.models import OuterRef, QuerySet, Subquery

from benefits.models import Benefit, BenefitVersion
from benefits.models.benefit import in_reader_language


def with_names(rows: QuerySet[Any], path: str = "pk") -> QuerySet[Any]:
    """`rows` with the names of the benefit whose id stands at `path`, read with them; see `name_of`."""
    named: QuerySet[Any] = rows.annotate(told_zh=_latest("name_zh", path), told_en=_latest("name_en", path))
    return named


def name_of(row: Any, benefit: Benefit) -> str:
    """Free parking (FREE-PARKING); the code alone before its first version. `row` is one of `with_names`."""
    name = in_reader_language(row.told_zh or "", row.told_en or "")
    return f"{name} ({benefit.code})" if name else benefit.code


class BenefitChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic in the stubs only
    """One of all benefits, by name. Its queryset is one of `with_names`."""

    def label_from_instance(self, benefit: Any) -> str:
        """In the reader's language."""
        return name_of(benefit, benefit)


def _latest(name: str, path: str) -> Subquery:
    versions = BenefitVersion.objects.filter(benefit=OuterRef(path)).order_by("-version")
    return Subquery(versions.values(name)[:1])
