"""P8: the same work on a small and on a large ledger; how large they are, and what an audit of each takes."""

import json
import time

from tests.bench.crew import Crew
from tests.bench.filling import POSTINGS_A_MEMBER, History, fill_history
from tests.bench.place import Place, manage
from tests.bench.run import Run, median_of, per_s, server_us

# What is told of a size, beside its goal: part `growth_<entries>` of build/bench.json.
PART = "growth_"


def sizes(small: int, large: int) -> list[int]:
    """Entries of the ledgers that are compared: from `small` in steps of ten to `large`."""
    between = [small]
    while between[-1] * 10 < large:
        between.append(between[-1] * 10)
    return [*between, large]


def measure(run: Run) -> None:
    """Every size in one interleaved group, so that each ratio is of neighbours in time."""
    entries = sizes(*run.scale.growth)
    crews = []
    for size in entries:
        name, members = f"growth{size}", size // POSTINGS_A_MEMBER
        _fill(run, name, size)
        crews += [
            run.crew(f"earn, {size:,} entries", "kernel:accrue", 8, database=name, members=members),
            run.crew(f"redemption, {size:,} entries", "kernel:redeem", 8, database=name, members=members),
            Crew(
                f"reads, {size:,} entries",
                "service:read",
                4,
                {"members": members},
                run.place.environment(name),
            ),
        ]
    told = run.compare(crews)
    small, large = (f"{size:,} entries" for size in (entries[0], entries[-1]))
    pairs = {
        "accrue_vs_small": (f"earn, {large}", f"earn, {small}"),
        "redeem_vs_small": (f"redemption, {large}", f"redemption, {small}"),
        "reads_vs_small": (f"reads, {large}", f"reads, {small}"),
    }
    run.ratios("P8", told, per_s, pairs)
    for size in entries:
        for name, crew in (("earn", "earn"), ("redeem", "redemption"), ("read", "reads")):
            rounds = told[f"{crew}, {size:,} entries"]
            run.record(
                f"{PART}{size}",
                **{
                    f"{name}_per_s": median_of(rounds, per_s),
                    f"{name}_server_us": median_of(rounds, server_us),
                },
            )
        _audit(run, size, is_largest=size == entries[-1])


def _fill(run: Run, database: str, size: int) -> None:
    place, members = run.place, size // POSTINGS_A_MEMBER
    began = time.perf_counter()
    place.create(database)
    place.run(database, "people.sql", members=members)
    fill_history(place, database, History(members))
    place.settle(database)
    rows, indexes = _megabytes(place, database)
    run.record(
        f"{PART}{size}",
        entries=size,
        fill_s=time.perf_counter() - began,
        rows_mb=rows,
        indexes_mb=indexes,
    )


def _megabytes(place: Place, database: str) -> tuple[float, float]:
    """What the journal's tables take, and their indexes."""
    with place.admin(database) as link, link.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_table_size(oid)) / 1e6, sum(pg_indexes_size(oid)) / 1e6 FROM pg_class WHERE oid IN"
            " ('points_posting'::regclass, 'points_entry'::regclass, 'points_draw'::regclass,"
            " 'points_lot'::regclass, 'points_wallet'::regclass)"
        )
        row = cursor.fetchone()
    assert row is not None
    return float(row[0]), float(row[1])


def _audit(run: Run, size: int, *, is_largest: bool) -> None:
    """As the product runs it. An audit that finds something is a bug, here as anywhere."""
    began = time.perf_counter()
    environment = run.place.environment(f"growth{size}", "loyalty.settings")
    report = json.loads(manage(environment, "audit_ledger", "--json"))
    seconds = time.perf_counter() - began
    assert report["clean"], report
    run.record(f"{PART}{size}", audit_s=seconds)
    if is_largest:
        run.record(
            "audit",
            seconds=seconds,
            postings=report["postings"],
            s_per_million=seconds / report["postings"] * 1e6,
        )
