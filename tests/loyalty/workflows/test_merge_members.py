"""Merging two members and undoing it: what moves, what stays, what is refused, and that nothing is lost."""

from datetime import date, timedelta

import pytest

from common.models import OutboxEvent
from loyalty.workflows.merge_members import (
    LaterMergeStands,
    MergedAgain,
    NothingCameFree,
    PreviewChanged,
    preview_merge,
    preview_unmerge,
)
from members.models import (
    EventKind,
    Household,
    HouseholdMember,
    Identity,
    IdentityKind,
    MatchCandidate,
    Member,
    MemberEvent,
    MemberMerge,
    ResidencyRole,
    TierCause,
    TierChange,
)
from members.selectors.members import member_by_number, member_by_phone, member_named
from members.selectors.residencies import roles_of
from members.selectors.tiers import tier_of
from members.services.guardians import record_guardian
from members.services.households import accept_invitation, found_household, invite_to_household
from members.services.lifecycle import GuardianMissing, ReasonMissing, close_member, freeze_member
from members.services.merge_refusals import (
    AlreadyMerged,
    ChildAndAdult,
    FamilyOfTheOther,
    FrozenByHand,
    GeneratedAndReal,
    GuardianAndChild,
    MergeWithItself,
    SurvivorMergedAway,
    SurvivorNotActive,
    TwoHouseholds,
    TwoInOneHousehold,
)
from members.services.residencies import Told, record_residency
from members.services.tiers import hold_tier
from members.services.tokens import proven_member
from points.refusals import WalletHasHolds
from points.services.holds import hold_points, void_hold
from points.services.maturing import release_pending
from points.services.reversal import reverse_accrual, reverse_redemption
from tests.factories import LONG_AGO, NOW, give, make_program, make_unit, redeem
from tests.members.factories import add_identity, enrol, numbered_member, token_of
from tests.members.merging import holdings, ladder, living, merge, unmerge
from units.models import Venue

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


def test_what_was_spent_meanwhile_stays_and_is_said(old, new, mall, program):
    give(old, program, 100)
    done = merge(old, new)
    redeem(new, program, 30, unit=mall)

    undone = unmerge(done)

    told = undone.effects["wallets"][0]
    assert (told["points"], told["spent"]) == (70, 30)
    assert holdings(old, new) == [(70, 0), (0, 0)]


def test_what_came_free_since_goes_back_when_undone_again(old, new, mall, program):
    give(old, program, 100)
    done = merge(old, new)
    hold = hold_points(
        member=new, program=program, unit=mall, price=40, source_ref="h", by="test", at=NOW
    ).hold
    assert unmerge(done).effects["wallets"][0]["held"] == 40
    with pytest.raises(NothingCameFree):
        unmerge(done)
    void_hold(hold_id=hold.pk, units=[mall], at=NOW)

    again = unmerge(done)

    assert (again.turn, again.effects["wallets"][0]["points"]) == (2, 40)
    assert holdings(old, new) == [(100, 0), (0, 0)]


def test_merged_undone_and_merged_again(old, new, mall, program):
    give(old, program, 100)
    first = merge(old, new)
    redeem(new, program, 30, unit=mall)
    unmerge(first)

    second = merge(old, new)
    with pytest.raises(MergedAgain):
        unmerge(first)
    assert holdings(old, new) == [(0, 0), (70, 0)]

    unmerge(second)
    assert holdings(old, new) == [(70, 0), (0, 0)]


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


def test_what_came_for_the_first_of_a_chain_goes_back_to_where_it_pointed(old, new, third, mall, program):
    give(old, program, 100)
    paid = redeem(old, program, 60, unit=mall, source_ref="sale")
    merge(old, new)
    second = merge(new, third)
    back(mall, "sale", 60)
    assert holdings(old, new, third) == [(0, 0), (0, 0), (100, 0)]

    unmerge(second)

    assert paid.posting.pk
    assert holdings(old, new, third) == [(0, 0), (100, 0), (0, 0)]


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


def test_a_refund_of_a_sale_before_the_merge_follows_its_lot(old, new, mall, program):
    give(old, program, 100, source_ref="sale", unit=mall)
    give(new, program, 500)
    merge(old, new)

    taken = refund(mall, "sale", 40)

    assert (taken.taken, taken.owed) == (40, 0)
    assert taken.posting.member == new
    assert sorted(lot[2] for lot in living(new)) == [60, 500]
    assert holdings(old, new) == [(0, 0), (560, 0)]


def test_a_refund_of_what_was_spent_before_the_merge_is_the_survivors_debt(old, new, mall, program):
    give(old, program, 100, source_ref="sale", unit=mall)
    redeem(old, program, 100, unit=mall)
    merge(old, new)

    taken = refund(mall, "sale", 100)

    assert taken.owed == 100
    assert holdings(old, new) == [(0, 0), (-100, 100)]


def test_a_payment_cancelled_after_the_merge_comes_back_to_the_survivor(old, new, mall, program):
    give(old, program, 100)
    redeem(old, program, 100, unit=mall, source_ref="paid")
    before = set(living(old))
    done = merge(old, new)

    back(mall, "paid", 60)

    assert before == set()
    assert holdings(old, new) == [(0, 0), (60, 0)]
    unmerge(done)
    assert holdings(old, new) == [(60, 0), (0, 0)]


def test_pending_points_are_released_where_they_are_now(old, new, mall, program):
    give(old, program, 100, source_ref="stay", unit=mall, available_at=NOW + timedelta(days=9))
    merge(old, new)

    released = release_pending(unit=mall, accrual_ref="stay", source_ref="out", by="test", at=NOW)

    assert released.posting.member == new
    assert redeem(new, program, 100, unit=mall).posting.points == 100


def test_a_retry_of_what_was_asked_before_the_merge_is_a_replay(old, new, mall, program):
    given = give(old, program, 100, source_ref="sale", unit=mall)
    paid = redeem(old, program, 30, unit=mall, source_ref="paid")
    held = hold_points(
        member=old, program=program, unit=mall, price=5, source_ref="held", by="test", at=NOW
    ).hold
    void_hold(hold_id=held.pk, units=[mall], at=NOW)
    merge(old, new)

    again = give(new, program, 100, source_ref="sale", unit=mall)
    paid_again = redeem(new, program, 30, unit=mall, source_ref="paid")
    held_again = hold_points(
        member=new, program=program, unit=mall, price=5, source_ref="held", by="test", at=NOW
    )

    assert again == given
    assert (paid_again.is_replay, paid_again.posting) == (True, paid.posting)
    assert (held_again.is_replay, held_again.hold) == (True, held)
    assert holdings(old, new) == [(0, 0), (70, 0)]


def test_who_was_looked_up_before_the_merge_pays_as_the_survivor(old, new, mall, program):
    give(old, program, 100)
    stale = Member.objects.get(pk=old.pk)
    merge(old, new)

    paid = redeem(stale, program, 40, unit=mall)
    held = hold_points(member=stale, program=program, unit=mall, price=9, source_ref="h", by="t", at=NOW)

    assert paid.posting.member == new
    assert held.hold.member == new


def test_a_debt_goes_along_and_back(old, new, mall, program):
    give(old, program, 100, source_ref="sale", unit=mall)
    redeem(old, program, 100, unit=mall)
    refund(mall, "sale", 100)
    done = merge(old, new)
    assert holdings(old, new) == [(0, 0), (-100, 100)]
    give(new, program, 30)

    undone = unmerge(done)

    told = undone.effects["wallets"][0]
    assert (told["debt"], told["repaid"]) == (70, 30)
    assert holdings(old, new) == [(-70, 70), (0, 0)]


def test_a_sale_in_progress_is_waited_for(old, new, mall, program):
    give(old, program, 100)
    hold_points(member=old, program=program, unit=mall, price=5, source_ref="h", by="test", at=NOW)

    with pytest.raises(WalletHasHolds):
        merge(old, new)

    old.refresh_from_db()
    assert old.merged_into is None
    assert not MemberMerge.objects.exists()


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


def test_what_the_survivor_does_not_say_is_taken_over_and_let_go_of(old, new):
    done = merge(old, new)
    new.refresh_from_db()
    assert new.name == "Wang Xiaoming"
    assert done.effects["filled"] == ["name"]
    assert "Wang" not in str(done.effects)

    unmerge(done)

    new.refresh_from_db()
    assert new.name == ""


def test_a_name_said_since_stays(old, new):
    done = merge(old, new)
    Member.objects.filter(pk=new.pk).update(name="Wang")

    assert unmerge(done).effects["filled"] == []


def test_an_identity_let_go_of_since_comes_back_ended(old, new):
    phone = add_identity(old, IdentityKind.PHONE, "+8613900000001")
    done = merge(old, new)
    Identity.objects.filter(pk=phone.pk).update(is_active=False, ended_at=NOW)

    undone = unmerge(done)

    phone.refresh_from_db()
    assert phone.member == old
    assert undone.effects["ended"] == [phone.pk]


def test_residencies_move_but_for_what_the_survivor_has_as_well(old, new, mall):
    venue = Venue.objects.create(unit=mall, code="V1", name_zh="甲", name_en="V1")
    other = Venue.objects.create(unit=mall, code="V2", name_zh="乙", name_en="V2")

    def live(member, place, ref, ends_on=None):
        told = Told(ref, ResidencyRole.TENANT, date(2026, 1, 1), ends_on)
        return record_residency(venue=place, member=member, told=told, by="t", at=NOW)[0]

    twin = live(old, venue, "A1")
    moving = live(old, other, "A2")
    live(new, venue, "B1", date(2026, 6, 1))

    done = merge(old, new)

    assert done.effects["residencies"] == [str(moving.pk)]
    assert done.effects["stays"]["residencies"] == [str(twin.pk)]
    assert {(role.venue.code) for role in roles_of(member_id=new.pk, at=NOW)} == {"V1", "V2"}
    # The source tells of it again, under the number it knows.
    told = Told("A1", ResidencyRole.TENANT, date(2026, 1, 1), date(2027, 1, 1))
    again, is_new = record_residency(venue=venue, member=new, told=told, by="t", at=NOW)
    assert (again, is_new) == (twin, False)
    unmerge(done)
    moving.refresh_from_db()
    assert moving.member == old


def test_a_bare_enrolment_at_the_same_unit_stays_with_the_alias(old, new, mall):
    for member in (old, new):
        member.enrolments.create(
            unit=mall, channel="counter", joined_at=LONG_AGO, enrolled_by="t", created_at=NOW
        )

    done = merge(old, new)

    assert done.effects["enrolments"] == []
    assert len(done.effects["stays"]["enrolments"]) == 1


def test_a_place_in_a_household_moves_with_its_headship(old, new):
    household = found_household(member=old, shares_points=True, at=NOW)

    done = merge(old, new)

    household.refresh_from_db()
    place = HouseholdMember.objects.get(household=household)
    assert (household.head, place.member, place.shares_points) == (new, new, True)
    unmerge(done)
    household.refresh_from_db()
    place.refresh_from_db()
    assert (household.head, place.member) == (old, old)


def test_two_who_share_a_household_are_two(old, new):
    found_household(member=old, shares_points=False, at=NOW)
    place = invite_to_household(by=old, invited={"number": new.number}, at=NOW)
    accept_invitation(member=new, place_id=place.pk, shares_points=False, at=NOW)

    with pytest.raises(TwoInOneHousehold):
        merge(old, new)


def test_an_invitation_from_the_other_does_not_hinder_and_gives_way(old, new):
    found_household(member=old, shares_points=False, at=NOW)
    place = invite_to_household(by=old, invited={"number": new.number}, at=NOW)

    done = merge(old, new)

    place.refresh_from_db()
    assert (place.state, done.effects["declined"]) == ("declined", [str(place.pk)])
    assert Household.objects.get().head == new


def test_who_is_in_two_households_leaves_one_first(old, new):
    found_household(member=old, shares_points=False, at=NOW)
    found_household(member=new, shares_points=False, at=NOW)

    with pytest.raises(TwoHouseholds):
        merge(old, new)


def test_a_guardian_and_their_child_are_two(old, new):
    Member.objects.filter(pk=new.pk).update(birth_date=date(2020, 1, 1))
    record_guardian(child=new, guardian=old, evidence="seen", by="t", at=NOW)

    with pytest.raises(GuardianAndChild):
        merge(old, new)


def test_family_of_the_other_is_somebody_else(old, new, mall):
    venue = Venue.objects.create(unit=mall, code="V1", name_zh="甲", name_en="V1")
    start = date(2026, 1, 1)
    record_residency(venue=venue, member=old, told=Told("A", ResidencyRole.OWNER, start), by="t", at=NOW)
    record_residency(
        venue=venue, member=new, told=Told("B", ResidencyRole.FAMILY, start, family_of="A"), by="t", at=NOW
    )

    with pytest.raises(FamilyOfTheOther):
        merge(old, new)


def test_a_child_and_an_adult_are_two(old, new):
    Member.objects.filter(pk=old.pk).update(birth_date=date(2010, 1, 1))
    Member.objects.filter(pk=new.pk).update(birth_date=date(1980, 1, 1))

    with pytest.raises(ChildAndAdult):
        merge(old, new)


def test_two_records_of_one_child_need_a_guardian_before(old, new, third):
    Member.objects.filter(pk=old.pk).update(birth_date=date(2020, 1, 1))
    with pytest.raises(GuardianMissing):
        merge(old, new)
    record_guardian(child=Member.objects.get(pk=old.pk), guardian=third, evidence="seen", by="t", at=NOW)

    merge(old, new)

    assert new.guardianships.get().guardian == third


def test_who_is_kept_is_active(old, new):
    freeze_member(member_id=new.pk, reason="suspicion", by="t", at=NOW)
    with pytest.raises(SurvivorNotActive):
        merge(old, new)


def test_a_merge_shakes_off_no_freeze(old, new):
    freeze_member(member_id=old.pk, reason="suspicion", by="t", at=NOW)
    with pytest.raises(FrozenByHand):
        merge(old, new)


def test_who_left_and_came_back_under_another_number_finds_their_points(old, new, program):
    give(old, program, 100)
    close_member(member_id=old.pk, reason="asked for it", by="t", at=NOW)

    merge(old, new)

    assert holdings(old, new) == [(0, 0), (100, 0)]


def test_people_made_for_a_demo_stay_apart(old):
    with pytest.raises(GeneratedAndReal):
        merge(old, numbered_member(is_generated=True))


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


def refund(unit, ref, points):
    return reverse_accrual(
        unit=unit, accrual_ref=ref, points=points, source_ref=f"refund:{ref}", by="test", at=NOW
    )


def back(unit, ref, points):
    return reverse_redemption(
        unit=unit, redemption_ref=ref, points=points, source_ref=f"back:{ref}", by="test", at=NOW
    )
