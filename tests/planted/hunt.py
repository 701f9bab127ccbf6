"""Runs the tests that are to catch the bugs, with each bug and without."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.planted.bug import Bug, NoLongerApplies, sources_with
from tests.planted.bugs import BUGS
from tests.schemas import PROJECT

_PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
_SECONDS_MAX = 300
_FAILED = 1
# A planting that only makes the program stumble proves nothing about the tests.
_STUMBLES = (
    "UndefinedColumn", "UndefinedFunction", "UndefinedTable", "SyntaxError", "AmbiguousColumn", "DatatypeMismatch",
    "NameError", "ImportError", "IndentationError",
)  # fmt: skip
_SUMMARY = re.compile(r"^(?:FAILED|ERROR) (\S+::.+?)(?: - (.*))?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Caught:
    """How a hunt ended: `words` are the failing test's, or why there is none."""

    bug: Bug
    is_caught: bool
    words: str
    seconds: float


def hunt_in_database(bugs: Sequence[Bug], given: Mapping[str, str]) -> list[Caught]:
    """Plant each bug in the database of one session of tests, and see its test with it and without.

    The session is started in the environment `given`.
    """
    if not bugs:
        return []
    nodes = sorted({f"tests/{bug.caught_by}" for bug in bugs})
    with TemporaryDirectory(prefix="planted-") as folder:
        seen = Path(folder) / "seen.jsonl"
        seen.touch()
        told = {
            "LOYALTY_PLANTED_BUGS": json.dumps([BUGS.index(bug) for bug in bugs]), "LOYALTY_PLANTED_SEEN": str(seen)
        }  # fmt: skip
        done = subprocess.run(
            [*_PYTEST, "-p", "tests.planted.plugin", *nodes],
            cwd=PROJECT, env={**given, **told}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        found: dict[int, Caught] = {}
        for line in seen.read_text(encoding="utf-8").splitlines():
            number, is_caught, words, seconds = json.loads(line)
            found[number] = _judged(BUGS[number], is_caught=is_caught, words=words, seconds=seconds)
    silent = f"its test did not run: {(done.stdout + done.stderr)[-500:]}"
    return [found.get(BUGS.index(bug), Caught(bug, False, silent, 0)) for bug in bugs]


def hunt_in_source(bug: Bug, given: Mapping[str, str]) -> Caught:
    """Plant `bug` in a copy of the sources and run its test there."""
    started = time.monotonic()
    try:
        with sources_with(bug) as folder:
            is_caught, words = _seen(bug, given, folder)
    except NoLongerApplies as gone:
        is_caught, words = False, f"no longer applies: {gone}"
    return _judged(bug, is_caught=is_caught, words=words, seconds=time.monotonic() - started)


def sound_tests_fail(bugs: Sequence[Bug], given: Mapping[str, str], *, jobs: int) -> str:
    """What fails of the bugs' tests when nothing is planted; empty: nothing does, as it must be."""
    nodes = sorted({f"tests/{bug.caught_by}" for bug in bugs})
    if not nodes:
        return ""
    spread = ["-n", str(jobs), "--dist", "worksteal"] if jobs > 1 and len(nodes) > jobs else []
    done = subprocess.run(
        [*_PYTEST, *spread, *nodes], cwd=PROJECT, env=dict(given), capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout[-4000:] + done.stderr[-2000:]


def _seen(bug: Bug, given: Mapping[str, str], folder: Path) -> tuple[bool, str]:
    try:
        done = subprocess.run(
            [*_PYTEST, "-x", f"tests/{bug.caught_by}"],
            cwd=folder, env=dict(given), capture_output=True, text=True, check=False, timeout=_SECONDS_MAX,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return False, f"no answer in {_SECONDS_MAX} s"
    told = _SUMMARY.search(done.stdout)
    words = (told.group(2) or told.group(1)) if told else (done.stdout + done.stderr).strip()[-300:]
    if done.returncode != _FAILED or told is None:
        return False, f"exit {done.returncode}: {words}"
    return True, words


def _judged(bug: Bug, *, is_caught: bool, words: str, seconds: float) -> Caught:
    if is_caught and (stumbled := next((name for name in _STUMBLES if name in words), None)):
        return Caught(bug, False, f"the planting only stumbles ({stumbled}): {words}", seconds)
    return Caught(bug, is_caught, " ".join(words.split())[:160], seconds)
