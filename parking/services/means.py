"""What pays for an order besides money: reserved, taken, let go, given back, each kind by its owner's
service.

Order of locks, always the same: people (entitlements), wallets, receipts, vouchers by id (docs/locking.md).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from activities.models import Activity
from benefits.models import EntitlementEntry, EntryKind, Voucher, VoucherState
from benefits.selectors.places import Spot
from benefits.services.usages import hold_right, release_right, restore_usage, use_held, use_right
from benefits.services.vouchers import lock_voucher, release_voucher, restore_voucher, use_voucher
from common import Money
from parking.models import OrderPart, ParkingOrder, PartKind, PointsPaid, ReceiptUse
from parking.rules.fees import money
from parking.rules.offers import Line, Plan, Source
from points.models import Hold, HoldStatus, Program
from points.services.holds import capture_hold, hold_points, void_hold
from points.services.redemption import redeem_points
from points.services.reversal import reverse_payment

# Far longer than an order waits for its money: held points end with the order, not before it.
HOLD_LIFE = timedelta(hours=2)


VOUCHERS: Final = (PartKind.VOUCHER_HOURS, PartKind.VOUCHER_CASH)
# The order of locks; vouchers among themselves by id.
_TURNS: Final[dict[str, int]] = {
    "right": 0, "points": 1, "receipt": 2, "voucher_hours": 3, "voucher_cash": 3, "pass": 4, "money": 4,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Used:
    """What a line of a plan came to use: a reference of its owner's, or a hold on points."""

    ref: str = ""
    hold: Hold | None = None
    name_zh: str = ""
    name_en: str = ""


def take(
    plan: Plan,
    *,
    order: ParkingOrder,
    program: Program | None,
    is_final: bool,
    by: str,
    at: datetime,
    used_at: datetime,
) -> dict[str, Used]:
    """Use what the plan names, by its keys: for good (`is_final`), or so that it stands ready for the money.

    Rights are used as of `used_at`: another day has another quota, and other hours.

    :raises DomainError: any refusal of an owner: somebody else was quicker; nothing is left used
    """
    used: dict[str, Used] = {}
    dues = _due_before(plan)
    for line in sorted(plan.lines, key=_in_turn):
        match line.source:
            case Source.POINTS:
                assert program is not None, "points are priced in a program"
                used[line.key] = _take_points(line, order, program, is_final=is_final, by=by, at=at)
            case Source.RECEIPT:
                used[line.key] = _take_receipt(line, order, at)
            case Source.VOUCHER_HOURS | Source.VOUCHER_CASH:
                used[line.key] = _take_voucher(line, order, dues[line.key], is_final=is_final, by=by, at=at)
            case Source.RIGHT:
                used[line.key] = _take_right(line, order, is_final=is_final, by=by, at=used_at)
            case _:
                continue
    return used


def complete(order: ParkingOrder, *, by: str, at: datetime) -> None:
    """Make final what stands ready: the money has come.

    :raises DomainError: what stood ready was let go meanwhile
    """
    parts = _parts(order)
    due = order.fee - sum(part.amount for part in parts if part.kind == PartKind.PASS)
    dues = {}
    for part in parts:
        if part.kind != PartKind.PASS:
            dues[part.pk], due = due, due - part.amount
    for part in sorted(parts, key=lambda one: _TURNS[one.kind]):
        if part.kind == PartKind.POINTS:
            assert part.hold is not None, "points that wait for money are held"
            taken = capture_hold(hold_id=part.hold.pk, units=[order.unit], points=None, by=by, at=at)
            PointsPaid.objects.create(order=order, posting=taken.posting)
        elif part.kind == PartKind.RIGHT:
            use_held(hold_id=UUID(part.ref), source_ref=_ref_of(order, part.place), by=by, at=at)
        elif part.kind in VOUCHERS:
            _use_voucher(part.ref, part.kind, part.amount, order, dues[part.pk], by=by, at=at)


def let_go(order: ParkingOrder, *, by: str, at: datetime) -> None:
    """Free what stood ready: no money came."""
    for part in sorted(_parts(order), key=lambda one: _TURNS[one.kind]):
        if part.kind == PartKind.POINTS and part.hold is not None and part.hold.status == HoldStatus.OPEN:
            void_hold(hold_id=part.hold.pk, units=[order.unit], at=at)
        elif part.kind == PartKind.RIGHT:
            release_right(hold_id=UUID(part.ref), by=by, at=at)
        elif part.kind in VOUCHERS and _is_locked_for(part.ref, order):
            release_voucher(voucher_id=UUID(part.ref), by=by, at=at, **_sale_of(order))
    _release_receipts(order, at)


def give_back(order: ParkingOrder, *, by: str, at: datetime) -> None:
    """Undo what was used: the order is refunded."""
    for part in _parts(order):
        if part.kind == PartKind.RIGHT:
            restore_usage(
                usage_id=usage_of(part).pk,
                source_ref=f"{_ref_of(order, part.place)}:refund",
                by=by,
                at=at,
                reason="refund",
            )
    paid = PointsPaid.objects.filter(order=order).first()
    if paid is not None:
        reverse_payment(
            payment_id=paid.posting_id,
            units=[order.unit],
            points=None,
            source_ref=f"{_ref_of(order)}:refund",
            by=by,
            at=at,
        )
    for part in sorted(_parts(order), key=lambda one: _TURNS[one.kind]):
        if part.kind in VOUCHERS:
            restore_voucher(voucher_id=UUID(part.ref), by=by, at=at, reason="refund", **_sale_of(order))
    _release_receipts(order, at)


def usage_of(part: OrderPart) -> EntitlementEntry:
    """The usage of a part that free hours pay: what it names, or what became of the hold that it names."""
    named = EntitlementEntry.objects.get(pk=part.ref)
    return named if named.kind == EntryKind.USE else named.followers.get(kind=EntryKind.USE)


def _take_right(line: Line, order: ParkingOrder, *, is_final: bool, by: str, at: datetime) -> Used:
    assert order.member is not None, "a right is somebody's"
    car_park = order.session.car_park
    said: dict[str, Any] = {
        "right_id": UUID(line.key),
        "member_id": order.member.pk,
        "amount": Decimal(line.minutes),
        "spot": Spot(car_park.unit, car_park.venue),
        "by": by,
        "at": at,
    }
    if is_final:
        entry = use_right(source_ref=_ref_of(order, line.key), **said).entry
    else:
        entry = hold_right(source_ref=_ref_of(order, line.key), until=at + HOLD_LIFE, **said).entry
    version = entry.version
    return Used(ref=str(entry.pk), name_zh=version.name_zh, name_en=version.name_en)


def _take_voucher(
    line: Line, order: ParkingOrder, due: int, *, is_final: bool, by: str, at: datetime
) -> Used:
    voucher_id = UUID(line.key)
    if is_final:
        _use_voucher(line.key, line.source, money(line.cents), order, money(due), by=by, at=at)
    else:
        lock_voucher(voucher_id=voucher_id, by=by, at=at, life=HOLD_LIFE, **_sale_of(order))
    batch = Voucher.objects.select_related("batch").defer("code").get(pk=voucher_id).batch
    return Used(ref=line.key, name_zh=batch.name_zh, name_en=batch.name_en)


def _use_voucher(
    voucher: str, kind: str, worth: Decimal, order: ParkingOrder, due: Decimal, *, by: str, at: datetime
) -> None:
    """Cash off follows from what is due before it; parking time is worth the fee that it spared."""
    used = use_voucher(
        voucher_id=UUID(voucher),
        by=by,
        at=at,
        sale=Money(due, order.currency),
        value=Money(worth, order.currency) if kind == PartKind.VOUCHER_HOURS else None,
        **_sale_of(order),
    )
    assert kind == PartKind.VOUCHER_HOURS or used.event.value == worth, "both sides compute the same"


def _is_locked_for(voucher: str, order: ParkingOrder) -> bool:
    said = {"state": VoucherState.LOCKED, "lock_unit": order.unit, "lock_ref": _ref_of(order)}
    return Voucher.objects.filter(pk=voucher, **said).exists()


def _sale_of(order: ParkingOrder) -> dict[str, Any]:
    return {"unit": order.unit, "source_ref": _ref_of(order)}


def _ref_of(order: ParkingOrder, part: object = None) -> str:
    """How owners know the order; a right of several is told apart by its `part`."""
    return f"parking:{order.pk}" if part is None else f"parking:{order.pk}:{part}"


def _due_before(plan: Plan) -> dict[str, int]:
    """What is due before each line, after the pass."""
    due = plan.cents - sum(line.cents for line in plan.of(Source.PASS))
    before = {}
    for line in plan.lines:
        if line.source is not Source.PASS:
            before[line.key], due = due, due - line.cents
    return before


def _in_turn(line: Line) -> tuple[int, str]:
    return _TURNS[line.source], line.key


def _take_receipt(line: Line, order: ParkingOrder, at: datetime) -> Used:
    receipt = Activity.objects.get(pk=line.key)
    ReceiptUse.objects.create(
        receipt=receipt,
        order=order,
        unit_id=receipt.unit_id,
        minutes=line.minutes,
        value=money(line.cents),
        used_at=at,
    )
    return Used(ref=line.key)


def _take_points(
    line: Line, order: ParkingOrder, program: Program, *, is_final: bool, by: str, at: datetime
) -> Used:
    member = order.member
    assert member is not None, "points are somebody's"
    if is_final:
        paid = redeem_points(
            member=member,
            program=program,
            unit=order.unit,
            price=line.points,
            source_ref=_ref_of(order),
            by=by,
            at=at,
        )
        PointsPaid.objects.create(order=order, posting=paid.posting)
        return Used(ref=str(paid.posting.pk))
    held = hold_points(
        member=member,
        program=program,
        unit=order.unit,
        price=line.points,
        source_ref=_ref_of(order),
        by=by,
        at=at,
        life=HOLD_LIFE,
    )
    return Used(hold=held.hold)


def _parts(order: ParkingOrder) -> list[OrderPart]:
    return list(order.parts.select_related("hold").order_by("place"))


def _release_receipts(order: ParkingOrder, at: datetime) -> None:
    ReceiptUse.objects.filter(order=order, released_at__isnull=True).update(released_at=at)
