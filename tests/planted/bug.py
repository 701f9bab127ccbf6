"""What a planted bug is, and how it gets into a database or into a copy of the sources."""

import ast
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 spells it so

from tests.schemas import PROJECT

_NOT_COPIED = shutil.ignore_patterns(".git", ".venv", ".local", "build", "__pycache__", ".*_cache", "docs")


class NoLongerApplies(Exception):
    """The kernel or the source no longer says what the bug would change: plant it anew, or strike it out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """One slip, as somebody could make it.

    `place` is a kernel function, a source file (it has a slash), `constraint NAME` (of a table or domain), `trigger NAME` or
    `statement`. Of a function or file, `good` (which stands there `times` times) becomes `bad`. A constraint
    or trigger is dropped. A statement runs `bad`, if the question `good` is answered with true, and then `mend`.
    `caught_by` is the test that must fail, under `tests/`; a race may need a few `tries`.
    """

    says: str
    place: str
    caught_by: str
    good: str = ""
    bad: str = ""
    mend: str = ""
    times: int = 1
    tries: int = 1

    @property
    def is_in_source(self) -> bool:
        """It is planted in a file, not in the database."""
        return "/" in self.place

    def is_tested_by(self, node: str) -> bool:
        """The test `node` (pytest's id) is to catch it; without a case in brackets, every case is."""
        return node.removeprefix("tests/") == self.caught_by or node.startswith(f"tests/{self.caught_by}[")


@contextmanager
def planted(link: Connection, bug: Bug) -> Iterator[None]:
    """The bug in the database of `link`, the owner's, for the length of the block.

    :raises NoLongerApplies: there is nothing to spoil
    """
    spoil, mend = _statements(link, bug)
    with link.cursor() as cursor:
        cursor.execute(spoil)
        try:
            yield
        finally:
            cursor.execute(mend)


def spoilt(text: str, bug: Bug) -> str:
    """`text` with the bug in it.

    :raises NoLongerApplies: it does not say `good` exactly as often as the bug expects
    """
    found = text.count(bug.good)
    if found != bug.times or bug.good == bug.bad:
        raise NoLongerApplies(f"{bug.place} says {found} times, not {bug.times}: {bug.good!r}")
    return text.replace(bug.good, bug.bad)


def spoil_source(folder: Path, bug: Bug) -> None:
    """Put a bug into a copy of the sources.

    :raises NoLongerApplies: there is nothing to spoil, or what comes of it is no Python
    """
    path = folder / bug.place
    if not path.exists():
        raise NoLongerApplies(f"there is no {bug.place}")
    text = spoilt(path.read_text(encoding="utf-8"), bug)
    try:
        ast.parse(text)
    except SyntaxError as wrong:
        raise NoLongerApplies(f"{bug.place} would be no Python: {wrong}") from wrong
    path.write_text(text, encoding="utf-8")


@contextmanager
def sources_with(bug: Bug) -> Iterator[Path]:
    """A copy of the project with the bug in its source."""
    with TemporaryDirectory(prefix="planted-") as made:
        folder = Path(made) / "project"
        shutil.copytree(PROJECT, folder, ignore=_NOT_COPIED)
        spoil_source(folder, bug)
        yield folder


def _statements(link: Connection, bug: Bug) -> tuple[str, str]:
    """What plants the bug, and what takes it out again."""
    kind, _, name = bug.place.partition(" ")
    with link.cursor() as cursor:
        if kind == "statement":
            cursor.execute(bug.good)
            if cursor.fetchone() != (True,):
                raise NoLongerApplies(f"no longer true: {bug.good}")
            return bug.bad, bug.mend
        cursor.execute(_FOUND.get(kind, _FOUND["function"]), [name or kind])
        found = cursor.fetchall()
    if len(found) != 1:
        raise NoLongerApplies(f"there are {len(found)} of {bug.place}")
    ((table, definition),) = found
    if kind == "constraint":
        return (
            f"ALTER {table} DROP CONSTRAINT {name}",
            f"ALTER {table} ADD CONSTRAINT {name} {definition}",
        )
    return (f"DROP TRIGGER {name} ON {table}" if kind == "trigger" else spoilt(definition, bug)), definition


# Partitions inherit theirs from the parent table, where they are dropped.
_FOUND = {
    "constraint": "SELECT CASE contypid WHEN 0 THEN 'TABLE ' || conrelid::regclass"
    " ELSE 'DOMAIN ' || contypid::regtype END, pg_get_constraintdef(oid)"
    " FROM pg_constraint WHERE conname = %s AND conparentid = 0",
    "trigger": "SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger"
    " WHERE tgname = %s AND tgparentid = 0",
    "function": "SELECT '', pg_get_functiondef(oid) FROM pg_proc"
    " WHERE proname = %s AND pronamespace = 'public'::regnamespace",
}
