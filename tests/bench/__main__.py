"""`python -m tests.bench [--smoke] [--only PART …]`: measure, show the table, write build/bench.json."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from tests.bench.filling import make_ledger
from tests.bench.goals import GOALS, STRUCTURE
from tests.bench.parts import (
    anatomy,
    batches,
    doors,
    earning,
    expiry,
    growth,
    imports,
    matching,
    parking,
    postings,
    redemption,
    tiers,
)
from tests.bench.place import a_place
from tests.bench.report import JSON, show, write
from tests.bench.run import Run
from tests.bench.scale import SCALES

PARTS: dict[str, Callable[[Run], None]] = {
    "postings": postings.measure,
    "anatomy": anatomy.measure,
    "redemption": redemption.measure,
    "batches": batches.measure,
    "doors": doors.measure,
    "parking": parking.measure,
    "imports": imports.measure,
    "earning": earning.measure,
    "matching": matching.measure,
    "expiry": expiry.measure,
    "growth": growth.measure,
    "tiers": tiers.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--smoke", action="store_true", help="everything tiny; insists on structure, not on speed"
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, help="only these parts")
    parser.add_argument("--json", type=Path, default=JSON, help="where the figures go (build/bench.json)")
    asked = parser.parse_args()
    scale = SCALES["smoke" if asked.smoke else os.environ.get("BENCH_SCALE") or "default"]
    console = Console(stderr=True)
    began = time.monotonic()
    with a_place() as place:
        run = Run(place, scale)
        make_ledger(run)
        for name in asked.only or PARTS:
            console.print(f"[dim]{time.monotonic() - began:4.0f} s[/]  {name}")
            PARTS[name](run)
            run.record("run", seconds=time.monotonic() - began)
            write(run, asked.json)  # what is measured is kept, also if a later part fails
    show(run)
    return 1 if asked.smoke and not _structure_holds(run) else 0


def _structure_holds(run: Run) -> bool:
    broken = [f"{part} {figure}" for part, figure in STRUCTURE if not _holds(run, part, figure)]
    if broken:
        sys.stderr.write(f"structure broken: {', '.join(broken)}\n")
    return not broken


def _holds(run: Run, part: str, figure: str) -> bool:
    (goal,) = (goal for goal in GOALS if (goal.part, goal.figure) == (part, figure))
    value = run.figures.get(part, {}).get(figure)
    return value is not None and goal.is_met(value)


if __name__ == "__main__":
    sys.exit(main())
