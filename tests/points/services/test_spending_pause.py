"""For a day after a change of phone nothing leaves the wallets; earning and what was held before go on."""

from datetime import timedelta

import pytest

from members.models import IdentityKind, Member
from members.services.identities import ask_to_bind, prove_identity, unbind_identity
from points.refusals import SpendingPaused
from points.services.exchange import quote_exchange
from points.services.holds import capture_hold, hold_points
from points.services.pooling import redeem_pooled
from points.services.redemption import quote_redemption, redeem_points
from points.services.transfer import transfer_points
from tests.factories import NOW, balance, give, make_program, make_rate, make_unit
from tests.members.factories import add_identity, numbered_member
from tests.points.services.households import make_household

pytestmark = pytest.mark.django_db
DAY = timedelta(hours=24)


@pytest.fixture
def shop():
    unit = make_unit("MALL")
    return unit, make_program("MALLPT", owner=unit)


@pytest.fixture
def ann(shop):
    member = numbered_member(name="Ann")
    add_identity(member, IdentityKind.PHONE, "+8613812345678")
    give(member, shop[1], 500)
    return member


def change_phone(member, outbox, at=NOW):
    proof = ask_to_bind(member=member, kind="phone", value="+8613912345678", at=at)
    code = outbox()[-1]["code"]
    prove_identity(member=member, proof_id=proof.pk, code=code, by="member", at=at)
    return Member.objects.get(pk=member.pk)


def ways_out(member, shop, other):
    unit, program = shop
    who = {"member": member, "program": program, "unit": unit, "price": 10}
    said = {"by": "till", "at": NOW + DAY - timedelta(seconds=1)}
    yield lambda: quote_redemption(**who, at=said["at"])
    yield lambda: redeem_points(**who, source_ref="R", **said)
    yield lambda: hold_points(**who, source_ref="H", **said)
    yield lambda: redeem_pooled(**who, source_ref="P", **said)
    yield lambda: quote_exchange(member=member, source=program, target=other, points=10, at=said["at"])
    yield lambda: transfer_points(
        giver=member, recipient=numbered_member(), program=program, points=10, source_ref="T", **said
    )


def test_after_a_new_phone_no_way_leads_out_for_a_day(ann, shop, outbox):
    other = make_program("HOTELPT", owner=make_unit("HOTEL", sector="hotel"))
    make_rate(shop[1], other, 1)
    paused = change_phone(ann, outbox)

    for way in ways_out(paused, shop, other):
        with pytest.raises(SpendingPaused):
            way()

    assert balance(ann, shop[1]) == 500
    unit, program = shop
    after = NOW + DAY
    redeem_points(member=paused, program=program, unit=unit, price=10, source_ref="R", by="till", at=after)
    assert balance(ann, program) == 490


def test_letting_go_of_a_phone_pauses_too(ann, shop, outbox):
    second = add_identity(ann, IdentityKind.PHONE, "+8613912345678")

    unbind_identity(member=ann, key=second.key, by="member", at=NOW)

    ann.refresh_from_db()
    assert ann.spending_paused_until == NOW + DAY


def test_a_first_phone_pauses_nothing(shop, outbox):
    member = numbered_member(name="Ann")

    assert change_phone(member, outbox).spending_paused_until is None


def test_what_was_held_before_is_captured_and_what_was_paid_is_answered(ann, shop, outbox):
    unit, program = shop
    sale = {"member": ann, "program": program, "unit": unit, "by": "till"}
    paid = redeem_points(**sale, price=10, source_ref="R", at=NOW)
    held = hold_points(**sale, price=20, source_ref="H", at=NOW)
    sale["member"] = change_phone(ann, outbox)

    capture_hold(hold_id=held.hold.pk, units=[unit], points=None, by="till", at=NOW)
    again = redeem_points(**sale, price=10, source_ref="R", at=NOW)

    assert (again.posting, again.is_replay) == (paid.posting, True)
    assert balance(ann, program) == 470


def test_a_paused_member_of_the_household_gives_nothing_and_stops_nobody(ann, shop, outbox):
    unit, program = shop
    bob, cat = numbered_member(name="Bob"), numbered_member(name="Cat")
    give(cat, program, 300)
    make_household(ann, cat, bob, sharing=True)
    change_phone(ann, outbox)

    redeem_pooled(member=bob, program=program, unit=unit, price=200, source_ref="P", by="till", at=NOW)

    assert (balance(ann, program), balance(cat, program)) == (500, 100)
