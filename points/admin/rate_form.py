"""Forms of the rate book: the terms of a rate, with what the service would refuse told beside the field."""

from datetime import datetime
from fractions import Fraction
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from psycopg2.extras import DateTimeTZRange

from points.admin.periods import PeriodForm
from points.models import ExchangeRate, RateProposal
from points.rules.loops import Rate
from points.selectors.rates import gaining_loop_with
from points.services.rates import TERM_MAX, RatesGain, RateTerms


class RateForm(PeriodForm):
    """One rate of a pair of programs, to be proposed."""

    replaced: ExchangeRate | None = None

    class Meta:
        model = RateProposal
        fields: tuple[str, ...] = ("source", "target", "numerator", "denominator", "cap_per_member_day")
        labels = {"cap_per_member_day": _("Cap per member and day")}
        help_texts = {
            "cap_per_member_day": _(
                "Source points that one member may exchange at this rate in one day. Empty: any number."
            )
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.starts_on_approval = False
        self.fields["starts_at"].help_text = _("Empty: from the approval on.")
        # What the database demands, in words beside the field.
        for name in ("numerator", "denominator"):
            self.fields[name].validators += [MinValueValidator(1), MaxValueValidator(TERM_MAX)]
        at_least_one = MinValueValidator(1, _("A cap lets at least one point by. Empty: any number."))
        self.fields["cap_per_member_day"].validators.append(at_least_one)

    def clean_starts_at(self) -> datetime | None:
        """Remember whether a start was given at all."""
        start: datetime | None = self.cleaned_data["starts_at"]
        self.starts_on_approval = start is None
        return start

    def clean(self) -> dict[str, Any]:
        """A rate joins two programs, and closes no circle that gains."""
        said = super().clean()
        if said.get("source") and said.get("source") == said.get("target"):
            self.add_error("target", _("A rate joins two different programs."))
        elif not self.errors:
            self._refuse_gain(said)
        return said

    def rivals(self, said: dict[str, Any]) -> QuerySet[ExchangeRate]:
        """The other rates of the same pair, in the same direction."""
        pair = ExchangeRate.objects.select_related("source", "target").filter(
            source=said["source"], target=said["target"]
        )
        return pair if self.replaced is None else pair.exclude(pk=self.replaced.pk)

    def _refuse_gain(self, said: dict[str, Any]) -> None:
        """What the service refuses again, told while the form still holds what was typed."""
        worth = Fraction(said["numerator"], said["denominator"])
        loop = gaining_loop_with(
            Rate(said["source"].code, said["target"].code, worth),
            during=DateTimeTZRange(said["starts_at"], said["ends_at"]),
            replaces=None if self.replaced is None else self.replaced.pk,
            is_successor=said["is_successor"],
        )
        if loop is not None:
            self.add_error(None, str(RatesGain(loop)))


class ReplanForm(RateForm):
    """Other terms for a rate that has not begun."""

    class Meta(RateForm.Meta):
        fields = ("numerator", "denominator", "cap_per_member_day")

    def __init__(self, *args: Any, rate: ExchangeRate, **kwargs: Any) -> None:
        told = {name: getattr(rate, name) for name in self.Meta.fields}
        told |= {"starts_at": rate.during.lower, "ends_at": rate.during.upper}
        super().__init__(*args, initial=told, **kwargs)
        self.replaced = rate
        del self.fields["is_successor"]

    def clean(self) -> dict[str, Any]:
        """The pair is the rate's."""
        assert self.replaced is not None, "given when made"
        self.cleaned_data |= {
            "source": self.replaced.source,
            "target": self.replaced.target,
            "is_successor": False,
        }
        return super().clean()


def terms_in(form: RateForm) -> RateTerms:
    """What a clean form says of the rate itself."""
    said = form.cleaned_data
    return RateTerms(
        numerator=said["numerator"],
        denominator=said["denominator"],
        starts_at=None if form.starts_on_approval else said["starts_at"],
        ends_at=said["ends_at"],
        cap_per_member_day=said["cap_per_member_day"],
    )
