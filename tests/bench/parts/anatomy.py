"""What a posting is made of: a call's CPU inside one transaction, whole and without each thing that it keeps.

Many calls in one transaction cost what the rows and indexes cost; what a commit, a round trip and the parsing
of the caller's statement add is much the same for the floor. Each thing is taken away in a transaction that
is rolled back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 spells it so

from tests.bench.run import LEDGER, Run

NAME = "anatomy"
_MEMBER = "('00000000-0000-7000-8000-' || lpad(to_hex((random() * ({members} - 1))::int + 1), 12, '0'))::uuid"
_CALLS = {
    "floor": "floor_post('{tag}-' || i, (random() * ({members} - 1))::int + 1, 7)",
    "earn": f"points_accrue({_MEMBER}, 1, (random() * 99)::int + 1, 5, '{{tag}}-' || i, now(), now(),"
    " '2040-01-01', 0.01, 'bench', 'bench')",
    "redemption": f"points_redeem({_MEMBER}, 1, (random() * 99)::int + 1, 5, '{{tag}}-' || i, now(),"
    " 'bench', NULL)",
}
_INDEXES = """
DO $$ DECLARE one text; BEGIN
    FOR one IN SELECT indexname FROM pg_indexes WHERE indexname ~ '{pattern}' LOOP
        EXECUTE format('DROP INDEX %I', one);
    END LOOP;
END $$
"""
# What is taken away, and how.
WITHOUT = {
    "the CHECKs of two columns": "ALTER TABLE points_lot DROP CONSTRAINT lot_amounts_fit;"
    " ALTER TABLE points_wallet DROP CONSTRAINT wallet_is_short_only_by_its_debt",
    "the statement's index": "DROP INDEX posting_statement",
    "the indexes of reversals and of points received": "DROP INDEX posting_reversals;"
    " DROP INDEX posting_received",
    "the index of a wallet's entries": _INDEXES.format(pattern="^points_entry_wallet"),
    "the index of a posting's lots": _INDEXES.format(pattern="^points_lot_posting"),
    "the indexes of draws": _INDEXES.format(pattern="^points_draw_(lot|posting)"),
}


def measure(run: Run) -> None:
    """Record the least CPU µs a call of some rounds: the least is the one that was disturbed least."""
    run.place.create(NAME, template=LEDGER)
    with run.place.admin(NAME) as link:
        schedule = Path(f"/proc/{link.get_backend_pid()}/schedstat")
        if not schedule.exists():
            run.skipped.append("anatomy: this system keeps no /proc/PID/schedstat")
            return
        told = {f"{call}_us": _least(run, link, schedule, call) for call in _CALLS}
        link.autocommit = False
        for thing, sql in WITHOUT.items():
            with _rolled_back(link):
                link.cursor().execute(sql)
                for call in ("earn", "redemption"):
                    told[f"{call}_us without {thing}"] = _least(run, link, schedule, call)
        link.autocommit = True
    run.record("anatomy", **told)


@contextmanager
def _rolled_back(link: Connection) -> Iterator[None]:
    try:
        yield
    finally:
        link.rollback()


def _least(run: Run, link: Connection, schedule: Path, call: str) -> float:
    """The least of some rounds of many calls, each round undone."""
    calls = max(20, run.scale.members // 100)
    rounds = 1 if run.scale.name == "smoke" else 7
    least = float("inf")
    with link.cursor() as cursor:
        for _number in range(rounds):
            cursor.execute("BEGIN; SAVEPOINT round" if link.autocommit else "SAVEPOINT round")
            asked = _CALLS[call].format(members=run.scale.members, tag=f"anatomy-{call}")
            before = _cpu_us(schedule)
            cursor.execute(f"SELECT count({asked}) FROM generate_series(1, {calls}) i")
            least = min(least, (_cpu_us(schedule) - before) / calls)
            cursor.execute("ROLLBACK" if link.autocommit else "ROLLBACK TO SAVEPOINT round")
    return least


def _cpu_us(schedule: Path) -> float:
    """CPU µs that the backend has used: the first of the three numbers, in nanoseconds."""
    return int(schedule.read_text().split()[0]) / 1_000
