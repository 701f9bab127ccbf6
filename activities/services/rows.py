"""The rows of activities: what a report becomes, how new ones are inserted and old ones compared."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from activities.models import Activity
from activities.rules.earn_facts import Deed, Outcome
from activities.rules.lines import LineReport, digest_of
from activities.rules.postings import Earned
from activities.rules.reading import ActivityReport, DuplicateReference, ReportRefused
from common.clock import uuid7s
from common.sql import instant_array, plain_array, text_array
from members.selectors.merges import ever_one_with
from units.models import BusinessUnit

# What must be the same for a reference to be the same activity. Other columns may differ between two exports.
CONTENT = (
    *("kind", "member_id", "outlet_id", "occurred_at", "amount", "currency", "category", "quantity"),
    *("paid_with_points", "refund_of", "period_starts_on", "period_ends_on", "lines_sha256"),
)
_MEMBER = CONTENT.index("member_id")

_INSERT = """
INSERT INTO activities_activity (
    id, unit_id, source_ref, kind, member_id, outlet_id, occurred_at, amount, currency, category, quantity,
    paid_with_points, refund_of, attributes, period_starts_on, period_ends_on, lines_sha256, reason,
    is_generated, recorded_at, reported_by)
SELECT n.id, %s, n.source_ref, n.kind, n.member_id, n.outlet_id, n.occurred_at, n.amount, %s, n.category,
       n.quantity, n.paid, n.refund_of, n.attributes, n.starts_on, n.ends_on, n.lines_sha256,
       n.reason, %s, %s, %s
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::uuid[], %s::int[], %s::timestamptz[], %s::numeric[],
            %s::text[], %s::numeric[], %s::numeric[], %s::text[], %s::jsonb[], %s::date[], %s::date[],
            %s::text[], %s::text[])
    AS n (id, source_ref, kind, member_id, outlet_id, occurred_at, amount, category, quantity, paid,
          refund_of, attributes, starts_on, ends_on, lines_sha256, reason)
ON CONFLICT (unit_id, source_ref) DO NOTHING
RETURNING source_ref
"""


_INSERT_LINES = """
INSERT INTO activities_activityline (activity_id, number, item, category, quantity, amount)
SELECT * FROM unnest(%s::uuid[], %s::smallint[], %s::text[], %s::text[], %s::numeric[], %s::numeric[])
"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one report: recorded (`is_new`), already there with the same content, or refused.

    `earned` and, of a refund, the points `taken_back` are told of new ones only; of a sale whose refund had
    arrived before it, both. A refund whose sale is not there yet `is_waiting`. Why:
    its assessment says.
    """

    activity_id: UUID | None
    is_new: bool = False
    earned: tuple[Earned, ...] = ()
    taken_back: int = 0
    is_waiting: bool = False
    refusal: ReportRefused | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A report that may be recorded, with what it means here: whose it is, and what it earns by itself."""

    report: ActivityReport
    member_id: UUID | None
    deed: Deed | None = None
    outcome: Outcome | None = None

    @property
    def besides_amounts(self) -> tuple[object, ...]:
        """See StoredActivity."""
        return besides_amounts(self.content)

    @property
    def content(self) -> tuple[object, ...]:
        r = self.report
        return (
            *(
                r.kind,
                self.member_id,
                r.outlet_id,
                r.occurred_at,
                r.amount,
                r.currency,
                r.category,
                r.quantity,
            ),
            *(r.paid_with_points, r.refund_of, r.period_starts_on, r.period_ends_on, digest_of(r.lines)),
        )


class StoredActivity(NamedTuple):
    """An activity that was there before, with its CONTENT."""

    activity_id: UUID
    content: tuple[object, ...]
    is_claimed: bool = False

    @property
    def besides_amounts(self) -> tuple[object, ...]:
        """What the refund of a whole says: its amount came of the sale."""
        return besides_amounts(self.content)

    def is_told_by(self, draft: Draft) -> bool:
        """Whether this is what `draft` reports: a claimed sale comes again as its unit knew it, nobody's."""
        if self.is_claimed and draft.member_id is None:
            same_person = (*draft.content[:_MEMBER], self.content[_MEMBER], *draft.content[_MEMBER + 1 :])
            return self.content == same_person
        return is_same_content(self.content, draft.content)


def besides_amounts(content: tuple[object, ...]) -> tuple[object, ...]:
    """The content without its amount and lines."""
    return tuple(
        cell for name, cell in zip(CONTENT, content, strict=True) if name not in ("amount", "lines_sha256")
    )


def is_same_content(stored: tuple[object, ...], told: tuple[object, ...]) -> bool:
    """Whether both are one activity: all the same, but that its member may have another id since a merge."""
    if stored == told:
        return True
    was, now = stored[_MEMBER], told[_MEMBER]
    if not isinstance(was, UUID) or not isinstance(now, UUID):
        return False
    rest = (*stored[:_MEMBER], now, *stored[_MEMBER + 1 :])
    return rest == told and was in ever_one_with(now)


def other_content() -> DuplicateReference:
    """The refusal of a reference that stands for something else."""
    words = _("This reference stands for an activity with other content.")
    return DuplicateReference("duplicate_reference", words, field="source_ref")


def insert_activities(
    unit: BusinessUnit, drafts: Sequence[tuple[str, Draft]], *, by: str, at: datetime, is_generated: bool
) -> dict[str, UUID]:
    """Insert what is new, in the order of references, so that two imports at once never wait in a circle.

    Returns reference → id of what was inserted; the others were there before.
    """
    if not drafts:
        return {}
    reports = [draft.report for _ref, draft in drafts]
    ids = dict(zip((ref for ref, _draft in drafts), uuid7s(len(drafts)), strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                *(unit.pk, unit.currency, is_generated, at, by),
                plain_array(ids.values()),
                text_array([ref for ref, _draft in drafts]),
                plain_array(r.kind for r in reports),
                plain_array(draft.member_id for _ref, draft in drafts),
                plain_array(r.outlet_id for r in reports),
                instant_array(r.occurred_at for r in reports),
                plain_array(r.amount for r in reports),
                text_array([r.category for r in reports]),
                plain_array(r.quantity for r in reports),
                plain_array(r.paid_with_points for r in reports),
                text_array([r.refund_of for r in reports]),
                text_array([json.dumps(r.attributes) if r.attributes else "{}" for r in reports]),
                plain_array(r.period_starts_on for r in reports),
                plain_array(r.period_ends_on for r in reports),
                plain_array(digest_of(r.lines) or '""' for r in reports),
                text_array([r.reason for r in reports]),
            ],
        )
        fresh = {ref: ids[ref] for (ref,) in cursor.fetchall()}
    _insert_lines(
        [(fresh[ref], line) for ref, draft in drafts if ref in fresh for line in draft.report.lines]
    )
    return fresh


def _insert_lines(lines: Sequence[tuple[UUID, LineReport]]) -> None:
    """Write the lines of new activities, whole activities at a time: the database checks that they add up."""
    if not lines:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT_LINES,
            [
                plain_array(activity for activity, _line in lines),
                plain_array(line.number for _activity, line in lines),
                text_array([line.item for _activity, line in lines]),
                text_array([line.category for _activity, line in lines]),
                plain_array(line.quantity for _activity, line in lines),
                plain_array(line.amount for _activity, line in lines),
            ],
        )


def stored_activities(unit: BusinessUnit, refs: Collection[str]) -> dict[str, StoredActivity]:
    """The activities that were there before, by reference."""
    if not refs:
        return {}
    rows = Activity.objects.filter(unit=unit, source_ref__in=refs)
    told = rows.values_list("source_ref", "pk", "claimed_at", *CONTENT)
    return {row[0]: StoredActivity(row[1], row[3:], row[2] is not None) for row in told}
