"""How every call of the kernel goes out and comes back: one statement, one answer by name."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self, cast
from uuid import UUID

from django.db import connection
from psycopg2.extras import CompositeCaster, Json

from common.sql import retrying
from points.refusals import BY_OUTCOME
from points.rules.bounds import refuse_odd_points
from points.rules.shares import Share

RESULTS = {"posted", "replayed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the kernel says it did. `posting_id` is the new posting, or the first one where it is a replay."""

    name: str
    posting_id: UUID | None

    @property
    def is_replay(self) -> bool:
        """The same reference with the same content was posted before."""
        return self.name == "replayed"

    @property
    def posted_id(self) -> UUID:
        """The posting of a result (after `or_refuse`)."""
        assert self.posting_id is not None, f"{self.name} posted nothing"
        return self.posting_id

    def or_refuse(self, **facts: Any) -> Self:
        """The answer itself, if it is a result.

        :raises DomainError: the refusal that it names, with `facts`
        """
        if self.name in RESULTS:
            return self
        raise BY_OUTCOME[self.name](**facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Answer):
    """The answer to an accrual or a redemption; `short` is what no wallet covers, in the price's program."""

    shares: tuple[Share, ...] = ()
    short: int = 0


def bigint(points: int) -> int:
    """`points`, or one as absurd that PostgreSQL can read and add to: the kernel refuses both by name.

    :raises PointsOutOfRange: no whole number at all
    """
    refuse_odd_points(points)
    return max(-(2**62), min(points, 2**62))


def redeemed(row: tuple[Any, ...]) -> Outcome:
    """The outcome in a row of (outcome, posting, shares, short)."""
    name, posting_id, shares, short = row
    return Outcome(name=name, posting_id=posting_id, shares=shares_of(shares), short=short or 0)


def shares_of(text: str | None) -> tuple[Share, ...]:
    """The shares in the kernel's JSON."""
    # Django leaves jsonb to its own fields, so a raw cursor sees its text.
    return tuple(Share(s["program"], s["spent"], s["covered"]) for s in json.loads(text or "[]"))


def as_quoted(quoted: Sequence[Share] | None) -> Json | None:
    """Shares as the kernel compares them with its own allocation; None: no quote to keep."""
    if quoted is None:
        return None
    return Json([{"program": s.program_id, "spent": s.spent, "covered": s.covered} for s in quoted])


def told(sql: str, parameters: list[Any]) -> list[str | None]:
    """The fields, as text, of the one composite that `SELECT function(…)` answers.

    A function in FROM is planned and scanned as a table, which is a tenth of a posting's cost.
    """
    (answer,) = one(sql, parameters)
    fields: list[str | None] = CompositeCaster.tokenize(answer)  # type: ignore[no-untyped-call]
    return fields


def as_uuid(text: str | None) -> UUID | None:
    """The id in a field of `told`."""
    return UUID(text) if text else None


def one(sql: str, parameters: list[Any]) -> tuple[Any, ...]:
    """The one row that a call answers."""
    return every(sql, parameters)[0]


def every(sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    """All rows that a call answers. A call that lost a race is made again."""

    def call() -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cast("list[tuple[Any, ...]]", cursor.fetchall())

    return retrying(call)
