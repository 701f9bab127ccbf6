"""P8: the same work on a small and on a large ledger; and what an audit of the large one takes."""

import json
import time

from tests.bench.crew import Crew
from tests.bench.filling import Lots, fill
from tests.bench.place import manage
from tests.bench.run import Run, per_s

# So many entries a member, each with a lot that can be spent.
LOTS = 10


def measure(run: Run) -> None:
    crews = []
    for name, entries in zip(("small", "large"), run.scale.growth, strict=True):
        members = entries // LOTS
        run.place.create(name)
        run.place.run(name, "people.sql", members=members)
        fill(run.place, name, Lots(members, LOTS))
        run.place.settle(name)
        crews += [
            run.crew(f"earn, {name}", "kernel:accrue", 8, database=name, members=members),
            run.crew(f"redemption, {name}", "kernel:redeem", 8, database=name, members=members),
            Crew(f"reads, {name}", "service:read", 4, {"members": members}, run.place.environment(name)),
        ]
    told = run.compare(crews)
    pairs = {
        "accrue_vs_small": ("earn, large", "earn, small"),
        "redeem_vs_small": ("redemption, large", "redemption, small"),
        "reads_vs_small": ("reads, large", "reads, small"),
    }
    run.ratios("P8", told, per_s, pairs)
    _audit(run)


def _audit(run: Run) -> None:
    """As the product runs it. An audit that finds something is a bug, here as anywhere."""
    began = time.perf_counter()
    report = json.loads(manage(run.place.environment("large", "loyalty.settings"), "audit_ledger", "--json"))
    seconds = time.perf_counter() - began
    assert report["clean"], report
    run.record(
        "audit",
        seconds=seconds,
        postings=report["postings"],
        s_per_million=seconds / report["postings"] * 1e6,
    )
