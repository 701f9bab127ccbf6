"""Use, hold, release and restore."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.utils import InternalError, ProgrammingError

from benefits.models import EntitlementEntry
from benefits.refusals import (
    AmountOutOfRange,
    EntitlementExhausted,
    EntitlementNotFound,
    NotHonouredHere,
    NotHonouredNow,
)
from benefits.selectors.entitlements import usable_rights
from benefits.selectors.places import Spot
from benefits.services.usages import hold_right, release_right, restore_usage, use_held
from points.refusals import (
    CaptureExceedsHold,
    HoldNotOpen,
    MemberNotActive,
    ReferenceReused,
    ReversalExceedsOriginal,
    UnitNotActive,
)
from tests.benefits.factories import make_benefit, make_rule, make_venue, only_right, rights, use
from tests.factories import NOW, make_member, make_outlet, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def parking(mall):
    """Three hours a day for everybody, worth 0.10 a minute."""
    benefit = make_benefit(provider=mall)
    make_rule(benefit, 180)
    return benefit


def hold(member, amount, unit, *, ref="h1", minutes=15, at=NOW):
    return hold_right(
        right_id=only_right(member, at=at).id,
        member_id=member.pk,
        amount=Decimal(amount),
        spot=Spot(unit),
        source_ref=ref,
        until=at + timedelta(minutes=minutes),
        by="test",
        at=at,
    ).entry


def test_what_is_used_is_gone_for_the_day_and_there_again_tomorrow(member, mall, parking):
    use(member, 100, unit=mall)

    assert only_right(member).left == 80
    assert only_right(member, at=NOW + timedelta(days=1)).left == 180


def test_no_more_is_used_than_is_left(member, mall, parking):
    use(member, 100, unit=mall)

    with pytest.raises(EntitlementExhausted) as refusal:
        use(member, 81, unit=mall)

    assert refusal.value.facts == {
        "asked": "81", "left": "80.00", "measure": "minutes", "period_ends_on": "2026-06-16",
    }  # fmt: skip


def test_the_same_reference_uses_once(member, mall, parking):
    first = use(member, 100, unit=mall, source_ref="r1")
    again = use(member, 100, unit=mall, source_ref="r1")

    assert (again.entry, first.is_replay, again.is_replay) == (first.entry, False, True)
    assert only_right(member).left == 80


def test_a_reference_stands_for_one_usage(member, mall, parking):
    use(member, 100, unit=mall, source_ref="r1")

    with pytest.raises(ReferenceReused):
        use(member, 99, unit=mall, source_ref="r1")


def test_an_entry_leaves_what_settlement_needs(member, mall, parking):
    hotel = make_unit("HOTEL", "hotel")
    shared = make_benefit(
        kind="LOUNGE", provider=hotel, places=[mall], unit_value=Decimal("88.5"), payer="group"
    )
    make_rule(shared, 2, "month")
    right = next(one for one in rights(member) if one.benefit.benefit == shared)

    entry = use(member, 2, unit=mall, right=right.id).entry

    assert (entry.provider, entry.unit, entry.payer) == (hotel, mall, "group")
    assert (entry.value, entry.currency, entry.at) == (Decimal(177), "CNY", NOW)


@pytest.mark.parametrize("amount", ["0", "-1", "1.5", "10000001", "NaN", "Infinity"])
def test_odd_amounts_are_refused_by_name(member, mall, parking, amount):
    with pytest.raises(AmountOutOfRange):
        use(member, amount, unit=mall)


def test_a_benefit_is_honoured_only_at_its_places(member, mall, parking):
    with pytest.raises(NotHonouredHere):
        use(member, 1, unit=make_unit())


def test_a_place_may_be_one_outlet(member, mall):
    desk, other = make_outlet(mall), make_outlet(mall)
    make_rule(make_benefit(provider=mall, places=[desk]), 60)

    assert use(member, 1, unit=mall, outlet=desk).entry.outlet == desk
    with pytest.raises(NotHonouredHere):
        use(member, 1, unit=mall, outlet=other)


def test_a_blackout_is_told_by_the_clock_of_the_venue(member, mall):
    tokyo = make_venue(mall, time_zone="Asia/Tokyo")
    make_rule(make_benefit(provider=mall, blackouts=[("2026-06-16", "2026-06-17")]), 60)
    late = NOW.replace(hour=15, minute=30)  # 23:30 in Shanghai, 00:30 of the 16th in Tokyo

    assert use(member, 1, unit=mall, at=late).entry.amount == 1
    with pytest.raises(NotHonouredNow) as refusal:
        use(member, 1, unit=mall, venue=tokyo, at=late)

    assert refusal.value.facts == {"why": "blackout"}


def test_a_day_may_be_that_of_the_venue(member, mall):
    tokyo = make_venue(mall, time_zone="Asia/Tokyo")
    make_rule(make_benefit(provider=mall), 60, zone="venue")
    late = NOW.replace(hour=15, minute=30)

    use(member, 60, unit=mall, at=late)
    use(member, 60, unit=mall, venue=tokyo, at=late)

    assert {str(entry.period_starts_on) for entry in EntitlementEntry.objects.all()} == {
        "2026-06-15",
        "2026-06-16",
    }


def test_a_frozen_member_uses_nothing(member, mall, parking):
    member.status = "frozen"
    member.save()

    with pytest.raises(MemberNotActive):
        use(member, 1, unit=mall)


def test_a_unit_that_takes_no_part_honours_nothing(member, mall, parking):
    mall.is_active = False
    mall.save()

    with pytest.raises(UnitNotActive):
        use(member, 1, unit=mall)


def test_the_right_of_somebody_else_is_not_there(member, mall, parking):
    with pytest.raises(EntitlementNotFound):
        use(member, 1, unit=mall, right=only_right(make_member()).id)


def test_what_is_held_cannot_be_used_otherwise(member, mall, parking):
    hold(member, 100, mall)

    with pytest.raises(EntitlementExhausted):
        use(member, 81, unit=mall)
    assert only_right(member).left == 80


def test_a_hold_is_used_in_part_and_the_rest_is_let_go(member, mall, parking):
    held = hold(member, 100, mall)

    used = use_held(hold_id=held.pk, amount=Decimal(30), source_ref="u1", by="test", at=NOW)
    again = use_held(hold_id=held.pk, amount=Decimal(30), source_ref="u1", by="test", at=NOW)

    assert (used.entry.amount, again.is_replay) == (30, True)
    assert only_right(member).left == 150


def test_a_hold_is_let_go_and_twice_is_as_once(member, mall, parking):
    held = hold(member, 100, mall)

    first = release_right(hold_id=held.pk, by="test", at=NOW)

    assert release_right(hold_id=held.pk, by="test", at=NOW) == first
    assert only_right(member).left == 180
    with pytest.raises(HoldNotOpen):
        use_held(hold_id=held.pk, source_ref="u1", by="test", at=NOW)


def test_a_hold_that_was_used_is_not_let_go(member, mall, parking):
    held = hold(member, 100, mall)
    use_held(hold_id=held.pk, source_ref="u1", by="test", at=NOW)

    with pytest.raises(HoldNotOpen):
        release_right(hold_id=held.pk, by="test", at=NOW)


def test_no_more_is_used_than_was_held(member, mall, parking):
    held = hold(member, 100, mall)

    with pytest.raises(CaptureExceedsHold):
        use_held(hold_id=held.pk, amount=Decimal(101), source_ref="u1", by="test", at=NOW)


def test_a_hold_past_its_time_counts_as_let_go_before_anybody_releases_it(member, mall, parking):
    held = hold(member, 180, mall)
    later = NOW + timedelta(minutes=15)

    assert only_right(member, at=later).left == 180
    assert use(member, 180, unit=mall, at=later).entry.taken_after == 180
    with pytest.raises(HoldNotOpen):
        use_held(hold_id=held.pk, source_ref="u1", by="test", at=later)


def test_what_is_restored_can_be_used_again(member, mall, parking):
    usage = use(member, 180, unit=mall).entry

    part = restore_usage(usage_id=usage.pk, amount=Decimal(50), source_ref="b1", by="test", at=NOW).entry
    rest = restore_usage(usage_id=usage.pk, source_ref="b2", by="test", at=NOW).entry

    assert (part.value, rest.amount) == (Decimal(5), 130)
    assert only_right(member).left == 180


def test_no_more_is_restored_than_was_used(member, mall, parking):
    usage = use(member, 180, unit=mall).entry
    restore_usage(usage_id=usage.pk, amount=Decimal(50), source_ref="b1", by="test", at=NOW)

    with pytest.raises(ReversalExceedsOriginal):
        restore_usage(usage_id=usage.pk, amount=Decimal(131), source_ref="b2", by="test", at=NOW)


def test_restoring_twice_restores_once(member, mall, parking):
    usage = use(member, 180, unit=mall).entry

    restore_usage(usage_id=usage.pk, source_ref="b1", by="test", at=NOW)
    again = restore_usage(usage_id=usage.pk, source_ref="b1", by="test", at=NOW)

    assert again.is_replay
    assert only_right(member).left == 180


def test_what_is_restored_goes_back_to_the_day_it_was_taken_from(member, mall, parking):
    usage = use(member, 180, unit=mall).entry
    tomorrow = NOW + timedelta(days=1)

    restore_usage(usage_id=usage.pk, source_ref="b1", by="test", at=tomorrow)

    assert only_right(member, at=tomorrow).left == 180


def test_usable_here_is_what_is_honoured_here_with_something_left(member, mall, parking):
    make_rule(make_benefit(provider=make_unit()), 60)

    def here():
        return usable_rights(member_ids=[member.pk], kind="PARKING", unit=mall, at=NOW)

    (found,) = here()
    assert (found.benefit.benefit, found.left, found.measure) == (parking, 180, "minutes")
    use(member, 180, unit=mall, right=found.id)
    assert here() == []


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: EntitlementEntry.objects.filter(pk=entry.pk).update(amount=1),
        lambda entry: EntitlementEntry.objects.filter(pk=entry.pk).delete(),
    ],
)
def test_the_app_changes_no_entry(member, mall, parking, change):
    entry = use(member, 10, unit=mall).entry

    with pytest.raises((ProgrammingError, InternalError)), transaction.atomic():
        change(entry)


def test_the_database_itself_refuses_more_than_is_given(member, mall, parking):
    entry = use(member, 100, unit=mall).entry
    entry.pk, entry.source_ref = None, "behind"
    entry.id = type(entry)._meta.pk.get_default()

    with pytest.raises(IntegrityError, match="nobody_takes_more_than_is_given"), transaction.atomic():
        entry.save(force_insert=True)
