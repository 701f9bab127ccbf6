"""Bad input at every service of the ledger: each has its named refusal, and nothing is written."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from members.models import MemberStatus
from tests.factories import NOW, give, make_member
from tests.points.ledger_doors import (
    accrue,
    accrue_batch,
    cancel,
    capture,
    give_back,
    hold,
    pay,
    quote,
    quote_swap,
    refund,
    refused,
    swap,
    sweep,
    time_out,
    void,
)

pytestmark = pytest.mark.django_db
BY_POINTS = (accrue, accrue_batch, quote, pay, hold, capture, refund, cancel, give_back, quote_swap, swap)
BY_INSTANT = (*BY_POINTS, void, sweep, time_out)
# Left out, these two mean "all of it".
ALL_OF_IT = {capture, give_back}
NUMBERS = {
    "zero": 0,
    "negative": -1,
    "very negative": -(2**63),
    "2^63": 2**63,
    "2^63 - 1": 2**63 - 1,
    "10^9 + 1": 10**9 + 1,
    "10^40": 10**40,
    "a fraction": 1.5,
    "a whole float": 5.0,
    "not a number": float("nan"),
    "full-width digits": "１００",
    "digits in a text": "100",
    "true": True,
    "nothing": None,
}
INSTANTS = {
    "year 1": datetime(1, 1, 1, tzinfo=UTC),
    "1999": datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC),
    "9999": datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    "2101": datetime(2101, 1, 1, tzinfo=UTC),
    "naive": NOW.replace(tzinfo=None),
}


# One world for all odd values of a door: a refusal leaves it as it was, which is what is tested.


@pytest.mark.parametrize("door", BY_POINTS)
def test_what_is_no_number_of_points_is_refused_by_name(world, nothing_written, door):
    odd = {name: value for name, value in NUMBERS.items() if value is not None or door not in ALL_OF_IT}

    told = {name: refused(door, world, points=value) for name, value in odd.items()}

    # A refund of no or of too many points is more than was posted: it is told so.
    reverses = door in {refund, cancel, give_back}
    assert told == {
        name: "reversal_exceeds_original" if reverses and type(value) is int else "points_out_of_range"
        for name, value in odd.items()
    }


@pytest.mark.parametrize("door", BY_INSTANT)
def test_an_absurd_instant_is_refused_by_name(world, nothing_written, door):
    told = {name: refused(door, world, at=instant) for name, instant in INSTANTS.items()}

    assert told == dict.fromkeys(INSTANTS, "instant_out_of_range")


# An end may lie as far off as calendars go: old lists write never so.
FAR_OFF = {"2101", "9999"}


@pytest.mark.parametrize(
    ("name", "odd"), [("available_at", set(INSTANTS)), ("expires_at", set(INSTANTS) - FAR_OFF)]
)
def test_so_is_one_of_a_lot(world, nothing_written, name, odd):
    told = {one: refused(accrue, world, **{name: INSTANTS[one]}) for one in odd}

    assert told == dict.fromkeys(odd, "instant_out_of_range")


LIVES = {
    "expires before it was earned": {"expires_at": NOW - timedelta(days=1)},
    "expires when it was earned": {"expires_at": NOW},
    "expires before it can be spent": {
        "available_at": NOW + timedelta(days=9),
        "expires_at": NOW + timedelta(days=8),
    },
    "the policy ends it before it can be spent": {"available_at": NOW + timedelta(days=400)},
}


def test_points_that_nobody_could_ever_spend_are_not_given(world, nothing_written):
    told = {name: refused(accrue, world, **life) for name, life in LIVES.items()}

    assert told == dict.fromkeys(LIVES, "instant_out_of_range")


SPENDING = (quote, pay, hold)
EXCHANGING = (quote_swap, swap)


@pytest.mark.parametrize("status", [MemberStatus.FROZEN, MemberStatus.CLOSED])
def test_a_member_who_is_not_active_neither_earns_nor_spends(world, nothing_written, status):
    # What was begun may end: captures, voids and reversals look at no status.
    world.member.status = status

    told = {refused(door, world) for door in (accrue, *SPENDING, *EXCHANGING)}

    assert told == {"member_not_active"}


def test_a_unit_that_is_not_active_takes_no_part(world, nothing_written):
    world.mall.is_active = world.other.owner.is_active = False

    told = {refused(door, world) for door in (accrue, accrue_batch, *SPENDING, *EXCHANGING)}

    assert told == {"unit_not_active"}


def test_a_program_that_is_not_active_issues_and_prices_nothing(world, nothing_written):
    world.program.is_active = False

    told = {refused(door, world) for door in (accrue, accrue_batch, *SPENDING, *EXCHANGING)}

    assert told == {"program_not_active"}


class TestQuotes:
    """A quote is good for what it was made for, for a while, as it was signed."""

    PAYING = (pay, hold)

    def test_a_forged_or_tampered_one_is_refused(self, world, nothing_written):
        forged = ["", "x", "a:b:c", "１００", "\x00", "e" * 5000]
        for place in (0, 10, -1):
            token = list(quote(world).token)
            token[place] = "A" if token[place] != "A" else "B"
            forged.append("".join(token))

        told = {refused(door, world, quote_token=token) for door in (*self.PAYING, swap) for token in forged}

        assert told == {"quote_expired"}

    @pytest.mark.parametrize("door", PAYING)
    def test_an_old_one_is_refused(self, world, nothing_written, door):
        token = quote(world).token

        assert refused(door, world, quote_token=token, at=NOW + timedelta(minutes=5)) == "quote_expired"

    def test_an_old_one_of_an_exchange_is_refused(self, world, nothing_written):
        token = quote_swap(world).token

        assert refused(swap, world, quote_token=token, at=NOW + timedelta(seconds=60)) == "quote_expired"

    @pytest.mark.parametrize("door", PAYING)
    def test_one_for_something_else_is_refused(self, world, nothing_written, door):
        token = quote(world).token
        for odd in ({"points": 6}, {"unit": world.hotel}, {"program": world.other}):
            assert refused(door, world, quote_token=token, **odd) == "quote_expired"
        assert refused(door, world, quote_token=quote_swap(world).token) == "quote_expired"
        assert refused(swap, world, quote_token=token) == "quote_expired"

    def test_another_members_is_refused(self, world):
        rich = make_member()
        give(rich, world.program, 100)
        before = world.rows()

        for door in self.PAYING:
            assert refused(door, world, member=rich, quote_token=quote(world).token) == "quote_expired"
        assert refused(swap, world, member=rich, quote_token=quote_swap(world).token) == "quote_expired"
        assert world.rows() == before


class TestReferences:
    """A reference stands for one thing of one member at one unit."""

    def test_one_of_another_member_is_refused(self, world):
        other = make_member()
        give(other, world.program, 100)
        before = world.rows()

        assert refused(accrue, world, member=other, points=600, source_ref="r1") == "reference_reused"
        assert refused(pay, world, member=other, points=100, source_ref="p1") == "reference_reused"
        assert refused(hold, world, member=other, points=50, source_ref="h1") == "reference_reused"
        assert refused(swap, world, member=other, points=20, source_ref="x1") == "reference_reused"
        assert world.rows() == before

    @pytest.mark.parametrize(
        ("door", "taken"), [(accrue, "r1"), (pay, "p1"), (hold, "h1"), (swap, "x1"), (cancel, "b1")]
    )
    def test_one_of_another_number_of_points_is_refused(self, world, nothing_written, door, taken):
        assert refused(door, world, points=7, source_ref=taken) == "reference_reused"

    def test_one_of_another_kind_is_refused(self, world, nothing_written):
        # A sale is paid at once or held, not both; a refund is of a purchase, a cancellation of a payment.
        assert refused(hold, world, points=100, source_ref="p1") == "reference_reused"
        assert refused(pay, world, points=50, source_ref="h1") == "reference_reused"
        assert refused(refund, world, points=10, source_ref="b1") == "reference_reused"
        assert refused(refund, world, accrual_ref="p1") == "not_reversible"
        assert refused(cancel, world, redemption_ref="r1") == "not_reversible"
        assert refused(give_back, world, payment_id=world.done.pk) == "not_reversible"
        assert refused(give_back, world, payment_id=world.hold.pk) == "hold_not_captured"

    def test_one_of_another_unit_is_refused(self, world, nothing_written):
        foreign = {"unit": world.hotel}
        assert refused(refund, world, **foreign) == "not_reversible"
        assert refused(cancel, world, **foreign) == "not_reversible"
        assert refused(give_back, world, **foreign) == "not_reversible"
        assert refused(capture, world, **foreign) == "hold_not_found"
        assert refused(void, world, **foreign) == "hold_not_found"

    def test_one_that_stands_for_nothing_is_refused(self, world, nothing_written):
        assert refused(capture, world, hold_id=uuid4()) == "hold_not_found"
        assert refused(void, world, hold_id=uuid4()) == "hold_not_found"
        assert refused(give_back, world, payment_id=uuid4()) == "not_reversible"
        assert refused(refund, world, accrual_ref="r\x00") == "reference_malformed"

    def test_a_text_that_is_no_reference_is_refused(self, world, nothing_written):
        odd = (" ", "r" * 201, "nul\x00", "\ud800", " r", "line\nfeed")
        naming = (accrue, pay, hold, refund, cancel, give_back, swap)

        told = {refused(door, world, source_ref=text) for door in naming for text in odd}

        assert told == {"reference_malformed"}


def test_good_input_passes_every_one_of_these_doors(world):
    """Else the refusals above could be of something else than what is odd."""
    for door in BY_INSTANT:
        # Captured before, the hold has ended.
        if door is not void:
            door(world)
