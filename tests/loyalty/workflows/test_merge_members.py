"""Merging two members and undoing it: what moves, what stays, what is refused, and that nothing is lost."""

from datetime import date, timedelta

import pytest

from common.models import OutboxEvent
from loyalty.workflows.merge_members import (
    LaterMergeStands,
    PreviewChanged,
    preview_merge,
    preview_unmerge,
)
from members.models import (
    EventKind,
    IdentityKind,
    MatchCandidate,
    MemberEvent,
    TierCause,
    TierChange,
)
from members.selectors.members import member_by_number, member_by_phone, member_named
from members.selectors.tiers import tier_of
from members.services.lifecycle import ReasonMissing
from members.services.merge_refusals import (
    AlreadyMerged,
    MergeWithItself,
    SurvivorMergedAway,
)
from members.services.tiers import hold_tier
from members.services.tokens import proven_member
from tests.factories import NOW, give, make_program, make_unit, redeem
from tests.members.factories import add_identity, enrol, numbered_member, token_of
from tests.members.merging import holdings, ladder, living, merge, unmerge

pytestmark = pytest.mark.django_db


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def program(mall):
    return make_program("MALLPT", owner=mall)


@pytest.fixture
def old():
    return numbered_member(name="Wang Xiaoming")


@pytest.fixture
def new():
    return numbered_member()


@pytest.fixture
def third():
    return numbered_member()


def test_identities_cards_and_points_become_the_survivors(old, new, mall, program):
    add_identity(old, IdentityKind.PHONE, "+8613900000001")
    enrol(mall, legacy_card="C1", phone="13900000001")
    give(old, program, 100)
    give(new, program, 7)

    done = merge(old, new)

    old.refresh_from_db()
    assert old.merged_into == new
    assert member_by_phone("13900000001") == new
    assert member_named({"card": "C1"}, unit=mall) == new
    assert holdings(old, new) == [(0, 0), (107, 0)]
    assert done.effects["wallets"][0]["points"] == 100


def test_an_alias_keeps_resolving_by_its_number_and_its_id(old, new, mall):
    merge(old, new)

    assert member_by_number(old.number) == new
    assert member_named({"id": str(old.pk)}, unit=mall) == new


def test_there_and_back_leaves_everything_as_it_was(old, new, mall, program):
    identity = add_identity(old, IdentityKind.PHONE, "+8613900000001")
    give(old, program, 100)
    give(old, program, 50, available_at=NOW + timedelta(days=3))
    before = living(old), living(new)

    undone = unmerge(merge(old, new))

    old.refresh_from_db()
    identity.refresh_from_db()
    assert old.merged_into is None
    assert (identity.member, identity.value) == (old, "+8613900000001")
    assert (living(old), living(new)) == before
    assert undone.effects["wallets"] == [
        {
            **dict.fromkeys(("spent", "expired", "held", "repaid", "debt"), 0),
            "program": "MALLPT",
            "points": 150,
            "postings": undone.effects["wallets"][0]["postings"],
        }
    ]


def test_merging_again_what_is_merged_answers_the_merge_that_stands(old, new):
    assert merge(old, new) == merge(old, new)


def test_chains_point_at_the_last_survivor_and_are_undone_last_first(old, new, third, mall, program):
    give(old, program, 100)
    give(new, program, 10)
    first = merge(old, new)
    second = merge(new, third)

    old.refresh_from_db()
    assert old.merged_into == third
    assert member_by_number(old.number) == third
    assert holdings(old, new, third) == [(0, 0), (0, 0), (110, 0)]
    with pytest.raises(LaterMergeStands):
        unmerge(first)

    unmerge(second)
    old.refresh_from_db()
    assert old.merged_into == new
    assert holdings(old, new, third) == [(0, 0), (110, 0), (0, 0)]
    unmerge(first)
    assert holdings(old, new, third) == [(100, 0), (10, 0), (0, 0)]


def test_no_circle_can_come_about(old, new, third):
    merge(old, new)
    with pytest.raises(SurvivorMergedAway):
        merge(new, old)
    merge(new, third)
    with pytest.raises(SurvivorMergedAway):
        merge(third, old)
    with pytest.raises(AlreadyMerged):
        merge(old, third)
    with pytest.raises(MergeWithItself):
        merge(third, third)


def test_the_better_tier_is_held_and_given_back(old, new):
    silver, gold, _black = ladder()
    hold_tier(member_id=old.pk, tier=gold, cause=TierCause.CREDITS, evidence={}, by="t", at=NOW)

    done = merge(old, new)

    assert tier_of(new.pk) == gold
    assert TierChange.objects.get(member=new).cause == TierCause.MERGE
    undone = unmerge(done)
    assert (tier_of(new.pk), tier_of(old.pk)) == (silver, gold)
    assert undone.effects["tier"] == {
        "from": "GOLD", "to": "SILVER", "review_on": None, "stays": False,
    }  # fmt: skip


def test_a_lower_tier_changes_nothing(old, new):
    _silver, gold, black = ladder()
    hold_tier(member_id=old.pk, tier=gold, cause=TierCause.CREDITS, evidence={}, by="t", at=NOW)
    hold_tier(member_id=new.pk, tier=black, cause=TierCause.CREDITS, evidence={}, by="t", at=NOW)

    done = merge(old, new)

    assert (done.effects["tier"], tier_of(new.pk)) == (None, black)


def test_of_one_tier_the_later_review_holds(old, new):
    _silver, gold, _black = ladder()
    for member, day in ((old, date(2027, 5, 1)), (new, date(2026, 9, 1))):
        hold_tier(
            member_id=member.pk,
            tier=gold,
            cause=TierCause.CREDITS,
            evidence={},
            by="t",
            at=NOW,
            review_on=day,
        )

    done = merge(old, new)

    new.tier_held.refresh_from_db()
    assert new.tier_held.review_on == date(2027, 5, 1)
    unmerge(done)
    new.tier_held.refresh_from_db()
    assert new.tier_held.review_on == date(2026, 9, 1)


def test_a_tier_decided_since_stays(old, new):
    _silver, gold, black = ladder()
    hold_tier(member_id=old.pk, tier=gold, cause=TierCause.CREDITS, evidence={}, by="t", at=NOW)
    done = merge(old, new)
    hold_tier(member_id=new.pk, tier=black, cause=TierCause.CREDITS, evidence={}, by="t", at=NOW)

    undone = unmerge(done)

    assert undone.effects["tier"]["stays"]
    assert tier_of(new.pk) == black


def test_tokens_end_on_both_ways_and_a_stale_one_proves_the_survivor(old, new):
    before = token_of(old)
    done = merge(old, new)
    assert proven_member(token=before, at=NOW) is None
    old.refresh_from_db()
    since = token_of(old, at=NOW + timedelta(seconds=1))
    later = NOW + timedelta(seconds=2)
    assert proven_member(token=since, at=later) == new

    unmerge(done, at=later)

    assert proven_member(token=since, at=later + timedelta(seconds=1)) is None


def test_a_merge_says_why(old, new):
    with pytest.raises(ReasonMissing):
        merge(old, new, evidence="  ")


def test_the_questions_whether_they_are_one_are_answered_both_ways(old, new, mall):
    asked = MatchCandidate.objects.create(member=new, other=old, unit=mall, score=0.9, created_at=NOW)
    done = merge(old, new)
    asked.refresh_from_db()
    assert (asked.state, asked.decided_by) == ("same", "user:1")

    unmerge(done)

    asked.refresh_from_db()
    assert asked.state == "different"


def test_both_histories_and_the_outbox_tell_of_it(old, new):
    done = merge(old, new)
    unmerge(done)

    kinds = MemberEvent.objects.filter(member__in=[old, new]).values_list("kind", flat=True)
    assert sorted(kinds) == sorted([EventKind.MERGED, EventKind.UNMERGED] * 2)
    told = OutboxEvent.objects.filter(kind__startswith="members.").order_by("id")
    assert [(event.kind, event.subject, event.payload["alias"]) for event in told] == [
        ("members.merged", str(new.pk), str(old.pk)),
        ("members.unmerged", str(new.pk), str(old.pk)),
    ]


def test_a_preview_writes_nothing_and_the_merge_does_exactly_that(old, new, program):
    add_identity(old, IdentityKind.PHONE, "+8613900000001")
    give(old, program, 100)

    shown = preview_merge(survivor_id=new.pk, alias_id=old.pk, by="user:1", at=NOW)

    assert holdings(old, new) == [(100, 0), (0, 0)]
    assert not OutboxEvent.objects.exists()
    done = merge(old, new, seal=shown.seal)
    for told in (done.effects, shown.effects):
        told["wallets"][0].pop("posting")
    assert done.effects == shown.effects


def test_the_preview_of_undoing_is_what_is_undone(old, new, mall, program):
    give(old, program, 100)
    done = merge(old, new)
    redeem(new, program, 30, unit=mall)

    shown = preview_unmerge(merge=done, by="user:1", at=NOW)
    undone = unmerge(done, seal=shown.seal)

    assert shown.effects["wallets"][0]["spent"] == undone.effects["wallets"][0]["spent"] == 30


def test_what_changed_since_it_was_shown_is_shown_again(old, new, mall, program):
    give(old, program, 100)
    shown = preview_merge(survivor_id=new.pk, alias_id=old.pk, by="user:1", at=NOW)
    redeem(old, program, 1, unit=mall)

    with pytest.raises(PreviewChanged):
        merge(old, new, seal=shown.seal)
