"""What is laid down for activities: the books of rules, credits and programs, read once while they stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings

from activities.rules.earn_book import Book
from activities.rules.earn_terms import Rule
from activities.selectors.credit_rules import CreditLine, credit_lines_of
from activities.selectors.earn_rules import book_of
from points.models import Program
from units.models import BusinessUnit
from units.selectors.reference import Kept, Marks, marks_now

_KEPT = Kept()


@dataclass(frozen=True, slots=True)
class Reference:
    """What is laid down as one transaction sees it. Other threads read what it tells: nobody changes that."""

    marks: Marks

    def book_of(self, unit: BusinessUnit) -> Book:
        """The rules of `unit`, made ready."""
        # A unit without venues takes the group's time zone, which is a setting.
        return _KEPT.under(self.marks, ("book", unit.pk, settings.TIME_ZONE), lambda: book_of(unit))

    def rules_of(self, unit: BusinessUnit) -> Mapping[int, Rule]:
        """Those of its book, by their row."""
        book = self.book_of(unit)
        return _KEPT.under(
            self.marks, ("rules", unit.pk), lambda: {rule.rule_id: rule for rule in book.rules}
        )

    def credit_lines_of(self, unit: BusinessUnit) -> Sequence[CreditLine]:
        """What activities of `unit` count for tiers."""
        return _KEPT.under(self.marks, ("credits", unit.pk), lambda: credit_lines_of(unit))

    def programs(self) -> Mapping[int, Program]:
        """Every program by its row."""
        return _KEPT.under(self.marks, "programs", Program.objects.in_bulk)


def reference_now() -> Reference:
    """What the current transaction sees. One statement, and those that read anew what was changed since."""
    return Reference(marks_now())
