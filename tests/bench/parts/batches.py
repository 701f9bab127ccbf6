"""P5: batches in one call, and a staged batch beside a bare COPY of the rows it wrote."""

import io
import statistics
import time
from collections.abc import Iterator

from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 spells it so

from loyalty.engines.postgres import SUPERUSER
from tests.bench.ops.kernel import member_id
from tests.bench.run import LEDGER, Run, per_s
from tests.databases import signed_in

TABLES = ("points_posting", "points_lot", "points_entry")
STAGE = "CREATE TEMPORARY TABLE staged (member uuid, unit integer, points bigint, source_ref text)"
CALL = """
    SELECT count(*) FILTER (WHERE outcome = 'posted') FROM (
        SELECT (points_accrue_many(
            array_agg(member ORDER BY source_ref), array_agg(1 ORDER BY source_ref),
            array_agg(unit ORDER BY source_ref), array_agg(points ORDER BY source_ref),
            array_agg(source_ref ORDER BY source_ref), array_agg(now() ORDER BY source_ref),
            array_agg(now() ORDER BY source_ref), array_agg('2040-01-01'::timestamptz ORDER BY source_ref),
            array_agg(0.01 ORDER BY source_ref), 'bench', array_agg('bench'::text ORDER BY source_ref))).*
        FROM staged) x
"""


def measure(run: Run) -> None:
    members = {"members": run.scale.members}
    told = run.compare(
        [
            run.crew("single earns", "kernel:accrue", 8, **members),
            run.crew("earns in batches of 100", "kernel:accrue_many", 8, batch=100, **members),
        ]
    )
    run.ratios("P5", told, per_s, {"batch_100_vs_single": ("earns in batches of 100", "single earns")})
    pairs = list(_staged_and_copied(run))
    run.record(
        "P5",
        staged_vs_copy=statistics.median(copied / staged for staged, copied in pairs),
        staged_per_s=run.scale.staged / statistics.median(staged for staged, _copied in pairs),
    )


def _staged_and_copied(run: Run) -> Iterator[tuple[float, float]]:
    """Seconds of a staged batch, and of copying the very rows it wrote; three times."""
    count = run.scale.staged
    with signed_in(run.place.url(LEDGER)) as app, signed_in(run.place.url(LEDGER, SUPERUSER)) as admin:
        with admin.cursor() as cursor:
            cursor.execute("CREATE SCHEMA copied")
            for table in TABLES:
                cursor.execute(f"CREATE TABLE copied.{table} (LIKE {table} INCLUDING ALL)")
        for number in range(3):
            run.place.checkpoint()
            began = time.perf_counter()
            _stage(app, prefix=f"staged-{number}", count=count, members=run.scale.members)
            staged = time.perf_counter() - began
            rows = {table: _rows_of(admin, table, f"staged-{number}-%") for table in TABLES}
            run.place.checkpoint()
            began = time.perf_counter()
            with admin.cursor() as cursor:
                for table, content in rows.items():
                    cursor.copy_expert(f"COPY copied.{table} FROM STDIN (FORMAT binary)", content)
            yield staged, time.perf_counter() - began
        with admin.cursor() as cursor:
            cursor.execute("DROP SCHEMA copied CASCADE")


def _stage(app: Connection, *, prefix: str, count: int, members: int) -> None:
    lines = "".join(
        f"{member_id(n * 7919 % members + 1)}\t{n % 100 + 1}\t100\t{prefix}-{n:07d}\n" for n in range(count)
    )
    with app.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS staged")
        cursor.execute(STAGE)
        cursor.copy_expert("COPY staged FROM STDIN", io.StringIO(lines))
        cursor.execute(CALL)
        (posted,) = cursor.fetchone()
    assert posted == count, f"{posted} of {count} were posted"


def _rows_of(admin: Connection, table: str, references: str) -> io.BytesIO:
    content = io.BytesIO()
    chosen = f"SELECT id FROM points_posting WHERE source_ref LIKE '{references}'"
    key = "id" if table == "points_posting" else "posting_id"
    with admin.cursor() as cursor:
        cursor.copy_expert(
            f"COPY (SELECT * FROM {table} WHERE {key} IN ({chosen})) TO STDOUT (FORMAT binary)", content
        )
    content.seek(0)
    return content
