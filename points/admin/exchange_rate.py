"""Exchange rates: published, replanned before they begin, ended after."""

from fractions import Fraction
from typing import Any

from django.contrib import admin
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from psycopg2.extras import DateTimeTZRange
from unfold.decorators import display

from common import clock
from common.admin import actor_of
from points.admin.periods import InForceFilter, PeriodAdmin, PeriodForm
from points.models import ExchangeRate
from points.rules.loops import Rate
from points.selectors.rates import gaining_loop_during
from points.services.rates import RatesGain, end_rate, publish_rate, replan_rate, withdraw_rate

# As the database demands it: rate_terms_are_1_to_a_million.
TERM_MAX = 1_000_000


class ExchangeRateForm(PeriodForm):
    """One rate of a pair of programs."""

    class Meta:
        model = ExchangeRate
        fields = ("source", "target", "numerator", "denominator", "cap_per_member_day")
        labels = {"cap_per_member_day": _("Cap per member and day")}
        help_texts = {
            "cap_per_member_day": _(
                "Source points that one member may exchange at this rate in one day. Empty: any number."
            )
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What the database demands, in words beside the field.
        for name in ("numerator", "denominator"):
            self.fields[name].validators += [MinValueValidator(1), MaxValueValidator(TERM_MAX)]
        at_least_one = MinValueValidator(1, _("A cap lets at least one point by. Empty: any number."))
        self.fields["cap_per_member_day"].validators.append(at_least_one)
        if self.instance.pk is not None:
            self.fields["source"].disabled = self.fields["target"].disabled = True

    def clean(self) -> dict[str, Any]:
        """A rate joins two programs, and closes no circle that gains."""
        said = super().clean()
        if said.get("source") and said.get("source") == said.get("target"):
            self.add_error("target", _("A rate joins two different programs."))
        elif not self.errors:
            self._refuse_gain(said)
        return said

    def rivals(self, said: dict[str, Any]) -> QuerySet[ExchangeRate]:
        """The rates of the same pair, in the same direction."""
        return ExchangeRate.objects.select_related("source", "target").filter(
            source=said["source"], target=said["target"]
        )

    def _refuse_gain(self, said: dict[str, Any]) -> None:
        """What the service refuses again, told while the form still holds what was typed."""
        source, target, start = said["source"], said["target"], said["starts_at"]
        replaced = [self.instance.pk] if self.instance.pk else []
        if said["is_successor"]:
            ended = self.rivals(said).filter(during__contains=start, during__startswith__lt=start)
            replaced += ended.values_list("pk", flat=True)
        worth = Fraction(said["numerator"], said["denominator"])
        loop = gaining_loop_during(
            DateTimeTZRange(start, said["ends_at"]),
            besides=[Rate(source.code, target.code, worth)],
            without=replaced,
        )
        if loop is not None:
            self.add_error(None, str(RatesGain(loop)))


@admin.register(ExchangeRate)
class ExchangeRateAdmin(PeriodAdmin):
    """What one program's points are worth in another, from when to when."""

    form = ExchangeRateForm
    list_display = ("rate", "cap", "state", "starts", "ends", "created_at")
    list_filter = (InForceFilter, "source", "target")
    list_select_related = ("source", "target")
    ordering = ("source__code", "target__code", "-during")
    fieldsets = (
        (
            None,
            {
                "fields": (("source", "target"), ("denominator", "numerator"), "cap_per_member_day"),
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

    @display(description=_("cap per member and day"), ordering="cap_per_member_day", empty_value="—")
    def cap(self, rate: ExchangeRate) -> str | None:
        """5,000 HOTEL."""
        return None if rate.cap_per_member_day is None else f"{rate.cap_per_member_day:,} {rate.source.code}"

    def save_model(self, request: HttpRequest, obj: ExchangeRate, form: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        """Call the service of what the form asks: publish, replan or end."""
        said, by = form.cleaned_data, actor_of(request.user)
        instants = {"starts_at": said["starts_at"], "ends_at": said["ends_at"]}
        terms = {name: said[name] for name in ("numerator", "denominator", "cap_per_member_day")}
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
