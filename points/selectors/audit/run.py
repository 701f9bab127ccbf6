"""Runs the checks in one snapshot, over everything or over what is new since the last seal."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Protocol

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

from points.selectors.audit.checks import Disagreement, Scope
from points.selectors.audit.guards import GUARD_CHECKS
from points.selectors.audit.holds import HOLD_CHECKS
from points.selectors.audit.lots import LOT_CHECKS, WALLET_CHECKS
from points.selectors.audit.postings import POSTING_CHECKS
from points.selectors.audit.seals import SEAL_CHECKS
from points.selectors.seals import last_seal, lowest_id


class AnyCheck(Protocol):
    """One statement, or a few steps: it has a name, says what must hold, and finds what breaks it."""

    @property
    def name(self) -> str:
        """As programs call it."""

    @property
    def says(self) -> str:
        """What must hold, as a sentence."""

    def found(self, cursor: CursorWrapper, scope: Scope) -> tuple[list[Disagreement], int]:
        """The first rows that break it, and how many there are."""


# Above so many postings two connections share the checks: a core each, and one snapshot.
ALONE_MAX = 100_000
CONNECTIONS = 2

Results = dict[str, tuple[list[Disagreement], int]]

# The long ones come first, so that two connections end at about the same time.
CHECKS: tuple[AnyCheck, ...] = (
    POSTING_CHECKS[0],
    *SEAL_CHECKS,
    *POSTING_CHECKS[1:],
    *WALLET_CHECKS,
    *LOT_CHECKS,
    *HOLD_CHECKS,
    *GUARD_CHECKS,
)


_of_floors_above: dict[str, AnyCheck] = {}


def add_checks(checks: Iterable[AnyCheck]) -> None:
    """Let the audit prove these, too. The floors above know the ledger, not the other way round."""
    _of_floors_above.update((check.name, check) for check in checks)


def all_checks() -> tuple[AnyCheck, ...]:
    """The ledger's own, then those of the floors above."""
    return (*CHECKS, *_of_floors_above.values())


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What was looked at and what disagrees (at most 100 rows a check are named, all are counted).

    `postings` are those looked at; `since_seal` is the seal from which on, None: all.
    """

    postings: int
    disagreements: tuple[Disagreement, ...]
    counts: dict[str, int]
    since_seal: int | None = None

    @property
    def is_clean(self) -> bool:
        """Everything agrees."""
        return not self.disagreements


def audit(*, since_last_seal: bool = False, using: str = "default") -> AuditReport:
    """Re-prove the ledger in one snapshot. Reads only; any login that may SELECT will do.

    `since_last_seal` looks at the postings after the last seal, all they touched, the seals themselves and the
    guards: it costs what is new. Without a seal, everything is new.
    """
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        is_outermost = not connections[using].savepoint_ids
        if is_outermost:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        seal = last_seal(using=using) if since_last_seal else None
        scope = Scope(since=lowest_id(seal.ends_at)) if seal else Scope()
        _settle_in(cursor, scope)
        cursor.execute(scope.narrowed("SELECT count(*) FROM points_posting p WHERE :posted(p.id)"))
        (postings,) = cursor.fetchone()
        if is_outermost and postings > ALONE_MAX:
            cursor.execute("SELECT pg_export_snapshot()")
            results = _shared_out(cursor.fetchone()[0], scope, using)
        else:
            results = _worked_off(cursor, scope, _queue_of(all_checks()))
        # Inside somebody's transaction (a test, a story) the planner gets its freedom back.
        if scope.is_whole and not is_outermost:
            cursor.execute(_FREE)
    found = [row for check in all_checks() for row in results[check.name][0]]
    counts = {check.name: results[check.name][1] for check in all_checks()}
    return AuditReport(postings, tuple(found), counts, seal.number if seal else None)


# Every check reads whole tables. Where statistics lag behind a bulk load, the planner would take them for small and
# loop over one for each row of another: hours instead of seconds. Hashes of a million rows want memory, once a night;
# parallel workers were measured to cost more here than they win, where two connections share the checks.
_FOR_WHOLE_TABLES = """
    SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '128MB'; SET LOCAL max_parallel_workers_per_gather = 0
"""
_FREE = """
    SET LOCAL enable_nestloop = on; SET LOCAL work_mem TO DEFAULT;
    SET LOCAL max_parallel_workers_per_gather TO DEFAULT
"""


def _settle_in(cursor: CursorWrapper, scope: Scope) -> None:
    cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
    if scope.is_whole:
        cursor.execute(_FOR_WHOLE_TABLES)


def _shared_out(snapshot: str, scope: Scope, using: str) -> Results:
    """The results of all checks, worked off by a few connections that see what the exporting one sees."""
    waiting = _queue_of(all_checks())

    def work() -> Results:
        try:
            with transaction.atomic(using=using), connections[using].cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                cursor.execute("SET TRANSACTION SNAPSHOT %s", [snapshot])
                _settle_in(cursor, scope)
                return _worked_off(cursor, scope, waiting)
        finally:
            # This thread's own, which nobody else would close.
            connections[using].close()

    results: Results = {}
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for part in [pool.submit(work) for _ in range(CONNECTIONS)]:
            results |= part.result()
    return results


def _queue_of(checks: Sequence[AnyCheck]) -> Callable[[], AnyCheck | None]:
    """Hands out one check after another to whoever asks next; then None."""
    waiting: SimpleQueue[AnyCheck] = SimpleQueue()
    for check in checks:
        waiting.put(check)

    def take() -> AnyCheck | None:
        try:
            return waiting.get_nowait()
        except Empty:
            return None

    return take


def _worked_off(cursor: CursorWrapper, scope: Scope, take: Callable[[], AnyCheck | None]) -> Results:
    results: Results = {}
    while (check := take()) is not None:
        results[check.name] = check.found(cursor, scope)
    return results
