"""What refuses a right, a grant or an entry: each guard of its own, so that none hides behind another."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from benefits.models import EntitlementEntry, EntitlementGrant, GrantCause, QuotaPeriod
from benefits.refusals import AmountOutOfRange, EntitlementNotFound, GrantEnded
from benefits.selectors.places import Spot
from benefits.services import usages
from benefits.services.entries import lock_people
from benefits.services.grants import GrantTerms, expire_grants, grant_right, withdraw_grant
from benefits.services.usages import hold_right, release_right, restore_usage, use_held
from common.clock import uuid7
from common.errors import Unavailable
from points.refusals import HoldNotOpen, InstantOutOfRange, MemberNotActive, ReferenceReused, UnitNotActive
from tests.benefits.factories import make_benefit, make_grant, make_rule, only_right, use
from tests.factories import NOW, make_member

pytestmark = pytest.mark.django_db
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
def gym(mall):
    return make_benefit(kind="GYM", provider=mall)


@pytest.fixture
def give(member, gym, mall):
    def grant(*, at=NOW, ref="g1", amount="5", ends_at=NOW + 30 * DAY, **terms):
        told = {"amount": Decimal(amount), "starts_at": NOW, "ends_at": ends_at} | terms
        return grant_right(
            member_id=member.pk,
            benefit=gym,
            terms=GrantTerms(**told),
            cause=GrantCause.PURCHASE,
            unit=mall,
            source_ref=ref,
            by="test",
            at=at,
        )

    return grant


def test_a_grant_asked_for_again_is_the_first_one(give):
    first = give()

    assert give().grant == first.grant
    assert EntitlementGrant.objects.count() == 1


@pytest.mark.parametrize(
    "other",
    [{"amount": "6"}, {"ends_at": NOW + 31 * DAY}, {"ends_at": None}, {"period": QuotaPeriod.MONTH}],
)
def test_the_reference_of_a_grant_stands_for_that_grant(give, other):
    give()

    with pytest.raises(ReferenceReused):
        give(**other)


@pytest.mark.parametrize("ends_at", [NOW, NOW + DAY, NOW + 2 * DAY])
def test_a_grant_that_would_be_over_is_refused(give, ends_at):
    with pytest.raises(InstantOutOfRange):
        give(at=NOW + DAY, starts_at=NOW + 2 * DAY, ends_at=ends_at)
    assert not EntitlementGrant.objects.exists()


def test_a_grant_is_an_amount_of_its_benefit(give):
    with pytest.raises(AmountOutOfRange):
        give(amount="1.5")


def test_who_is_frozen_is_given_nothing(give, member):
    member.status = "frozen"
    member.save(update_fields=["status"])

    with pytest.raises(MemberNotActive):
        give()


def test_a_unit_that_takes_no_part_gives_nothing(give, mall):
    mall.is_active = False
    mall.save(update_fields=["is_active"])

    with pytest.raises(UnitNotActive):
        give()


def test_a_grant_ends_once(give):
    withdrawn, expired = give().grant, give(ref="g2", ends_at=NOW + DAY).grant
    withdraw_grant(grant=withdrawn, reason="refund", by="test", at=NOW)

    with pytest.raises(GrantEnded):
        withdraw_grant(grant=withdrawn, reason="again", by="test", at=NOW)
    # Over at its instant, whether or not anybody has booked it.
    with pytest.raises(GrantEnded):
        withdraw_grant(grant=expired, reason="late", by="test", at=NOW + DAY)
    assert expire_grants(by="test", at=NOW + DAY) == 1


def hold(member, unit, right, amount):
    """A quarter of an hour of `right`."""
    return hold_right(
        right_id=right,
        member_id=member.pk,
        amount=Decimal(amount),
        spot=Spot(unit),
        source_ref="held",
        until=NOW + 15 * MINUTE,
        by="test",
        at=NOW,
    ).entry


def test_a_hold_past_its_time_is_used_by_nobody(member, mall):
    make_rule(make_benefit(provider=mall), 180)
    held = hold(member, mall, only_right(member).id, 60)

    with pytest.raises(HoldNotOpen):
        use_held(hold_id=held.pk, source_ref="u", by="test", at=NOW + 15 * MINUTE)
    assert use_held(hold_id=held.pk, source_ref="u", by="test", at=NOW + 14 * MINUTE).entry.kind == "use"


def test_a_retry_hears_its_usage_though_the_right_has_ended_since(member, mall, gym):
    grant = make_grant(member, gym, 3)
    first = use(member, 1, unit=mall, right=grant.pk, source_ref="u1")
    withdraw_grant(grant=grant, reason="refund", by="test", at=NOW)

    again = use(member, 1, unit=mall, right=grant.pk, source_ref="u1")

    assert (again.is_replay, again.entry) == (True, first.entry)
    with pytest.raises(EntitlementNotFound):
        use(member, 1, unit=mall, right=grant.pk, source_ref="u2")


def test_under_the_lock_a_right_is_still_that_of_who_was_locked(member, mall, gym):
    spot, right = Spot(mall), make_grant(member, gym, 3).pk
    seen = usages._right(right, member.pk, spot, NOW)

    assert usages._right(right, member.pk, spot, NOW, seen=seen).id == right
    other = replace(seen, right=replace(seen.right, holder_id=make_member().pk))
    with pytest.raises(EntitlementNotFound):
        usages._right(right, member.pk, spot, NOW, seen=other)


def test_who_was_merged_away_meanwhile_is_not_locked_as_themselves(member):
    alias = make_member(merged_into=member, status="closed")

    with pytest.raises(Unavailable):
        lock_people({alias.pk})


def behind(origin, kind, amount, **fields):
    """An entry that no service would write, as a stray statement of the app might."""
    names = (
        "entitlement", "period_starts_on", "period_ends_on", "given", "elsewhere", "holder_id", "member_id",
        "grant_id", "version_id", "provider_id", "unit_id", "payer", "unit_value", "currency",
    )  # fmt: skip
    copied = {name: getattr(origin, name) for name in names}
    told = {
        "of": origin,
        "value": Decimal(amount) * origin.unit_value,
        "source_ref": f"behind-{kind}",
    } | fields
    return EntitlementEntry.objects.create(
        id=uuid7(), kind=kind, amount=Decimal(amount), actor="x", at=NOW, **{**copied, **told}
    )


@pytest.fixture
def used(member, mall, gym):
    return use(member, 3, unit=mall, right=make_grant(member, gym, 9).pk, source_ref="used").entry


@pytest.fixture
def held(member, mall, gym):
    return hold(member, mall, make_grant(member, gym, 9).pk, 3)


@pytest.mark.parametrize(
    ("of", "kind", "amount"),
    [
        ("used", "restore", 4),  # more than was used
        ("held", "restore", 1),  # a hold is no usage
        ("held", "use", 4),  # more than was held
        ("held", "release", 2),  # a hold is let go whole
        ("used", "release", 3),  # a usage is no hold
    ],
)
def test_the_database_refuses_to_give_back_or_take_what_was_not(request, of, kind, amount):
    origin = request.getfixturevalue(of)

    with pytest.raises(IntegrityError, match="no more is"), transaction.atomic():
        behind(origin, kind, amount)


def test_the_database_adds_up_what_was_restored(used):
    restore_usage(usage_id=used.pk, amount=Decimal(2), source_ref="b1", by="test", at=NOW)

    with pytest.raises(IntegrityError, match="no more is restored"), transaction.atomic():
        behind(used, "restore", 2)


def test_an_entry_follows_one_of_its_own_right_and_period(used):
    for other in ({"entitlement": uuid7()}, {"period_starts_on": NOW.date()}):
        with pytest.raises(IntegrityError, match="own right and period"), transaction.atomic():
            behind(used, "restore", 1, **other)


def test_the_database_ends_a_hold_once(held, member, mall):
    use(member, 4, unit=mall, right=held.grant_id)
    release_right(hold_id=held.pk, by="test", at=NOW)

    with pytest.raises(IntegrityError, match="a_held_entitlement_ends_once"), transaction.atomic():
        behind(held, "release", 3, source_ref="twice")
