"""Reviews, and floors by role, by a unit's tier and by hand: who holds what, since when."""

from datetime import date, datetime, timedelta

import pytest

from activities.models import TierCredit, TierStanding
from activities.services.tier_hands import GrantEnded, NoReason, NotAnActiveMember, end_given_tier, give_tier
from activities.services.tier_review import review_tiers
from common.errors import Forbidden, InvalidRequest
from common.models import OutboxEvent
from common.outbox import deliver_due
from loyalty.listeners import LISTENERS
from members.models import Enrolment, TierChange, TierHeld
from members.selectors.tiers import tier_of
from members.services.residencies import Told, record_residency, withdraw_residency
from tests.activities.tiering import AT, hand, make_ladder, make_scheme, record, sale
from tests.factories import make_member, make_unit
from units.models import Venue

pytestmark = pytest.mark.django_db


def at_noon(day):
    return datetime.fromisoformat(f"{day}T04:00:00+00:00")


def review(day, **how):
    return review_tiers(at=at_noon(day), by="test", **how)


def home():
    return Venue.objects.create(
        unit=make_unit(sector="residential"), code="NORTH", name_zh="北苑", name_en="North"
    )


def own(member, venue, starts_on=date(2026, 1, 1), ends_on=None, role="owner", at=AT):
    told = Told(source_ref=f"{role}-{member.number}", role=role, starts_on=starts_on, ends_on=ends_on)
    return record_residency(venue=venue, member=member, told=told, by="test", at=at)[0]


def tell(at=AT):
    assert deliver_due(listeners=LISTENERS, at=at).dead == 0


# --- reviews ---


def test_a_review_lowers_one_level_on_its_day_and_not_before():
    _silver, gold, platinum, _black = make_ladder()
    make_scheme()
    member = make_member()
    record(make_unit(), sale(member, "3000.00"))

    assert review("2027-09-13").lowered == 0
    assert tier_of(member.pk) == platinum
    moved = review("2027-09-14")

    assert (moved.looked_at, moved.lowered) == (1, 1)
    assert tier_of(member.pk) == gold
    change = TierChange.objects.get(to_tier=gold)
    assert (change.cause, change.by) == ("review", "test")
    assert change.evidence["asked"] == "3000.000"
    assert change.evidence["credits"] == "0.000"


def test_a_review_twice_changes_once():
    make_ladder()
    make_scheme()
    record(make_unit(), sale(make_member(), "3000.00"))

    review("2027-09-14")
    again = review("2027-09-14")

    assert (again.looked_at, again.raised, again.lowered) == (0, 0, 0)
    assert OutboxEvent.objects.filter(kind="members.tier_changed").count() == 2


def test_a_review_that_was_killed_goes_on_where_it_stopped():
    silver, *_ = make_ladder()
    make_scheme()
    members = [make_member() for _ in range(5)]
    record(make_unit(), *(sale(member, "1000.00") for member in members))

    class KilledError(Exception):
        pass

    def killed(_done):
        raise KilledError

    with pytest.raises(KilledError):
        review("2027-09-14", a_chunk=2, show=killed)
    assert TierChange.objects.filter(to_tier=silver).count() == 2
    review("2027-09-14", a_chunk=2)

    assert {tier_of(member.pk) for member in members} == {silver}
    assert TierChange.objects.filter(to_tier=silver).count() == 5


def test_who_missed_nights_comes_down_as_each_night_would_have_done():
    silver, *_ = make_ladder()
    make_scheme()
    member = make_member()
    record(make_unit(), sale(member, "8000.00"))

    review("2032-01-01")

    assert tier_of(member.pk) == silver
    assert TierChange.objects.count() == 2


def test_a_late_delivery_after_the_review_gives_the_level_back():
    _silver, gold, *_ = make_ladder()
    make_scheme()
    unit, member = make_unit(), make_member()
    record(unit, sale(member, "1000.00", day="2025-01-10"), at=at_noon("2025-01-10"))
    review("2026-04-12")
    assert tier_of(member.pk).level == 0

    record(unit, sale(member, "1000.00", day="2025-12-01"), at=at_noon("2026-06-15"))

    assert tier_of(member.pk) == gold


# --- roles ---


def test_a_home_owner_is_at_least_gold_as_soon_as_the_role_is_told():
    _silver, gold, *_ = make_ladder()
    make_scheme(roles=[{"role": "owner", "at_least": gold, "grace_days": 60}])
    member = make_member()

    own(member, home())
    tell()

    assert tier_of(member.pk) == gold
    change = TierChange.objects.get()
    assert (change.cause, change.evidence["venue"]) == ("shortcut", "NORTH")
    assert TierHeld.objects.get().review_on is None


def test_the_shortcut_ends_with_the_role_and_its_grace():
    silver, gold, *_ = make_ladder()
    make_scheme(roles=[{"role": "owner", "at_least": gold, "grace_days": 60}])
    member, venue = make_member(), home()
    own(member, venue)
    tell()

    own(member, venue, ends_on=date(2026, 7, 1))
    tell()

    assert TierHeld.objects.get().review_on == date(2026, 8, 30)
    review("2026-08-29")
    assert tier_of(member.pk) == gold
    review("2026-08-30")
    assert tier_of(member.pk) == silver


def test_a_role_withdrawn_or_never_told_is_seen_by_the_review():
    silver, gold, *_ = make_ladder()
    make_scheme(roles=[{"role": "owner", "at_least": gold}])
    member = make_member()
    residency = own(member, home())

    review("2026-06-15")
    assert tier_of(member.pk) == gold
    withdraw_residency(residency_id=residency.pk, by="test", at=AT)
    review("2026-06-16")

    assert tier_of(member.pk) == silver


def test_what_is_earned_above_the_shortcut_stays_above_it():
    _silver, gold, platinum, _black = make_ladder()
    make_scheme(roles=[{"role": "owner", "at_least": gold}])
    member = make_member()
    own(member, home())
    tell()

    record(make_unit(), sale(member, "3000.00"))

    assert tier_of(member.pk) == platinum
    review("2027-09-14")
    assert tier_of(member.pk) == gold
    assert TierStanding.objects.get().level == 1
    review("2032-01-01")
    assert tier_of(member.pk) == gold
    assert TierStanding.objects.get().level == 0


def test_a_role_of_one_unit_goes_before_the_role_anywhere():
    _silver, gold, platinum, _black = make_ladder()
    venue = home()
    make_scheme(
        roles=[
            {"role": "owner", "at_least": gold},
            {"role": "owner", "unit": venue.unit, "at_least": platinum},
        ]
    )
    member = make_member()

    own(member, venue)
    tell()

    assert tier_of(member.pk) == platinum


def test_months_of_a_role_give_credits_once_and_go_back_with_a_mistake():
    make_ladder()
    make_scheme(roles=[{"role": "tenant", "credits_per_month": "50.000"}])
    member = make_member()
    residency = own(member, home(), starts_on=date(2026, 3, 15), role="tenant")

    review("2026-06-01")
    review("2026-06-02")
    review("2026-07-15")

    days = TierCredit.objects.order_by("counts_on").values_list("counts_on", "milli")
    assert list(days) == [(date(2026, month, 1), 50_000) for month in (4, 5, 6, 7)]
    withdraw_residency(residency_id=residency.pk, by="test", at=AT)
    review("2026-08-01")
    assert sum(TierCredit.objects.values_list("milli", flat=True)) == 0


# --- units' tiers ---


def test_a_units_tier_is_matched_while_it_is_valid():
    silver, gold, *_ = make_ladder()
    hotel, member = make_unit(sector="hotel"), make_member()
    make_scheme(matches=[{"unit": hotel, "unit_tier": "Gold", "tier": gold, "valid_months": 12}])
    Enrolment.objects.create(
        member=member, unit=hotel, tier_hint=" GOLD", joined_at=AT, created_at=AT, enrolled_by="test"
    )

    review("2026-06-15")
    assert tier_of(member.pk) == gold
    assert TierChange.objects.get().cause == "matched"
    review("2027-06-14")
    assert tier_of(member.pk) == gold
    review("2027-06-15")

    assert tier_of(member.pk) == silver


# --- by hand ---


def test_a_level_given_by_hand_is_held_at_once_until_its_day():
    silver, _gold, platinum, _black = make_ladder()
    make_scheme()
    member, giver = make_member(), hand("can_give_tier")

    give_tier(member=member, tier=platinum, ends_on=date(2026, 9, 1), reason="Complaint 17", by=giver, at=AT)

    assert tier_of(member.pk) == platinum
    change = TierChange.objects.get()
    assert (change.cause, change.by) == ("by_hand", f"user:{giver.pk}")
    review("2026-09-01")
    assert tier_of(member.pk) == silver


def test_what_was_given_by_hand_is_ended_by_hand_once():
    silver, gold, *_ = make_ladder()
    make_scheme()
    member, giver = make_member(), hand("can_give_tier")
    grant = give_tier(member=member, tier=gold, ends_on=None, reason="Opening", by=giver, at=AT)

    end_given_tier(grant=grant, reason="By mistake", by=giver, at=AT + timedelta(days=1))

    assert tier_of(member.pk) == silver
    with pytest.raises(GrantEnded):
        end_given_tier(grant=grant, reason="Again", by=giver, at=AT + timedelta(days=2))


def test_by_hand_needs_the_right_a_reason_a_day_to_come_and_an_active_member():
    _, gold, *_ = make_ladder()
    make_scheme()
    giver = hand("can_give_tier")
    asked = {"member": make_member(), "tier": gold, "ends_on": None, "reason": "Why", "by": giver, "at": AT}

    with pytest.raises(Forbidden):
        give_tier(**asked | {"by": hand()})
    with pytest.raises(NoReason):
        give_tier(**asked | {"reason": "  "})
    with pytest.raises(InvalidRequest):
        give_tier(**asked | {"ends_on": date(2026, 6, 15)})
    with pytest.raises(NotAnActiveMember):
        give_tier(**asked | {"member": make_member(status="closed")})
    assert not TierChange.objects.exists()


def test_a_new_scheme_raises_everybody_whom_it_raises_on_its_first_day():
    _, gold, *_ = make_ladder()
    make_scheme()
    member = make_member()
    record(make_unit(), sale(member, "600.00"))
    make_scheme(asked=(None, 500, 3000, 8000), starts_on=date(2026, 7, 1))

    assert review("2026-06-30").raised == 0
    assert review("2026-07-01").raised == 1

    assert tier_of(member.pk) == gold
    assert review("2026-07-02").looked_at == 0


def test_the_alias_of_a_merged_member_is_reviewed_as_the_person():
    _, gold, *_ = make_ladder()
    make_scheme()
    kept, alias = make_member(), make_member()
    record(make_unit(), sale(alias, "1000.00"))
    alias.merged_into = kept
    alias.save()

    review("2027-09-14")

    assert not TierHeld.objects.filter(member=kept, tier=gold).exists()
    assert TierStanding.objects.get(pk=alias.pk).look_on is None
