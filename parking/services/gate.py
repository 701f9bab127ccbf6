"""The gate: cars come in and go out, online or told late, in any order and more than once.

What a gate saw is kept as passages; the stays are what the passages make (parking/rules/stays.py). A car that
waits at the exit is no passage yet: the gate asks, and is told to open or what is to be paid.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError, InvalidRequest
from common.sql import retrying
from members.models import Member
from parking.models import AutoPay, CarPark, OrderState, ParkingOrder, ParkingSession, Passage
from parking.rules.gate_plate import gate_plate
from parking.selectors.plans import Decided, decided, restricted
from parking.selectors.plates import holder_of, plate_index_of
from parking.services.joining import join_stays, stray_session
from parking.services.locks import SEALED, lock_person, lock_plate, locked_inside, locked_session
from parking.services.ordering import close_unpaid, open_order, place, place_collected

# A gate whose clock runs ahead by more would charge for time that has not passed.
AHEAD_MAX: Final = timedelta(minutes=5)


class GateClockAhead(InvalidRequest):
    """The passage lies in our future by more than five minutes. Facts: `server_time`."""

    code = "gate_clock_ahead"
    title = _("The gate's clock is ahead of ours.")


class PassageReused(DomainError):
    """The reference stands for another passage: another plate, direction or instant."""

    code = "reference_reused"
    title = _("This reference was already used for something else.")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a gate says: which plate, when, by which lane, under which reference of its own."""

    car_park: CarPark
    plate: str
    source_ref: str
    happened_at: datetime
    lane: str = ""


@dataclass(frozen=True, slots=True)
class Collected:
    """Money that the gate or its desk has taken itself, under a receipt of its own."""

    amount: Decimal
    ref: str


@dataclass(frozen=True, slots=True)
class Exit:
    """What the gate is told: `opens`, or what is to be paid by `decision`. `order`: what paid, or waits."""

    opens: bool
    session: ParkingSession
    decision: Decided
    order: ParkingOrder | None
    is_replay: bool = False


def record_entry(*, seen: Seen, by: str, at: datetime) -> tuple[ParkingSession, bool]:
    """A car came in, now or earlier. The stay that it is part of, and whether the passage was known before.

    :raises GateClockAhead: it lies in our future
    :raises PassageReused: the reference stands for another passage
    :raises BadPlate: no camera reads such a plate
    """

    @transaction.atomic
    def record() -> tuple[ParkingSession, bool]:
        passage, is_replay = _kept(seen, is_entry=True, by=by, at=at)
        if not is_replay:
            join_stays(passage, plate=gate_plate(seen.plate), at=at)
            passage.refresh_from_db(fields=["session"])
        assert passage.session_id is not None, "every passage is part of a stay"
        return locked_session(passage.session_id), is_replay

    return retrying(record)


def record_exit(*, seen: Seen, has_passed: bool, collected: Collected | None, by: str, at: datetime) -> Exit:
    """A car is at the exit, or has passed it.

    Waiting, it is let go where nothing is due or where what may be used without asking pays it all; else
    nothing is written but the claim to the stay, and the answer says what is to be paid. Passed (an offline
    gate, or one opened by hand), it has left whatever is due.

    :raises GateClockAhead: it lies in our future
    :raises PassageReused: the reference stands for another passage
    :raises BadPlate: no camera reads such a plate
    """

    @transaction.atomic
    def record() -> Exit:
        known = _known(seen, is_entry=False)
        if known is not None:
            return _replayed(known)
        _refuse_ahead(seen, at)
        index = plate_index_of(gate_plate(seen.plate))
        lock_plate(car_park_id=seen.car_park.pk, plate_index=index)
        session = _leave(seen, by=by, at=at) if has_passed else _waiting_session(seen, index, at=at)
        return _decide(session, seen, has_passed=has_passed, collected=collected, by=by, at=at)

    return retrying(record)


def _decide(
    session: ParkingSession,
    seen: Seen,
    *,
    has_passed: bool,
    collected: Collected | None,
    by: str,
    at: datetime,
) -> Exit:
    until = session.exited_at if has_passed and session.exited_at else seen.happened_at
    if collected is not None:
        waiting = open_order(session)
        if waiting is not None:
            close_unpaid(waiting, OrderState.CANCELLED, by=by, at=at)
        now = decided(session, member=None, at=at, until=until)
        order = place_collected(session, now, amount=collected.amount, ref=collected.ref, by=by, at=at).order
        return _go(session, seen, now, order, has_passed=has_passed, by=by, at=at)
    member = None if session.member is None else lock_person(session.member)
    # What was told late is decided by the terms and receipts of its day.
    moment = until if has_passed else at
    every = decided(session, member=member, at=moment, until=until, is_locked=True)
    if every.due.cents == 0:
        return _go(session, seen, every, None, has_passed=has_passed, by=by, at=at)
    if not every.is_awaited and every.plan.money == 0:
        auto = restricted(every, _auto_pay(session, member, has_passed=has_passed))
        if auto.plan.money == 0:
            order = place(session, auto, member=member, by=by, at=at, used_at=moment).order
            return _go(session, seen, auto, order, has_passed=has_passed, by=by, at=at)
    return Exit(has_passed, session, every, open_order(session) if every.is_awaited else None)


def _go(
    session: ParkingSession,
    seen: Seen,
    decision: Decided,
    order: ParkingOrder | None,
    *,
    has_passed: bool,
    by: str,
    at: datetime,
) -> Exit:
    """Open: a car that waited passes now."""
    if not has_passed:
        session = _leave(seen, by=by, at=at)
    return Exit(True, session, decision, order)


def _leave(seen: Seen, *, by: str, at: datetime) -> ParkingSession:
    passage, is_replay = _kept(seen, is_entry=False, by=by, at=at)
    if not is_replay:
        join_stays(passage, plate=gate_plate(seen.plate), at=at)
        passage.refresh_from_db(fields=["session"])
    assert passage.session_id is not None, "every passage is part of a stay"
    return locked_session(passage.session_id)


def _waiting_session(seen: Seen, index: bytes, *, at: datetime) -> ParkingSession:
    """The stay of a car that waits at the exit; one without an entry where none is on record."""
    session = locked_inside(car_park=seen.car_park, plate_index=index)
    if session is None:
        session = locked_session(stray_session(seen.car_park, seen.plate, index, at=at).pk)
    if session.member_id is None:
        holder = holder_of(index)
        if holder is not None:
            session.member = Member.objects.defer(*SEALED).get(pk=holder.member_id)
            session.save(update_fields=["member"])
    return session


def _auto_pay(session: ParkingSession, member: Member | None, *, has_passed: bool) -> AutoPay:
    """What may be used without asking: as the plate's holder chose; of a car that is gone, nothing that was
    bought.
    """
    holder = holder_of(bytes(session.plate_index))
    if holder is None or member is None or holder.member_id != member.pk:
        return AutoPay.FREE if has_passed else AutoPay.NOTHING
    if has_passed and holder.auto_pay == AutoPay.ALL:
        return AutoPay.FREE
    return holder.auto_pay


def _known(seen: Seen, *, is_entry: bool) -> Passage | None:
    """The passage told before under this reference.

    :raises PassageReused: the reference stands for another passage
    """
    known = Passage.objects.filter(car_park=seen.car_park, source_ref=seen.source_ref).first()
    if known is None:
        return None
    index = plate_index_of(gate_plate(seen.plate))
    told = (known.is_entry, bytes(known.plate_index), known.happened_at)
    if told != (is_entry, index, seen.happened_at):
        raise PassageReused
    return known


def _kept(seen: Seen, *, is_entry: bool, by: str, at: datetime) -> tuple[Passage, bool]:
    """The passage, written now or before, under the plate's lock."""
    _refuse_ahead(seen, at)
    index = plate_index_of(gate_plate(seen.plate))
    lock_plate(car_park_id=seen.car_park.pk, plate_index=index)
    known = _known(seen, is_entry=is_entry)
    if known is not None:
        return known, True
    made = Passage.objects.create(
        car_park=seen.car_park,
        source_ref=seen.source_ref,
        is_entry=is_entry,
        plate_index=index,
        happened_at=seen.happened_at,
        lane=seen.lane,
        received_at=at,
        by=by,
    )
    return made, False


def _replayed(known: Passage) -> Exit:
    assert known.session_id is not None, "every passage is part of a stay"
    session = locked_session(known.session_id)
    order = session.orders.filter(state=OrderState.PAID).order_by("-placed_at").first()
    until = session.exited_at or known.happened_at
    return Exit(True, session, decided(session, member=None, at=until, until=until), order, is_replay=True)


def _refuse_ahead(seen: Seen, at: datetime) -> None:
    if seen.happened_at > at + AHEAD_MAX:
        raise GateClockAhead(server_time=at.isoformat(), field="happened_at")
