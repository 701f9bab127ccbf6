"""pgledger, where its SQL is at hand: `PGLEDGER_SQL` names the files to run, in order, parted by colons."""

import os
from pathlib import Path

from tests.bench.run import Run
from tests.databases import signed_in

ACCOUNTS_MAX = 100_000


def make_pgledger(run: Run) -> bool:
    """A database with pgledger and an account a member; False where there is none."""
    files = [Path(name) for name in os.environ.get("PGLEDGER_SQL", "").split(os.pathsep) if name]
    absent = [str(file) for file in files if not file.is_file()]
    if absent or not files:
        run.skipped.append(f"pgledger: PGLEDGER_SQL names {', '.join(absent) or 'no file'}")
        return False
    run.place.create_empty("pgledger")
    with signed_in(run.place.url("pgledger")) as link, link.cursor() as cursor:
        for file in files:
            cursor.execute(file.read_text(encoding="utf-8"))
        cursor.execute(
            "SELECT count(*) FROM generate_series(0, %s) n,"
            " LATERAL pgledger_create_account('account.' || lpad(n::text, 7, '0'), 'CNY')",
            [min(run.scale.members, ACCOUNTS_MAX)],
        )
    run.place.settle("pgledger")
    return True
