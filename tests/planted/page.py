"""The page that lists the planted bugs, written from what a run of them found."""

from collections.abc import Sequence
from datetime import UTC, datetime

from tests.planted.hunt import Caught

_HEAD = """# Planted bugs

A test that never fails proves nothing. `make planted` plants the bugs below, one at a time: in a kernel function (its text
is read from the database, one phrase of it changed, and put back), as a constraint or trigger that is gone, or in a copy of
the Python sources. Then it runs the test that is to catch it, and that test must go red; without a bug it must be green.
The command fails if one bug is not caught, and if one can no longer be planted because the text has changed.

{count} bugs, all caught, on {day:%Y-%m-%d} in {seconds:.0f} s by `python -m tests.planted --write docs/planted-bugs.md`.

| # | the bug | planted in | caught by | s |
|--:|---|---|---|--:|
"""


def page(found: Sequence[Caught], *, seconds: float) -> str:
    """The page in Markdown."""
    rows = (
        f"| {number} | {caught.bug.says} | `{caught.bug.place}` | {_told(caught.bug.caught_by)}"
        f" | {caught.seconds:.0f} |\n"
        for number, caught in enumerate(found, 1)
    )
    return _HEAD.format(count=len(found), day=datetime.now(UTC), seconds=seconds) + "".join(rows)


def _told(node: str) -> str:
    file, _, test = node.partition("::")
    return f"`{test}` in [{file}](../tests/{file})"
