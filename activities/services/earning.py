"""Post what new activities earn: at once where each stands for itself, else as all of the member's say."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from activities.rules.earn_facts import Deed, Outcome
from activities.rules.postings import Earned, posting_ref_of
from activities.selectors.reference import Reference
from activities.services.assessing import insert_assessments
from activities.services.granting import Asked, post
from activities.services.settling import Touched, settle
from units.models import BusinessUnit


class Fresh(NamedTuple):
    """A new activity of a member, and what it earns by itself."""

    activity_id: UUID
    source_ref: str
    member_id: UUID
    deed: Deed
    outcome: Outcome


def earn(
    *, unit: BusinessUnit, fresh: Sequence[Fresh], by: str, at: datetime, reference: Reference
) -> dict[str, list[Earned]]:
    """Keep and post what new activities at `unit` earn. By reference; runs in the caller's transaction.

    Where caps or first visits are looked at, other activities of the member may get or lose points too
    (services/settling.py).

    :raises InsufficientPoints: another activity would lose points that are spent, and the program refuses
    """
    insert_assessments([(one.activity_id, one.deed, one.outcome) for one in fresh])
    alone = [one for one in fresh if not one.outcome.needs_history]
    asked = [
        Asked(
            unit,
            parcel,
            parcel.points,
            one.member_id,
            one.deed.occurred_at,
            posting_ref_of(parcel.label, one.source_ref),
        )
        for one in alone
        for parcel in one.outcome.parcels
    ]
    refs = [one.source_ref for one in alone for _parcel in one.outcome.parcels]
    earned: defaultdict[str, list[Earned]] = defaultdict(list)
    for ref, given in zip(refs, post(asked, by=by, programs=reference.programs), strict=True):
        earned[ref].append(given)
    together = [one for one in fresh if one.outcome.needs_history]
    touched = [Touched(one.activity_id, one.member_id) for one in together]
    settled = settle(touched=touched, by=by, at=at)
    for one in together:
        earned[one.source_ref] += settled.earned.get(one.activity_id, [])
    return earned
