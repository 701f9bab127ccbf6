"""Numbers that no database can read are refused by name, whichever call they come by; nothing is written."""

import pytest

from common.errors import DomainError
from points.models import Hold, Posting
from points.services.accrual import Grant, accrue_many
from points.services.holds import capture_hold, hold_points
from points.services.redemption import quote_redemption
from points.services.reversal import reverse_accrual, reverse_redemption
from tests.factories import NOW, give, make_member, make_program, make_unit, redeem

pytestmark = pytest.mark.django_db
BY = {"by": "test", "at": NOW}


@pytest.fixture
def books():
    """What every call needs: a member with points, some of them spent and some held."""
    unit, member = make_unit(), make_member()
    program = make_program(owner=unit)
    give(member, program, 100, source_ref="earned")
    redeem(member, program, 10, unit=unit, source_ref="paid")
    what = {"member": member, "program": program, "unit": unit}
    return what, hold_points(**what, price=5, source_ref="held", **BY).hold


CALLS = {
    "accrue": lambda what, _hold, n: give(what["member"], what["program"], n, unit=what["unit"]),
    "redeem": lambda what, _hold, n: redeem(what["member"], what["program"], n, unit=what["unit"]),
    "quote": lambda what, _hold, n: quote_redemption(**what, price=n, at=NOW),
    "hold": lambda what, _hold, n: hold_points(**what, price=n, source_ref="huge", **BY),
    "capture": lambda what, hold, n: capture_hold(hold_id=hold.pk, units=[what["unit"]], points=n, **BY),
    "reverse an accrual": lambda what, _hold, n: reverse_accrual(
        unit=what["unit"], accrual_ref="earned", points=n, source_ref="huge", **BY
    ),
    "reverse a redemption": lambda what, _hold, n: reverse_redemption(
        unit=what["unit"], redemption_ref="paid", points=n, source_ref="huge", **BY
    ),
}


@pytest.mark.parametrize("points", [0, -1, 2**63 - 1, 2**63, -(2**63) - 1, 10**30])
@pytest.mark.parametrize("call", CALLS)
def test_absurd_numbers_are_refused_by_name(books, call, points):
    what, hold = books

    with pytest.raises(DomainError) as refusal:
        CALLS[call](what, hold, points)

    assert refusal.value.code in {"points_out_of_range", "reversal_exceeds_original"}
    assert (Posting.objects.count(), Hold.objects.count()) == (2, 1)


@pytest.mark.parametrize("points", [2**63, -(10**30)])
def test_absurd_numbers_in_a_batch_leave_the_others_alone(books, points):
    what, _hold = books
    grants = [Grant(what["member"].pk, points, "absurd", NOW), Grant(what["member"].pk, 3, "plain", NOW)]

    outcomes = accrue_many(program=what["program"], unit=what["unit"], grants=grants, by="test")

    assert [outcome.name for outcome in outcomes] == ["points_out_of_range", "posted"]
