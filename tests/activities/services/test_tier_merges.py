"""Two who become one hold what all their credits come to; two again, each what is theirs."""

import pytest

from common.outbox import deliver_due
from loyalty.listeners import LISTENERS
from loyalty.workflows.merge_members import merge_members, unmerge_members
from members.models import TierChange
from members.selectors.tiers import tier_of
from tests.activities.tiering import AT, make_ladder, make_scheme, record, sale
from tests.factories import make_unit
from tests.members.factories import numbered_member

pytestmark = pytest.mark.django_db


def test_credits_of_both_count_while_they_are_one():
    silver, gold, *_ = make_ladder()
    make_scheme()
    unit, kept, other = make_unit(), numbered_member(), numbered_member()
    record(unit, sale(kept, "600.00"), sale(other, "600.00"))

    merge = merge_members(survivor_id=kept.pk, alias_id=other.pk, evidence="seen", by="user:1", at=AT)
    deliver_due(listeners=LISTENERS, at=AT)

    assert tier_of(kept.pk) == gold
    assert TierChange.objects.get().cause == "merge"
    unmerge_members(merge=merge, evidence="two", by="user:1", at=AT)
    deliver_due(listeners=LISTENERS, at=AT)
    assert {tier_of(kept.pk), tier_of(other.pk)} == {silver}
    assert TierChange.objects.order_by("-id").first().cause == "unmerge"
