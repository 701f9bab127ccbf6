"""Holding a tier: the level, its append-only history and the event, in one transaction."""

from datetime import UTC, date, datetime

import pytest
from django.db import DatabaseError, transaction

from common.models import OutboxEvent
from members.models import Tier, TierCause, TierChange, TierHeld
from members.selectors.tiers import tier_of, tiers_of
from members.services.tiers import TIER_CHANGED, hold_tier
from tests.factories import make_member

AT = datetime(2026, 11, 2, 8, tzinfo=UTC)


@pytest.fixture
def ladder(db):
    return [
        Tier.objects.create(code=code, level=level, name_zh=zh, name_en=code.title())
        for level, (code, zh) in enumerate([("SILVER", "银卡"), ("GOLD", "金卡")])
    ]


def hold(member, tier, **how):
    return hold_tier(
        **{
            "member_id": member.pk,
            "tier": tier,
            "cause": TierCause.CREDITS,
            "evidence": {},
            "by": "test",
            "at": AT,
        }
        | how
    )


def test_without_a_ladder_nobody_holds_a_tier(db):
    assert tier_of(make_member().pk) is None


def test_who_holds_none_holds_the_lowest(ladder):
    assert tier_of(make_member().pk) == ladder[0]


def test_a_change_is_held_remembered_and_told(ladder):
    member = make_member()

    held = hold(member, ladder[1], evidence={"credits": 1200}, review_on=date(2027, 11, 2))

    assert tiers_of([member.pk]) == {member.pk: ladder[1]}
    assert (held.since, held.review_on) == (AT, date(2027, 11, 2))
    change = TierChange.objects.get()
    assert (change.from_tier, change.to_tier, change.evidence) == (ladder[0], ladder[1], {"credits": 1200})
    event = OutboxEvent.objects.get()
    assert (event.kind, event.subject) == (TIER_CHANGED, str(member.pk))
    assert event.payload == {"from": "SILVER", "to": "GOLD", "cause": "credits"}


def test_the_same_level_again_moves_only_its_review(ladder):
    member = make_member()
    hold(member, ladder[1], review_on=date(2027, 1, 1))

    hold(member, ladder[1], review_on=date(2028, 1, 1), at=AT.replace(day=9))

    held = TierHeld.objects.get()
    assert (held.since, held.review_on) == (AT, date(2028, 1, 1))
    assert TierChange.objects.count() == OutboxEvent.objects.count() == 1


@pytest.mark.parametrize("change", [{"by": "x"}, None])
def test_history_is_neither_rewritten_nor_deleted(ladder, change):
    hold(make_member(), ladder[1])

    with pytest.raises(DatabaseError), transaction.atomic():
        TierChange.objects.all().update(**change) if change else TierChange.objects.all()._raw_delete(
            "default"
        )
