"""What is due for a stay at an instant: the tariff of its entry, what was paid, the time to leave, passes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from members.models import IdentityKind
from members.selectors.residencies import effective_end
from parking.models import ParkingPass, ParkingSession, Tariff
from parking.rules.fees import CapDay, Curve, TariffTerms, cents_of, curve_of, whole_minutes
from parking.rules.offers import Bill
from parking.rules.rate_lines import from_kept
from parking.selectors.books import Books, books_of
from points.rules.expiry import start_of_day

# Nobody is charged for longer than a year: such a stay has lost its exit.
MINUTES_MAX = 366 * 1440


@dataclass(frozen=True, slots=True)
class Due:
    """A stay's bill at `until`. `fee_cents`: of the whole stay, before anything paid; `curve` explains it.

    `leave_before`: paid, and until when one may leave without paying more; then nothing is due.
    """

    session: ParkingSession
    until: datetime
    tariff: Tariff | None
    curve: Curve | None
    minutes: int
    fee_cents: int
    paid_cents: int
    leave_before: datetime | None
    parking_pass: ParkingPass | None
    bill: Bill

    @property
    def grace(self) -> timedelta:
        """How long one may take to leave after payment."""
        return timedelta(minutes=self.tariff.grace_minutes if self.tariff else 0)

    @property
    def cents(self) -> int:
        """What is due in all, before whatever may pay."""
        return self.bill.due(0) + self.bill.covered_cents


def due_of(session: ParkingSession, *, until: datetime, books: Books | None = None) -> Due:
    """What is due for `session` (with its car park, unit and venue) if the car leaves at `until`.

    `books`: those of the decision that asks, where they are at hand.
    """
    zone = session.car_park.venue.time_zone
    if books is None:
        day = until.astimezone(ZoneInfo(zone)).date()
        books = books_of(session, member=None, day=day, at=until, until=until)
    paid, tariff = books.paid, books.tariff
    paid_cents, by_pass, leave_before = cents_of(paid.fee), cents_of(paid.by_pass), paid.leave_before
    if session.entered_at is None:
        fee = cents_of(tariff.missing_entry_fee) if tariff else 0
        bill = Bill(0, max(0, fee - paid_cents))
        return Due(session, until, tariff, None, 0, fee, paid_cents, leave_before, None, bill)
    minutes = min(whole_minutes(session.entered_at, until), MINUTES_MAX)
    if tariff is None:
        return Due(session, until, None, None, minutes, 0, paid_cents, leave_before, None, Bill(minutes, 0))
    curve = curve_of(terms_of(tariff, zone), start=session.entered_at, minutes=minutes)
    fee = curve.cents(minutes)
    due = max(0, fee - paid_cents)
    if leave_before is not None and until <= leave_before:
        due = 0
    covered = _covered(session, until, zone) if due and books.may_have_pass else None
    if covered is None:
        bill = Bill(minutes, due, curve, paid_cents)
        return Due(session, until, tariff, curve, minutes, fee, paid_cents, leave_before, None, bill)
    parking_pass, start, length = covered
    rest = curve_of(terms_of(tariff, zone), start=start, minutes=length)
    paid_besides = paid_cents - by_pass
    left = min(due, max(0, rest.cents(length) - paid_besides))
    bill = Bill(length, left, rest, paid_besides, due - left)
    return Due(session, until, tariff, curve, minutes, fee, paid_cents, leave_before, parking_pass, bill)


def tariff_at(car_park_id: int, at: datetime) -> Tariff | None:
    """The car park's tariff in force at `at`; None: parking is free of charge then."""
    return Tariff.objects.filter(car_park_id=car_park_id, during__contains=at).first()


def grace_of(session: ParkingSession) -> timedelta:
    """How long one may take to leave after payment, by the tariff of the stay."""
    tariff = tariff_at(session.car_park_id, session.entered_at or session.began_at)
    return timedelta(minutes=tariff.grace_minutes if tariff else 0)


def terms_of(tariff: Tariff, zone: str) -> TariffTerms:
    """A tariff as the rule needs it, in the venue's time zone."""
    return TariffTerms(
        rates=from_kept(tariff.rates),
        zone=zone,
        free_minutes=tariff.free_minutes,
        free_is_deducted=tariff.free_is_deducted,
        cap_cents=None if tariff.daily_cap is None else cents_of(tariff.daily_cap),
        cap_day=CapDay(tariff.cap_period),
    )


def _covered(
    session: ParkingSession, until: datetime, zone_name: str
) -> tuple[ParkingPass, datetime, int] | None:
    """(pass, start, minutes) of what a pass leaves uncovered of the stay; None where none holds.

    From the entry on to the pass's end, or from its start to the exit: a pass in the middle covers nothing.
    """
    assert session.entered_at is not None, "a stay without an entry has a fixed fee"
    zone = ZoneInfo(zone_name)
    passes = ParkingPass.objects.filter(
        Q(ends_on__gt=session.entered_at.astimezone(zone).date() - timedelta(days=1)),
        starts_on__lte=until.astimezone(zone).date(),
        car_park_id=session.car_park_id,
        vehicle__kind=IdentityKind.PLATE,
        vehicle__blind_index=bytes(session.plate_index),
        vehicle__is_active=True,
        residency__withdrawn_at__isnull=True,
    )
    entered, spans = session.entered_at, []
    for row in passes.select_related("residency__principal", "residency__account").order_by("starts_on"):
        last = min(row.ends_on, effective_end(row.residency) or row.ends_on)
        first = max(row.starts_on, row.residency.starts_on)
        if first < last:
            spans.append((row, start_of_day(first, zone), start_of_day(last, zone)))
    at, holder = entered, None
    for row, first_at, last_at in spans:
        if first_at <= at < last_at:
            at, holder = last_at, row
    if holder is not None:
        return holder, min(at, until), whole_minutes(at, until)
    for row, first_at, last_at in spans:
        if entered < first_at < until <= last_at:
            return row, entered, whole_minutes(entered, first_at)
    return None
