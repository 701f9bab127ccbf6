"""From passages to stays in the database: whatever a gate tells, and whenever, the stays are read anew from
it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F

from parking.models import CarPark, OrderState, ParkingOrder, ParkingSession, Passage, SessionState
from parking.rules.fees import money
from parking.rules.stays import SETTLED_AFTER, Stay, stays_of
from parking.rules.stays import Passage as Seen
from parking.selectors.fees import due_of
from parking.selectors.plates import holder_of
from parking.services.ordering import close_unpaid

BY = "gate"


@dataclass(slots=True)
class _Around:
    """The stays that a new passage may change: those that did not end long before it."""

    plate: str
    car_park_id: int
    index: bytes
    settled: ParkingSession | None
    passages: dict[UUID, Passage]
    sessions: dict[UUID, ParkingSession]
    stray: ParkingSession | None


def join_stays(passage: Passage, *, plate: str, at: datetime) -> None:
    """Let every passage of this plate be part of the stay that all of them together make. Under the plate's
    lock.
    """
    around = _around(passage, plate)
    seen = [Seen(one.pk, one.is_entry, one.happened_at) for one in around.passages.values()]
    settled = around.settled
    stays = stays_of(seen, closed_at=None if settled is None else settled.exited_at)
    taken: dict[UUID, ParkingSession] = {}
    for stay in stays:
        is_last = stay is stays[-1]
        session = _session_of(stay, around, taken, is_last=is_last)
        taken[session.pk] = session
        if session is not settled:
            _tell(session, stay)
        for one in stay.passages:
            _move(around.passages[one.id], session)
    _void(around, taken, at=at)


def stray_session(car_park: CarPark, plate: str, index: bytes, *, at: datetime) -> ParkingSession:
    """A stay for a car that waits at the exit and was never seen to come in."""
    return ParkingSession.objects.create(
        car_park=car_park,
        plate=plate,
        plate_index=index,
        member_id=_member_of(index),
        state=SessionState.INSIDE,
        began_at=at,
    )


def _around(passage: Passage, plate: str) -> _Around:
    index = bytes(passage.plate_index)
    sessions = ParkingSession.objects.filter(car_park_id=passage.car_park_id, plate_index=index)
    settled = (
        sessions.filter(
            state=SessionState.LEFT,
            # Not one whose clocks disagreed: another passage may still part its entry from its exit.
            entered_at__lt=F("exited_at"),
            exited_at__lt=passage.happened_at - SETTLED_AFTER,
        )
        .order_by("-exited_at")
        .first()
    )
    rows = Passage.objects.filter(car_park_id=passage.car_park_id, plate_index=index)
    if settled is not None:
        rows = rows.filter(happened_at__gt=settled.exited_at).exclude(session=settled)
    passages = {row.pk: row for row in rows}
    known = {row.session_id for row in passages.values() if row.session_id is not None}
    open_ = sessions.filter(state=SessionState.INSIDE, entered_at__isnull=True)
    locked = (
        (sessions.filter(pk__in=known) | open_)
        .select_for_update(no_key=True, of=("self",))
        .select_related("car_park__venue", "car_park__unit", "member")
        .order_by("pk")
    )
    there = {row.pk: row for row in locked}
    stray = next((row for pk, row in there.items() if pk not in known), None)
    return _Around(plate, passage.car_park_id, index, settled, passages, there, stray)


def _session_of(
    stay: Stay, around: _Around, taken: dict[UUID, ParkingSession], *, is_last: bool
) -> ParkingSession:
    """The row of a stay: that of its entry, else of its exit, else of a repeat, else the one that waits; or
    a new one.
    """
    if stay.entry is None and stay.exit is None:
        assert around.settled is not None, "a repeat repeats something"
        return around.settled
    rows = [around.passages[one.id].session_id for one in stay.passages]
    if is_last and around.stray is not None:
        rows.append(around.stray.pk)
    for pk in rows:
        if pk is not None and pk not in taken and pk in around.sessions:
            return around.sessions[pk]
    car_park = CarPark.objects.select_related("venue", "unit").get(pk=around.car_park_id)
    return ParkingSession(
        car_park=car_park,
        plate=around.plate,
        plate_index=around.index,
        member_id=_member_of(around.index),
        began_at=stay.passages[0].at,
    )


def _tell(session: ParkingSession, stay: Stay) -> None:
    """Write what the stay says, where that is new."""
    before = _said(session)
    is_new = session._state.adding  # noqa: SLF001 -- Django's documented model state
    session.entered_at = stay.entry.at if stay.entry else None
    ends = [one.at for one in (stay.entry, stay.exit) if one is not None]
    session.exited_at = max(ends) if stay.exit else None
    session.began_at = min(ends)
    session.state = (
        SessionState.LEFT
        if stay.exit
        else SessionState.EXIT_MISSING
        if stay.was_overtaken
        else SessionState.INSIDE
    )
    if is_new:
        session.save(force_insert=True)
    if is_new or _said(session) != before:
        _charge(session)
        session.save()


def _charge(session: ParkingSession) -> None:
    """The fee as of the exit: what was paid, where the car left within its time; else what the tariff
    says.
    """
    if session.exited_at is None:
        session.fee, session.tariff = None, None
        return
    due = due_of(session, until=session.exited_at)
    in_time = due.leave_before is not None and session.exited_at <= due.leave_before
    session.fee = money(min(due.fee_cents, due.paid_cents) if in_time else due.fee_cents)
    session.tariff = due.tariff


def _said(session: ParkingSession) -> tuple[object, ...]:
    return (session.entered_at, session.exited_at, session.state, session.began_at)


def _move(passage: Passage, session: ParkingSession) -> None:
    if passage.session_id != session.pk:
        passage.session = session
        passage.save(update_fields=["session"])


def _void(around: _Around, taken: dict[UUID, ParkingSession], *, at: datetime) -> None:
    """Rows that no stay needs any more were parts of others: their orders go with their passages."""
    for pk, session in around.sessions.items():
        if pk in taken:
            continue
        heir = _heir(pk, around, taken.values())
        for order in ParkingOrder.objects.filter(session=session).select_related("unit", "member"):
            if order.state == OrderState.PLACED:
                close_unpaid(order, OrderState.CANCELLED, by=BY, at=at)
            order.session = heir
            order.save(update_fields=["session"])
        session.state, session.fee = SessionState.VOID, None
        session.save(update_fields=["state", "fee"])
        _charge(heir)
        heir.save(update_fields=["fee", "tariff"])


def _heir(pk: UUID, around: _Around, taken: Iterable[ParkingSession]) -> ParkingSession:
    """The stay that a row's time is part of now."""
    ends: Sequence[ParkingSession] = sorted(taken, key=lambda one: one.began_at)
    before = [one for one in ends if one.began_at <= around.sessions[pk].began_at]
    return (before or ends)[-1 if before else 0]


def _member_of(index: bytes) -> UUID | None:
    holder = holder_of(index)
    return None if holder is None else holder.member_id
