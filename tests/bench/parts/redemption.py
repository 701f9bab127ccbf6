"""P4: a redemption costs what it touches, not what the wallet holds; and what a kernel call sends."""

import time

from tests.bench.place import manage
from tests.bench.run import LEDGER, Run, p50_us

_COUNTS = "SELECT n_tup_upd, n_tup_hot_upd, seq_scan FROM pg_stat_user_tables WHERE relname = 'points_lot'"
# A draw that empties its lot takes it out of the index of open lots: never HOT, and not the question.
_CLOSED = "SELECT count(*) FROM points_lot WHERE NOT is_open"
_INDEX = "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'lot_spending_order'"
_FEW, _MANY = 1, 51


def measure(run: Run) -> None:
    members = {"members": run.scale.rich_members}
    before = _lot_counts(run)
    told = run.compare(
        [
            run.crew("redemption, 1 open lot", "kernel:redeem", 1, **members),
            run.crew("redemption, 1,000 open lots", "kernel:redeem", 1, program=2, **members),
        ],
        seconds=run.scale.seconds / 2,
    )
    updates, hot, scans, index_scans, closed = (
        after - earlier for after, earlier in zip(_lot_counts(run), before, strict=True)
    )
    run.record(
        "P4", hot_updates=hot / (updates - closed), plan_uses_lot_index=float(scans == 1 and index_scans > 0)
    )
    run.ratios(
        "P4", told, p50_us, {"p50_1000_lots_vs_1": ("redemption, 1,000 open lots", "redemption, 1 open lot")}
    )

    # Lots of one point each: a price of n touches n lots. The supply of small lots bounds the calls.
    calls = int(
        run.scale.rich_members * run.scale.rich_lots / ((_FEW + _MANY) * (run.scale.rounds + 1) * 1.6)
    )
    wide = [
        run.crew(
            f"redemption, {price} small lots",
            "kernel:redeem",
            1,
            program=3,
            price=price,
            is_in_turn=True,
            **members,
        )
        for price in (_FEW, _MANY)
    ]
    told = run.compare(wide, seconds=60, calls_max=calls)
    few, many = (
        sum(one.server_cpu for one in told[crew.name]) / sum(one.operations for one in told[crew.name])
        for crew in wide
    )
    run.record("P4", us_per_lot=(many - few) * 1e6 / (_MANY - _FEW))
    _round_trips(run)


def _lot_counts(run: Run) -> tuple[int, ...]:
    time.sleep(1.5)  # sessions report what they did once a second, or when they end
    with run.place.admin(LEDGER) as link, link.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({_COUNTS}) t, ({_INDEX}) i")
        counts = tuple(cursor.fetchone())
        # Reads the table once itself; the session tells of that when it ends, so the next counts include it.
        cursor.execute("SET max_parallel_workers_per_gather = 0")
        cursor.execute(_CLOSED)
        return (*counts, cursor.fetchone()[0])


def _round_trips(run: Run) -> None:
    """The most statements that one call of points/ledger/ sends."""
    told = manage(run.place.environment(LEDGER), "shell", "--verbosity", "0", "--command", _COUNTING)
    run.record("calls", round_trips=float(told.split()[-1]))


_COUNTING = """
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID
from django.db import connection
from django.test.utils import CaptureQueriesContext
from points import ledger

at = datetime.now(tz=UTC)
member = UUID("00000000-0000-7000-8000-000000000001")
cost = Decimal("0.01")
accruals = [ledger.Accrual(member, 1, 1, 7, f"trips-{n}", at, at, None, cost, "bench") for n in range(9)]
spendings = [ledger.Spending(member, 1, 1, 7, f"trips-{n}", at) for n in range(9)]
calls = [
    lambda: ledger.accrue(accruals[0], actor="bench"),
    lambda: ledger.accrue_many(accruals, actor="bench"),
    lambda: ledger.allocate(member_id=member, program_id=1, price=7, at=at),
    lambda: ledger.redeem(spendings[0], actor="bench"),
    lambda: ledger.redeem_many(spendings, actor="bench"),
]
most = 0
for call in calls:
    with CaptureQueriesContext(connection) as queries:
        call()
    most = max(most, len(queries))
print(most)
"""
