"""Monthly passes: for who lives or works there, no longer than they do; the rest of a stay is charged."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from parking.selectors.fees import due_of
from parking.services.passes import NoResidencyHere, NotTheirPlate, PassUpsideDown, end_pass, issue_pass
from points.services.periods import PeriodOverlaps
from tests.benefits.factories import reside
from tests.factories import NOW, make_unit
from tests.parking.places import PLATE, come, hours, leave, make_car_park, make_driver, parts_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def tower():
    return make_car_park(make_unit("OFFICE", "office"))


@pytest.fixture
def tenant(tower):
    driver = make_driver()
    reside(driver, tower.venue)
    return driver


def issue(tower, member, first=date(2026, 6, 1), last=date(2026, 7, 1), plate=PLATE, ref="p"):
    return issue_pass(
        car_park=tower,
        member=member,
        plate=plate,
        starts_on=first,
        ends_on=last,
        source_ref=ref,
        by="t",
        at=NOW,
    )


def test_who_has_a_pass_parks_without_a_fee(tower, tenant):
    made = issue(tower, tenant)
    come(tower)

    gone = leave(tower, hours(5))

    assert (gone.opens, parts_of(gone.order)) == (True, [("pass", "25.00", 0)])
    assert gone.order.parts.get().ref == str(made.pk)
    assert gone.session.fee == Decimal("25.00")


def test_a_pass_ends_with_the_residency(tower, tenant):
    issue(tower, tenant)
    come(tower)

    tenant.residencies.update(ends_on=date(2026, 6, 10))

    assert not leave(tower, hours(5)).opens


def test_a_residency_that_was_a_mistake_gives_no_pass(tower, tenant):
    issue(tower, tenant)
    come(tower)

    tenant.residencies.update(withdrawn_at=NOW, withdrawn_by="desk")

    assert not leave(tower, hours(5)).opens


def test_what_lies_after_the_pass_is_charged(tower, tenant):
    # It ends at midnight in Shanghai: 12 hours after noon of the 15th.
    issue(tower, tenant, last=date(2026, 6, 16))
    session = come(tower)

    due = due_of(session, until=hours(14))

    assert (due.fee_cents, due.bill.covered_cents, due.bill.due(0)) == (7000, 6000, 1000)


def test_what_lies_before_the_pass_is_charged(tower, tenant):
    issue(tower, tenant, first=date(2026, 6, 16))
    session = come(tower)

    due = due_of(session, until=hours(14))

    assert (due.bill.covered_cents, due.bill.due(0)) == (1000, 6000)


def test_one_month_after_another_covers_a_stay_across_both(tower, tenant):
    issue(tower, tenant, last=date(2026, 6, 16))
    issue(tower, tenant, first=date(2026, 6, 16), ref="q")
    session = come(tower)

    assert due_of(session, until=hours(40)).bill.due(0) == 0


def test_a_pass_is_for_one_plate_of_its_own_in_one_car_park(tower, tenant):
    issue(tower, tenant)
    come(tower, plate="沪B00001")
    elsewhere = make_car_park()
    come(elsewhere)

    assert not leave(tower, hours(5), plate="沪B00001").opens
    assert not leave(elsewhere, hours(5)).opens


def test_what_no_pass_is_for_is_refused(tower, tenant):
    issue(tower, tenant)

    with pytest.raises(PeriodOverlaps):
        issue(tower, tenant, ref="q")
    with pytest.raises(NotTheirPlate):
        issue(tower, tenant, plate="沪B00001", ref="q")
    with pytest.raises(PassUpsideDown):
        issue(tower, tenant, last=date(2026, 6, 1), ref="q")
    with pytest.raises(NoResidencyHere):
        issue(make_car_park(), tenant, ref="q")
    guest = make_driver("沪C00001")
    reside(guest, tower.venue, "hotel_guest")
    with pytest.raises(NoResidencyHere):
        issue(tower, guest, plate="沪C00001", ref="q")


def test_a_pass_ends_sooner_and_never_later(tower, tenant):
    made = issue(tower, tenant)

    end_pass(parking_pass=made, ends_on=date(2026, 6, 10), by="user:1")

    come(tower)
    assert not leave(tower, hours(5)).opens
    with pytest.raises(PassUpsideDown):
        end_pass(parking_pass=made, ends_on=date(2026, 6, 20), by="user:1")


def test_paid_before_a_pass_was_issued_stays_paid(tower, tenant):
    session = come(tower)
    leave(tower, hours(2), passed=True, collected=Decimal("10.00"))
    issue(tower, tenant)
    session.refresh_from_db()

    assert due_of(session, until=hours(2) + timedelta(minutes=1)).cents == 0
