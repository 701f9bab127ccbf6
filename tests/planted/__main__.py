"""`python -m tests.planted`: plant every bug, one at a time, and see the test that is to catch it go red.

Exit 0: all caught. 1: one was not, or can no longer be planted, or its test is red without it.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

from loyalty.engines import engines
from loyalty.engines.places import local_folder
from tests.planted.bug import Bug
from tests.planted.bugs import BUGS
from tests.planted.hunt import Caught, hunt_in_database, hunt_in_source, sound_tests_fail
from tests.planted.page import page
from tests.schemas import PROJECT


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.planted", description=__doc__)
    parser.add_argument("--only", default="", help="bugs whose words or place have this in them")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once")
    parser.add_argument("--write", type=Path, help="the page to write, e.g. docs/planted-bugs.md")
    parser.add_argument("--list", action="store_true", help="name them, plant none")
    asked = parser.parse_args()
    bugs = [bug for bug in BUGS if asked.only in f"{bug.says} {bug.place} {bug.caught_by}"]
    if asked.list:
        print("\n".join(f"{bug.place}: {bug.says}" for bug in bugs))
        return 0
    started = time.monotonic()
    # What the tests are started with: our engines, and importing them, add variables not meant for them.
    given = {**os.environ, "LOYALTY_LOCAL_DIR": str(local_folder())}
    given.pop("DJANGO_SETTINGS_MODULE", None)
    in_source = [bug for bug in bugs if bug.is_in_source]
    with engines(), ThreadPoolExecutor(asked.jobs) as pool:
        red = sound_tests_fail(in_source, given, jobs=asked.jobs)
        if red:
            print(f"red without any bug:\n{red}")
            return 1
        tasks = [
            lambda part=part: hunt_in_database(part, given)
            for part in _parted([bug for bug in bugs if not bug.is_in_source], asked.jobs)
        ]
        tasks += [lambda bug=bug: [hunt_in_source(bug, given)] for bug in in_source]
        found = list(_told(pool.map(lambda task: task(), tasks)))
    missed = [caught for caught in found if not caught.is_caught]
    for caught in missed:
        print(f"NOT CAUGHT: {caught.bug.says}\n  by {caught.bug.caught_by}: {caught.words}")
    seconds = time.monotonic() - started
    print(f"{len(found) - len(missed)} of {len(found)} planted bugs caught in {seconds:.0f} s")
    if asked.write and not missed:
        asked.write.write_text(page(found, seconds=seconds), encoding="utf-8")
    return 1 if missed or not found else 0


def _parted(bugs: list[Bug], parts: int) -> list[list[Bug]]:
    """Bugs of one test stay together, so that it runs only once without any."""
    ordered = sorted(bugs, key=lambda bug: bug.caught_by)
    size = -(-len(ordered) // parts)
    return [ordered[start : start + size] for start in range(0, len(ordered), size or 1)]


def _told(parts: Iterable[list[Caught]]) -> Iterator[Caught]:
    for caught in chain.from_iterable(parts):
        mark = "caught" if caught.is_caught else "MISSED"
        print(
            f"{mark} {caught.seconds:5.1f} s  {caught.bug.place}: {caught.bug.says}: {caught.words}",
            flush=True,
        )
        yield caught


if __name__ == "__main__":
    os.chdir(PROJECT)
    sys.exit(main())
