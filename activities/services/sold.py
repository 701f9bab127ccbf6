"""Sales as refunds find them: locked, with their lines, what was refunded, and what they earned and lost."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from django.utils.translation import gettext as _

from activities.models import Activity, ActivityLine, Assessment
from activities.rules.lines import LineReport
from activities.rules.reading import TAKING, ActivityReport, ReportRefused
from activities.rules.refunds import LineState, share_left
from activities.selectors.activity_points import postings_of, taken_of
from points.models import Posting
from units.models import BusinessUnit

_NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A line of a sale; `weights` by program say what it gave before rounding (none: by its amount)."""

    number: int
    item: str
    category: str
    amount: Decimal
    refunded: Decimal
    weights: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sold:
    """A sale under lock. `given` are its accruals in the order given, `taken` what was reversed of each.

    Where other activities have a say in what it earns (`needs_history`), these are for services/settling.py.
    """

    activity_id: UUID
    needs_history: bool
    source_ref: str
    member_id: UUID | None
    occurred_at: datetime
    amount: Decimal
    refunded: Decimal
    is_returned: bool = False  # a refund of it was recorded: what tells of a sale for nothing
    lines: dict[int, SoldLine] = field(default_factory=dict)
    given: Sequence[Posting] = ()
    taken: dict[UUID, int] = field(default_factory=dict)

    @property
    def left(self) -> Decimal:
        """What of the amount still stands."""
        return self.amount - self.refunded

    def resolved(self, report: ActivityReport) -> ActivityReport:
        """The refund in figures: the whole is what still stands of the sale or of the lines named.

        :raises ReportRefused: unknown_line, already_refunded or refund_exceeds_sale
        """
        self._refuse_unknown_lines(report)
        if report.lines:
            lines = tuple(
                replace(line, amount=self._standing(line)) if line.amount is None else line
                for line in report.lines
            )
            amount = sum((line.amount or _NOTHING for line in lines), _NOTHING)
            report = replace(report, lines=lines, amount=amount)
        elif report.is_whole:
            report = replace(report, amount=self.left)
        is_over = not self.left and (self.amount > 0 or self.is_returned)
        if is_over and report.is_whole:
            words = _("All of the sale was refunded before.")
            raise ReportRefused("already_refunded", words, field="amount")
        self._refuse_excess(report)
        return self.described(report)

    def described(self, report: ActivityReport) -> ActivityReport:
        """The refund's lines as the sale knows them: the article and category are the sale's."""
        if not report.lines or not all(line.number in self.lines for line in report.lines):
            return report
        lines = tuple(
            replace(line, item=self.lines[line.number].item, category=self.lines[line.number].category)
            for line in report.lines
        )
        return replace(report, lines=lines)

    def after(self, report: ActivityReport) -> "Sold":
        """The sale after this refund."""
        lines = dict(self.lines)
        for line in report.lines:
            sold = lines[line.number]
            lines[line.number] = replace(sold, refunded=sold.refunded + (line.amount or _NOTHING))
        return replace(self, refunded=self.refunded + report.amount, lines=lines, is_returned=True)

    def having_taken(self, shares: Sequence[tuple[Posting, int]]) -> "Sold":
        """With these points reversed too."""
        taken = dict(self.taken)
        for posting, points in shares:
            taken[posting.pk] += points
        return replace(self, taken=taken)

    def share_left(self, program_id: int) -> Fraction:
        """The share of its points in a program that it still deserves."""
        if not self.is_returned:
            return Fraction(1)
        lines = [
            LineState(
                line.amount,
                line.refunded,
                line.weights.get(program_id, int(line.amount * 100)),
            )
            for line in self.lines.values()
            if line.amount
        ]
        return share_left(self.amount, self.refunded, lines)

    def _standing(self, line: LineReport) -> Decimal:
        sold = self.lines[line.number]
        return sold.amount - sold.refunded

    def _refuse_unknown_lines(self, report: ActivityReport) -> None:
        unknown = [str(line.number) for line in report.lines if line.number not in self.lines]
        if unknown:
            words = _("The sale has no line %(number)s.") % {"number": ", ".join(unknown[:5])}
            raise ReportRefused("unknown_line", words, field="lines")

    def _refuse_excess(self, report: ActivityReport) -> None:
        for line in report.lines:
            if (line.amount or _NOTHING) > self._standing(line):
                words = _("More than still stands of line %(number)s would be refunded.")
                raise ReportRefused("refund_exceeds_line", words % {"number": line.number}, field="lines")
        if report.amount > self.left:
            words = _("More than the sale's %(amount)s would be refunded.") % {"amount": self.amount}
            raise ReportRefused("refund_exceeds_sale", words, field="amount")


def sold_under(unit: BusinessUnit, refs: Collection[str]) -> dict[str, Sold]:
    """The sales of these references, locked in the order of references: refunds of one come one by one.

    What was refunded, taken back and sold by line is read after the lock.
    """
    found = Activity.objects.filter(unit=unit, source_ref__in=refs).exclude(kind__in=TAKING)
    sales = list(found.order_by("source_ref").select_for_update(no_key=True))
    given = postings_of(sales)
    taken = taken_of([posting.pk for postings in given.values() for posting in postings])
    free = [sale.source_ref for sale in sales if not sale.amount]
    returned = set(
        Activity.objects.filter(unit=unit, refund_of__in=free).values_list("refund_of", flat=True)
        if free
        else ()
    )
    assessed = Assessment.objects.filter(pk__in=[sale.pk for sale in sales])
    kept = {
        pk: (is_so, weights) for pk, is_so, weights in assessed.values_list("pk", "needs_history", "weights")
    }
    lines = _lines_of({sale.pk: kept.get(sale.pk, (False, []))[1] for sale in sales if sale.lines_sha256})
    return {
        sale.source_ref: Sold(
            activity_id=sale.pk,
            needs_history=kept.get(sale.pk, (False, []))[0],
            source_ref=sale.source_ref,
            member_id=sale.member_id,
            occurred_at=sale.occurred_at,
            amount=sale.amount,
            refunded=sale.refunded,
            is_returned=sale.refunded > 0 or sale.source_ref in returned,
            lines=lines[sale.pk],
            given=given[sale.pk],
            taken={posting.pk: taken.get(posting.pk, 0) for posting in given[sale.pk]},
        )
        for sale in sales
    }


def _lines_of(
    weights: Mapping[UUID, Sequence[tuple[int, Sequence[int]]]],
) -> defaultdict[UUID, dict[int, SoldLine]]:
    """The lines of sales, with what they weigh, in the order of their numbers."""
    lines: defaultdict[UUID, dict[int, SoldLine]] = defaultdict(dict)
    if weights:
        for line in ActivityLine.objects.filter(activity_id__in=list(weights)).order_by("number"):
            mine = lines[line.activity_id]
            by_program = {program_id: weighs[len(mine)] for program_id, weighs in weights[line.activity_id]}
            mine[line.number] = SoldLine(
                line.number, line.item, line.category, line.amount, line.refunded, by_program
            )
    return lines
