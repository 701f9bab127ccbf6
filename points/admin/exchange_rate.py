"""Exchange rates: published, replanned before they begin, ended after."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common import clock
from common.admin import actor_of
from points.admin.periods import InForceFilter, PeriodAdmin, PeriodForm
from points.models import ExchangeRate
from points.services.rates import end_rate, publish_rate, replan_rate, withdraw_rate


class ExchangeRateForm(PeriodForm):
    """One rate of a pair of programs."""

    class Meta:
        model = ExchangeRate
        fields = ("source", "target", "numerator", "denominator")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            self.fields["source"].disabled = self.fields["target"].disabled = True

    def clean(self) -> dict[str, Any]:
        """A rate joins two programs."""
        said = super().clean()
        if said.get("source") and said.get("source") == said.get("target"):
            self.add_error("target", _("A rate joins two different programs."))
        return said

    def rivals(self, said: dict[str, Any]) -> QuerySet[ExchangeRate]:
        """The rates of the same pair, in the same direction."""
        return ExchangeRate.objects.select_related("source", "target").filter(
            source=said["source"], target=said["target"]
        )


@admin.register(ExchangeRate)
class ExchangeRateAdmin(PeriodAdmin):
    """What one program's points are worth in another, from when to when."""

    form = ExchangeRateForm
    list_display = ("rate", "state", "starts", "ends", "created_at")
    list_filter = (InForceFilter, "source", "target")
    list_select_related = ("source", "target")
    ordering = ("source__code", "target__code", "-during")
    fieldsets = (
        (
            None,
            {
                "fields": (("source", "target"), ("denominator", "numerator")),
                "description": _(
                    "For example: 1 hotel point = 2 mall points. Points are whole: "
                    "what does not divide rounds down."
                ),
            },
        ),
        (_("in force"), {"fields": (("starts_at", "ends_at"), "is_successor")}),
    )

    @display(description=_("exchange rate"))
    def rate(self, rate: ExchangeRate) -> str:
        """1 HOTEL = 2 MALL."""
        return str(rate)

    def save_model(self, request: HttpRequest, obj: ExchangeRate, form: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        """Call the service of what the form asks: publish, replan or end."""
        said, by = form.cleaned_data, actor_of(request.user)
        instants = {"starts_at": said["starts_at"], "ends_at": said["ends_at"]}
        terms = {"numerator": said["numerator"], "denominator": said["denominator"]}
        if not change:
            made = publish_rate(
                source=said["source"],
                target=said["target"],
                is_successor=said["is_successor"],
                by=by,
                at=form.at,
                **terms,
                **instants,
            )
            obj.pk, obj.during = made.pk, made.during
        elif form.has_begun:
            end_rate(rate=obj, ends_at=said["ends_at"], by=by, at=form.at)
        else:
            replan_rate(rate=obj, by=by, at=form.at, **terms, **instants)

    def delete_model(self, request: HttpRequest, obj: ExchangeRate) -> None:
        """Withdraw a rate that has not begun."""
        withdraw_rate(rate=obj, by=actor_of(request.user), at=clock.now())
