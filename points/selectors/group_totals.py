"""What a program's points come to: given, spent, expired, outstanding, and what those will cost."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import DecimalField, F, Sum

from points.models import Entry, HouseAccount, Lot, Program, Wallet


@dataclass(frozen=True, slots=True)
class ProgramTotals:
    """One program, in points; `liability` in the program's currency.

    - `issued` − `redeemed` − `expired` + `exchanged` + `adjusted` = `outstanding`
    - `exchanged`: what came in from other programs less what went out to them
    - `liability` = Σ over open lots: remaining points × the cost that the lot was given with
    """

    program: Program
    issued: int
    redeemed: int
    expired: int
    exchanged: int
    adjusted: int
    outstanding: int
    liability: Decimal


def program_totals() -> list[ProgramTotals]:
    """Every program by code, in four queries however many members and postings there are."""
    moved: dict[tuple[int, str], int] = {
        (program, house): int(points)
        for program, house, points in Entry.objects.order_by()
        .values_list("program_id", "house")
        .annotate(points=Sum("points"))
    }
    outstanding: dict[int, Any] = dict(
        Wallet.objects.order_by().values_list("program_id").annotate(points=Sum("balance"))
    )
    cost = Sum(F("remaining") * F("unit_cost"), output_field=DecimalField(max_digits=30, decimal_places=6))
    liability: dict[int, Any] = dict(
        Lot.objects.filter(is_open=True).order_by().values_list("program_id").annotate(cost=cost)
    )
    return [
        ProgramTotals(
            program=program,
            issued=moved.get((program.pk, HouseAccount.ISSUED), 0),
            redeemed=-moved.get((program.pk, HouseAccount.REDEEMED), 0),
            expired=-moved.get((program.pk, HouseAccount.EXPIRED), 0),
            exchanged=moved.get((program.pk, HouseAccount.EXCHANGE), 0),
            adjusted=moved.get((program.pk, HouseAccount.ADJUSTED), 0),
            outstanding=int(outstanding.get(program.pk, 0)),
            liability=liability.get(program.pk, Decimal(0)),
        )
        for program in Program.objects.select_related("owner").order_by("code")
    ]
