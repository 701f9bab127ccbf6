"""What a check is: a sentence that must hold, and how the rows that break it are found."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.backends.utils import CursorWrapper

ROWS_NAMED = 100
_NARROWED = re.compile(r":(posted|lot|wallet|hold)\(([\w.]+)\)")


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A row that breaks an invariant: which check, which table, which row, what is wrong."""

    check: str
    table: str
    row: str
    detail: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Which postings are looked at, by id: all of them, or those of `[since, before)` and all they touched.

    Ids grow with time, so that the primary key and the indexes on `posting_id` find what is new.
    """

    since: UUID | None = None
    before: UUID | None = None

    @property
    def is_whole(self) -> bool:
        """Every row is looked at."""
        return self.since is None and self.before is None

    def narrowed(self, sql: str) -> str:
        """`sql` with its `:posted(id)`, `:lot(id)`, `:wallet(id)` and `:hold(id)` made conditions of this scope.

        `:posted` is true of the scope's postings, the others of what these drew on, made or moved. A hold
        counts as touched while it is open, and when it was made in the scope.
        """
        return _NARROWED.sub(self._condition, sql)

    def _condition(self, found: re.Match[str]) -> str:
        kind, column = found.groups()
        if self.is_whole:
            return "true"
        if kind == "posted":
            return self._span(column)
        if kind == "hold":
            return (
                f"{column} IN (SELECT id FROM points_hold WHERE {self._span('id')}"  # noqa: S608 -- ids only
                " UNION SELECT id FROM points_hold WHERE status = 'open')"
            )
        lots = (
            f"SELECT lot_id FROM points_draw WHERE {self._span('posting_id')}"  # noqa: S608 -- ids only
            f" UNION SELECT id FROM points_lot WHERE {self._span('posting_id')}"
            f" UNION SELECT lot_id FROM points_holdlot WHERE {self._span('hold_id')}"
        )
        if kind == "lot":
            return f"{column} IN ({lots})"
        return (
            f"{column} IN (SELECT wallet_id FROM points_entry WHERE {self._span('posting_id')}"  # noqa: S608 -- ids
            f" UNION SELECT wallet_id FROM points_lot WHERE id IN ({lots}))"
        )

    def _span(self, column: str) -> str:
        bounds = [(">=", self.since), ("<", self.before)]
        return " AND ".join(f"{column} {sign} '{bound}'" for sign, bound in bounds if bound is not None)


@dataclass(frozen=True, slots=True)
class Check:
    """`sql` returns (table, row, detail) of what breaks the sentence that `says` what must hold.

    `sql_since` asks the same of what is new, where another way of asking is quicker for little.
    """

    name: str
    says: str
    sql: str
    sql_since: str = ""

    def found(self, cursor: CursorWrapper, scope: Scope) -> tuple[list[Disagreement], int]:
        """The first rows that break it, and how many there are: after a TRUNCATE there may be millions."""
        sql = scope.narrowed(self.sql if scope.is_whole or not self.sql_since else self.sql_since)
        cursor.execute(
            f"SELECT found.*, count(*) OVER () FROM ({sql}) AS found LIMIT {ROWS_NAMED}"  # noqa: S608 -- our own text
        )
        rows = cursor.fetchall()
        return [Disagreement(self.name, *row[:3]) for row in rows], rows[0][3] if rows else 0


def named(check: str, rows: Sequence[tuple[str, str, str]]) -> tuple[list[Disagreement], int]:
    """What a check that is not one statement found, cut and counted as the others are."""
    return [Disagreement(check, *row) for row in rows[:ROWS_NAMED]], len(rows)
