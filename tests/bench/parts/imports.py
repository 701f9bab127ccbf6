"""P11: a file of activities from end to end: read, matched, rules evaluated, posted."""

import csv
import json
import tempfile
import time
from pathlib import Path

from tests.bench.place import manage
from tests.bench.run import LEDGER, Run

COLUMNS = (
    *("source_ref", "kind", "member_ref", "outlet", "occurred_at", "amount", "currency"),
    *("category", "quantity", "paid_with_points", "refund_of"),
)


def measure(run: Run) -> None:
    """Start-up of the command is not counted: the seconds of a file with one row are taken off."""
    rows, environment = run.scale.rows, run.place.environment(LEDGER, "loyalty.settings")
    with tempfile.TemporaryDirectory(prefix="loyalty-bench-import-") as folder:
        seconds = {}
        for count in (1, rows):
            file = Path(folder) / f"activities-{count}.csv"
            _write(file, count, members=run.scale.members)
            began = time.perf_counter()
            answer = manage(environment, "import_activities", str(file), "--unit", "BENCH1", "--json")
            seconds[count] = time.perf_counter() - began
    with run.place.admin(LEDGER) as link, link.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM points_posting WHERE source_ref LIKE %s", [f"%import-{rows}-%"])
        (posted,) = cursor.fetchone()
    assert posted == rows, f"{posted} of {rows} rows earned"
    stages = json.loads(answer.splitlines()[-1])["stages"]
    run.record(
        "P11",
        import_per_s=rows / (seconds[rows] - seconds[1]),
        import_s=seconds[rows],
        **{f"{stage}_us_a_row": spent / rows * 1e6 for stage, spent in stages.items()},
    )


def _write(file: Path, rows: int, *, members: int) -> None:
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        for n in range(rows):
            card = f"C{n * 7919 % members + 1:012d}"
            occurred = f"2026-0{n % 6 + 1}-1{n % 10}T{n % 24:02d}:{n % 60:02d}:00+08:00"
            writer.writerow(
                [
                    f"import-{rows}-{n}",
                    "purchase",
                    card,
                    "",
                    occurred,
                    f"{n % 900 + 10}.50",
                    "CNY",
                    "food",
                    "1",
                    "",
                    "",
                ]
            )
